"""`zoomlogs zoom-secret put`: Zoom's credentials into their secret, once Zoom has accepted them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
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

SECONDS = 60.0  # for Zoom to answer
HOW = "put the three into a file as JSON, and give it with --file"


@dataclass(frozen=True)
class CredentialCheck:
    """What Zoom says of credentials that it accepts."""

    words: str


def put(source: str | None, instance: str | None, file: str | None, *, check: bool, as_json: bool) -> None:
    """Read the credentials, have Zoom accept them, and store them.

    Raises `CommandError` where they are incomplete, where Zoom or AWS refuses.
    """
    deployment = read_deployment(source, instance)
    if file == "-" and source == "-":
        raise CommandError("Only one of --file and --outputs can be standard input: give the other as a file.")
    credentials = _credentials(file)
    clients: Any = session_for(deployment)
    said = check_at_zoom(deployment.environment, credentials).words if check else "not checked at Zoom"
    arn = deployment.secret_arn
    value = {name: getattr(credentials, name) for name in FIELDS}
    with in_a_sentence(f"The credentials could not be stored in {arn}"):
        version = clients.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(value))
    if as_json:
        print_json({"secret": arn, "version": version["VersionId"], "check": said})
        return
    out = console()
    out.say(f"Zoom: {said}.")
    out.say(f"Stored in {arn}; the value before stays as its version AWSPREVIOUS.")
    out.say(
        "The next run uses it, without a deployment: a warm function reads the secret again after 15 minutes at most,"
        " or as soon as Zoom refuses the old value."
    )


def check_at_zoom(environment: Mapping[str, str], credentials: Credentials) -> CredentialCheck:
    """Sign in and ask for today's report, as the collector does; raise `CommandError` with Zoom's refusal."""
    session = None
    try:
        zoom, session = client(Settings.from_environ(environment), credentials, ends_in(SECONDS))
        today = now().date()
        zoom.page(today, today, 1)
    except (RateLimitedError, ZoomUnavailableError, OutOfTimeError) as error:
        if session and session.access_token:
            return CredentialCheck("signed in; the report could not be asked for now")
        reason = str(error) if isinstance(error, ZoomUnavailableError) else "Zoom gave no answer in time."
        raise CommandError(f"Nothing was stored, for Zoom could not be asked: {reason}", status=1) from None
    except CollectorError as error:
        raise CommandError(f"Nothing was stored. {error}", status=1) from None
    return CredentialCheck("accepted, and the report can be read")


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
        raise CommandError(f"Nobody is here to be asked: {HOW} FILE, or - for standard input.")
    labels = {"account_id": "Account ID", "client_id": "Client ID", "client_secret": "Client secret"}
    return Credentials(
        *(typer.prompt(f"{labels[name]} (not shown)", hide_input=True, err=True).strip() for name in FIELDS)
    )
