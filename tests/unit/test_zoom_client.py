"""The request to Zoom by the collector and the commands: which environment settings apply."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter
from zoom_operationlogs.clients import zoom_session
from zoom_operationlogs.settings import Credentials, Settings
from zoom_operationlogs.zoom_http import exchange
from zoomlogs.zoom import client, ends_in

SETTINGS = Settings.from_environ({"S3_BUCKET": "your-bucket", "ZOOM_SECRET_ID": "s"})
URL = "https://api.zoom.us/v2/report/operationlogs"


class Recorder(BaseAdapter):
    """Answers every request, and records the last one with its settings."""

    def send(self, request: requests.PreparedRequest, **settings: Any) -> requests.Response:  # type: ignore[override]
        self.request, self.settings = request, settings
        response = requests.Response()
        response.status_code, response.raw = 200, io.BytesIO()
        response.raw.read = lambda *_, **__: b""
        return response

    def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("whose", ["collector", "commands"])
def test_netrc_changes_nothing_while_proxies_and_certificates_count(
    whose: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In requests, a default entry applies to every host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password theirs\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert requests.utils.get_netrc_auth(URL) == ("somebody", "theirs")
    sent = Recorder()
    zoom_session.cache_clear()
    session = zoom_session() if whose == "collector" else client(SETTINGS, Credentials("a", "b", "c"), ends_in(5))[1]
    session.http.mount("https://", sent)
    try:
        exchange(session.http, "GET", URL, seconds=5, limit=9, headers={"Authorization": "Bearer token"})
        assert sent.request.headers["Authorization"] == "Bearer token"
        exchange(session.http, "POST", URL, seconds=5, limit=9, auth=("client", "secret"))
        assert sent.request.headers["Authorization"] == requests.auth._basic_auth_str("client", "secret")
        exchange(session.http, "GET", URL, seconds=5, limit=9)
        assert "Authorization" not in sent.request.headers
    finally:
        zoom_session.cache_clear()
    assert sent.settings["proxies"]["https"] == "http://proxy.example:3128"
    assert sent.settings["verify"] == "/etc/company.pem"
