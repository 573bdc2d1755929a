"""`zoomlogs zoom-secret put`: nothing is stored that Zoom does not accept, and nothing is shown."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import subprocess
import termios
from contextlib import suppress
from datetime import UTC, datetime

import commands
import pytest
from standins.clock import Clock
from standins.zoom import Account, Zoom, ZoomServer, faults

from .conftest import World
from .deployments import module

pytestmark = pytest.mark.slow

GOOD = {"account_id": "an-account", "client_id": "a-client", "client_secret": "a-good-value-1"}
ROLE_TEXT = "Usage reports"


@pytest.fixture
def zoom():
    account = Account(id=GOOD["account_id"], client_id=GOOD["client_id"], client_secret=GOOD["client_secret"])
    model = Zoom(account, clock=Clock(datetime.now(UTC)))
    with ZoomServer(model) as server:
        model.server = server
        yield model


@pytest.fixture
def put(world: World, aws, zoom, tmp_path):
    """Put credentials from a file; give how it ended and what the secret holds then."""
    secrets = aws.client("secretsmanager")
    arn = secrets.create_secret(Name="zoom-operationlogs-credentials", SecretString='{"before": 1}')["ARN"]
    document = module(ZOOM_OAUTH_URL=zoom.server.oauth_url, ZOOM_API_URL=zoom.server.api_url, ZOOM_SECRET_ID=arn)
    document["secret"]["arn"] = arn
    world.outputs(document)

    def putting(value, *options):
        file = tmp_path / "zoom.json"
        file.write_text(value if isinstance(value, str) else json.dumps(value))
        ran = world.run("zoom-secret", "put", "--file", str(file), *options)
        assert GOOD["client_secret"] not in ran.out + ran.err
        return ran, json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])

    return putting


UNTOUCHED = {"before": 1}


def test_what_zoom_accepts_is_stored(put, zoom):
    ran, held = put(GOOD | {"client_secret": f"  {GOOD['client_secret']}\n", "more": "ignored"})
    assert (ran.status, held) == (0, GOOD)
    assert "Zoom: accepted, and the report can be read." in ran.out
    assert "No deployment is needed" in ran.out
    assert put(GOOD, "--json")[0].json["check"] == "accepted, and the report can be read"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"client_secret": "a-wrong-value"}, "Nothing was stored. Zoom does not know this client id and client secret"),
        ({"account_id": "other"}, "Nothing was stored. Zoom does not know this account id"),
    ],
)
def test_what_zoom_refuses_is_not_stored(put, change, sentence):
    ran, held = put(GOOD | change)
    assert (ran.status, held) == (1, UNTOUCHED)
    assert sentence in ran.err
    assert "a-wrong-value" not in ran.err
    ran, held = put(GOOD | change, "--no-check")
    assert (ran.status, held) == (0, GOOD | change)


def test_an_app_without_the_scope_is_noticed_at_once(put, zoom):
    zoom.account.scopes = ()
    ran, held = put(GOOD)
    assert (ran.status, held) == (1, UNTOUCHED)
    assert "Nothing was stored. The Zoom app lacks the scope" in ran.err


def test_a_limit_on_the_report_does_not_stop_a_rotation(put, zoom):
    zoom.faults.at(2, faults.per_second_limit)
    ran, held = put(GOOD)
    assert (ran.status, held) == (0, GOOD)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a-good-value-1", "is not JSON: put {"),
        ('["a-good-value-1"]', "is not a JSON object: put {"),
        ('{"client_secret": "a-good-value-1"}', "lacks account_id and client_id: put {"),
    ],
)
def test_invalid_credentials_are_one_sentence(put, text, sentence):
    ran, held = put(text)
    assert (ran.status, held) == (2, UNTOUCHED)
    assert sentence in ran.err


def test_standard_input_and_nobody_to_ask(world: World, put, aws):
    assert world.run("zoom-secret", "put", "--file", "-", stdin=json.dumps(GOOD)).status == 0
    ran = world.run("zoom-secret", "put")
    assert (ran.status, "Not a terminal: write the three values to a JSON file" in ran.err) == (2, True)
    ran = world.run("zoom-secret", "put", "--file", "-", "--outputs", "-", stdin="{}")
    assert ran.status == 2
    ran = world.run("zoom-secret", "put", "--file", str(world.folder / "none"))
    assert (ran.status, "cannot be read: No such file" in ran.err) == (2, True)


def test_somebody_at_a_terminal_types_unseen(world: World, put, aws):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [commands.SCRIPT, "zoom-secret", "put", "--json"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=world.environment(),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    shown = b""
    for prompt, name in (
        (b"Account ID", "account_id"),
        (b"Client ID", "client_id"),
        (b"Client secret", "client_secret"),
    ):
        while prompt + b" (not shown): " not in shown:
            shown += os.read(ours, 1000)
        os.write(ours, GOOD[name].encode() + b"\n")
    out, _ = process.communicate(timeout=60)
    with suppress(OSError):  # the other end is closed
        shown += os.read(ours, 10000)
    os.close(ours)
    assert process.returncode == 0, shown
    assert json.loads(out)["check"].startswith("accepted")
    for value in GOOD.values():
        assert value.encode() not in shown + out
