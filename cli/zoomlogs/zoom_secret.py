"""`zoomlogs zoom-secret put`: Zoom's credentials into their secret, once Zoom has accepted them."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import typer
from rich.console import Console
from zoom_operationlogs.credentials import FIELDS, parse
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.errors import (
    CollectorError,
    OutOfTimeError,
    RateLimitedError,
    SecretError,
    ZoomUnavailableError,
)
from zoom_operationlogs.settings import Credentials, Settings
from zoom_operationlogs.zoom import Session, Zoom

from .aws import in_a_sentence, session
from .deployment import read_deployment
from .errors import CommandError

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
    said = check_at_zoom(deployment.environment, credentials).words if check else "not checked at Zoom"
    arn = deployment.secret_arn
    clients: Any = session(deployment.region)
    value = {name: getattr(credentials, name) for name in FIELDS}
    with in_a_sentence(f"The credentials could not be stored in {arn}"):
        version = clients.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(value))
    if as_json:
        print(json.dumps({"secret": arn, "version": version["VersionId"], "check": said}, indent=2))  # noqa: T201
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Zoom: {said}.", markup=False)
    console.print(f"Stored in {arn}; the value before stays as its version AWSPREVIOUS.", markup=False)
    console.print(
        "The next run uses it, without a deployment: a warm function reads the secret again after 15 minutes at most,"
        " or as soon as Zoom refuses the old value.",
        markup=False,
    )


def check_at_zoom(environment: Mapping[str, str], credentials: Credentials) -> CredentialCheck:
    """Sign in and ask for today's report, as the collector does; raise `CommandError` with Zoom's refusal."""
    ends = time.monotonic() + SECONDS
    signed_in = Session(requests.Session())
    try:
        settings = Settings.from_environ(environment)
        zoom = Zoom(
            signed_in,
            settings.report,
            settings.oauth_url,
            settings.api_url,
            lambda _: credentials,
            settings.http_timeout_seconds,
            lambda: datetime.now(UTC),
            time.sleep,
            Deadline(lambda: ends - time.monotonic(), 0),
        )
        today = datetime.now(UTC).date()
        zoom.page(today, today, 1)
    except (RateLimitedError, ZoomUnavailableError, OutOfTimeError) as error:
        if signed_in.access_token:
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
