"""A proxy that inspects TLS has a certificate of its own authority: real servers, through requests and boto3."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from zoom_operationlogs import clients, handler
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.certificates import CA_BUNDLES, check_ca_bundles
from zoom_operationlogs.credentials import read_credentials
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import SettingsError, UntrustedCertificateError
from zoom_operationlogs.reports import OPERATION_LOGS
from zoom_operationlogs.settings import Credentials, Settings
from zoom_operationlogs.zoom import Session, Zoom

NOW = datetime.now(UTC)


class Answering(BaseHTTPRequestHandler):
    """Answers each request like Zoom's endpoints, Secrets Manager and S3."""

    protocol_version = "HTTP/1.1"
    body = b'{"access_token": "token", "operation_logs": [], "SecretString": "text", "Name": "zoom", "VersionId": "v"}'

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b"" if self.command == "PUT" else self.body
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("ETag", '"etag"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815 - the names that the server looks for

    def log_message(self, *_: object) -> None:
        """Do not log."""


def certificate(folder: Path) -> Path:
    """Create a key and a self-signed certificate for this machine; return the file with both."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Inspecting Proxy")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, file = serialization.Encoding.PEM, folder / "proxy.pem"
    unencrypted = serialization.NoEncryption()
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, unencrypted) + made.public_bytes(pem))
    return file


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(pem: Path) -> Iterator[str]:
    """Serve with that certificate; return the address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, server: str) -> pytest.MonkeyPatch:
    for name, value in {"DEFAULT_REGION": "us-east-1", "ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "key"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in (*CA_BUNDLES, "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def deadline() -> Deadline:
    return Deadline(lambda: 60.0, 0.0)


def refuse_to_wait(_seconds: float) -> None:
    raise AssertionError("a permanent failure is retried")


def ask_zoom(server: str) -> None:
    credentials = Credentials("account", "client", "hush-hush")
    zoom = Zoom(
        Session(requests.Session()),
        OPERATION_LOGS,
        f"{server}/oauth/token",
        f"{server}/v2",
        lambda _fresh: credentials,
        10,
        lambda: datetime.now(UTC),
        refuse_to_wait,
        deadline(),
    )
    assert zoom.page(NOW.date(), NOW.date(), 1).records == []


def write_to_s3(_server: str) -> None:
    bucket = Bucket(clients.s3.__wrapped__(), "logs", deadline(), refuse_to_wait)
    bucket.retry_until_known(lambda: bucket.put("key", b"body", replaces=None))


def read_secret(_server: str) -> None:
    try:
        read_credentials(clients.secrets.__wrapped__(), "zoom", fresh=True)
    except Exception as error:
        if "is not JSON" not in str(error):  # it was read
            raise


CALLS: dict[str, Callable[[str], None]] = {
    "127.0.0.1": ask_zoom,
    "Amazon S3": write_to_s3,
    "AWS Secrets Manager": read_secret,
}


@pytest.mark.parametrize("whose", CALLS)
def test_a_certificate_of_an_unknown_authority_is_reported_without_a_retry(
    whose: str, server: str, environ: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UntrustedCertificateError) as failure:
        CALLS[whose](server)
    sentence = str(failure.value)
    assert sentence.startswith(
        f"The TLS certificate of {whose} cannot be verified (self-signed certificate): if a proxy"
    )
    assert "exempt this host from the inspection, or set REQUESTS_CA_BUNDLE and AWS_CA_BUNDLE to a file" in sentence
    assert "next run" not in sentence
    assert "hush" not in sentence


@pytest.mark.parametrize("whose", CALLS)
def test_with_the_authority_in_the_bundle_all_servers_are_reached(
    whose: str, server: str, pem: Path, environ: pytest.MonkeyPatch
) -> None:
    for name in CA_BUNDLES:
        environ.setenv(name, str(pem))
    check_ca_bundles({name: str(pem) for name in CA_BUNDLES})
    CALLS[whose](server)


@pytest.mark.parametrize("name", CA_BUNDLES)
@pytest.mark.parametrize("content", [None, "", "not a certificate"])
def test_a_missing_or_invalid_bundle_is_reported_before_any_request(
    name: str, content: str | None, tmp_path: Path, environ: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca-bundle.pem"
    if content is not None:
        file.write_text(content)
    environ.setenv(name, str(file))
    context: Any = SimpleNamespace(aws_request_id="id", get_remaining_time_in_millis=lambda: 60_000)
    with pytest.raises(SettingsError, match=f"{name} is .*ca-bundle.pem.*which cannot be read .*: set it to the path"):
        handler._build_run(Settings(bucket="logs", secret_id="zoom"), context)
