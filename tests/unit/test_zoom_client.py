"""The client that the commands ask Zoom with: what of the environment counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from zoom_operationlogs.settings import Credentials, Settings
from zoomlogs.zoom import client, ends_in

SETTINGS = Settings.from_environ({"S3_BUCKET": "your-bucket", "ZOOM_SECRET_ID": "s"})


def test_netrc_changes_nothing_and_proxies_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As requests reads it: a default entry is for every host."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password theirs\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    _, session = client(SETTINGS, Credentials("a", "b", "c"), ends_in(5))
    url = "https://api.zoom.us/v2/report/operationlogs"
    request = requests.Request("GET", url, headers={"Authorization": "Bearer token"})
    assert session.http.prepare_request(request).headers["Authorization"] == "Bearer token"
    signing_in = requests.Request("POST", url, auth=("client", "secret"))
    assert session.http.prepare_request(signing_in).headers["Authorization"] == requests.auth._basic_auth_str(
        "client", "secret"
    )
    used = session.http.merge_environment_settings(url, {}, None, None, None)
    assert used["proxies"]["https"] == "http://proxy.example:3128"
    assert used["verify"] == "/etc/company.pem"
