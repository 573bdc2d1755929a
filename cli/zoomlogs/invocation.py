"""Invokes the function and waits for what comes of it, while something else can be done.

As RequestResponse: the answer carries the result, or the error that the run raised, and says at once if there was no
run. An invocation of type Event would leave both to the log, may wait in Lambda's queue, and is dropped without a word
when it waits too long. The price is a connection that stays open for the whole run, so the client waits longer than
any function may run, keeps the connection alive, and never asks twice: a second request would be a second run.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from . import run_fields
from .aws import FAILURES, error_code, reason
from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import boto3
    from mypy_boto3_lambda import LambdaClient

LONGEST_RUN_SECONDS = 900  # Lambda's longest timeout
PATIENT = Config(
    connect_timeout=10, read_timeout=LONGEST_RUN_SECONDS + 60, retries={"total_max_attempts": 1}, tcp_keepalive=True
)


@dataclass(frozen=True)
class Answer:
    """What the function answered: its result, or the sentence of the error that it raised."""

    request_id: str
    result: Mapping[str, Any]
    error: str = ""


def patient_client(session: boto3.Session) -> LambdaClient:
    """Return a client that outlasts every run and asks once."""
    client: LambdaClient = session.client("lambda", config=PATIENT)
    return client


def invoke(client: LambdaClient, function: str, event: Mapping[str, str], meanwhile: Callable[[], None]) -> Answer:
    """Invoke the function once; call `meanwhile`, which takes its time, again and again until it has answered.

    Raises `CommandError` where there was no run, or where the connection broke and the run's end is not known.
    """
    outcome: list[Answer | Exception] = []

    def ask() -> None:
        try:
            outcome.append(_answer(client, function, event))
        except Exception as error:
            outcome.append(error)

    # A daemon: whoever interrupts does not wait for the run, which goes on in AWS.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    while thread.is_alive():
        meanwhile()
    [answer] = outcome
    if isinstance(answer, FAILURES):
        raise CommandError(_refused(function, answer), status=1) from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _answer(client: LambdaClient, function: str, event: Mapping[str, str]) -> Answer:
    response = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
    payload = run_fields.read(response["Payload"].read())
    request_id = response["ResponseMetadata"]["RequestId"]
    if "FunctionError" in response:
        return Answer(request_id, {}, sentence_of(payload))
    return Answer(request_id, payload)


def sentence_of(error: Mapping[str, Any]) -> str:
    """Say what a function raised: the collector's own sentences as they are, anything else with its type."""
    kind, message = str(error.get("errorType") or ""), str(error.get("errorMessage") or "")
    if "Task timed out" in message:
        return f"Lambda ended the run at its timeout ({message.rpartition('Error: ')[2]}); what it saved stays saved."
    if message.endswith((".", ")")) and " " in message and not kind.startswith("Runtime."):
        return message
    return f"The function broke off: {': '.join(filter(None, (kind, message.rstrip('.')))) or 'it does not say why'}."


def _refused(function: str, error: Exception) -> str:
    code = error_code(error)
    if code == "ResourceNotFoundException":
        return f"There is no function {function}: run `terraform apply`, or give the outputs of the deployment meant."
    if code == "TooManyRequestsException":
        return f"AWS allows no further run of {function} at this moment ({reason(error)}): try again in a minute."
    if isinstance(error, HTTPClientError) and not isinstance(error, ClientError):
        return (
            f"The connection broke while {function} was running ({reason(error)}); a run that began goes on in AWS:"
            " `zoomlogs logs` shows how it ended."
        )
    return f"{function} could not be invoked: {reason(error)}."
