"""`zoomlogs zoom-secret put`: stores Zoom's credentials after trying them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from zoom_operationlogs.credentials import FIELDS, parse
from zoom_operationlogs.errors import (
    CollectorError,
    OutOfTimeError,
    RateLimitedError,
    SecretError,
    ZoomUnavailableError,
)
from zoom_operationlogs.settings import Credentials, Settings

from .aws import in_a_sentence, session_for
from .console import console, print_json
from .deployment import read_deployment
from .errors import CommandError
from .zoom import client, ends_in, now

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 60.0  # for all requests to Zoom
HOW = "write the three values to a JSON file, and give it with --file"


def put(source: str | None, instance: str | None, file: str | None, *, check: bool, as_json: bool) -> None:
    """Read the credentials, try them at Zoom, and store them.

    Raises `CommandError` if they are incomplete, or if Zoom or AWS refuses.
    """
    deployment = read_deployment(source, instance)
    if file == "-" and source == "-":
        raise CommandError("Only one of --file and --outputs can be standard input: give the other as a file.")
    credentials = _credentials(file)
    clients: Any = session_for(deployment)
    said = check_at_zoom(deployment.environment, credentials) if check else "not checked at Zoom"
    arn = deployment.secret_arn
    value = {name: getattr(credentials, name) for name in FIELDS}
    with in_a_sentence(f"The credentials could not be stored in {arn}"):
        version = clients.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(value))
    if as_json:
        print_json({"secret": arn, "version": version["VersionId"], "check": said})
        return
    out = console()
    out.say(f"Zoom: {said}.")
    out.say(f"Stored in {arn}; the previous value stays as version AWSPREVIOUS.")
    out.say(
        "No deployment is needed: the function reads the secret again after 15 minutes at most, or as soon as Zoom"
        " refuses the old value."
    )


def check_at_zoom(environment: Mapping[str, str], credentials: Credentials) -> str:
    """Sign in and request today's report, as the collector does. Raises `CommandError` with Zoom's refusal."""
    session = None
    try:
        zoom, session = client(Settings.from_environ(environment), credentials, ends_in(SECONDS))
        today = now().date()
        zoom.page(today, today, 1)
    except (RateLimitedError, ZoomUnavailableError, OutOfTimeError) as error:
        if session and session.access_token:
            return "signed in; the report could not be requested now"
        reason = str(error) if isinstance(error, ZoomUnavailableError) else "Zoom gave no answer in time."
        raise CommandError(f"Nothing was stored, because Zoom could not be reached: {reason}", status=1) from None
    except CollectorError as error:
        raise CommandError(f"Nothing was stored. {error}", status=1) from None
    return "accepted, and the report can be read"


def _credentials(file: str | None) -> Credentials:
    if file is None:
        return _asked_for()
    name = "standard input" if file == "-" else file
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CommandError(f"{name} cannot be read: {reason}.") from None
    try:
        return parse(text, name)
    except SecretError as error:
        raise CommandError(str(error).replace("The secret ", "", 1).replace("store", "put", 1)) from None


def _asked_for() -> Credentials:
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandError(f"Not a terminal: {HOW} FILE, or - for standard input.")
    labels = {"account_id": "Account ID", "client_id": "Client ID", "client_secret": "Client secret"}
    return Credentials(
        *(typer.prompt(f"{labels[name]} (not shown)", hide_input=True, err=True).strip() for name in FIELDS)
    )
