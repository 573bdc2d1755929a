"""Invokes the function and waits for its answer, while the caller can do something else.

The invocation type is RequestResponse, whose answer has the result or the error of the run. (An Event invocation leaves
both to the log, may wait in Lambda's queue, and can be dropped silently.) The connection stays open for the whole run,
so the client waits longer than any function may run, keeps the connection alive, and never retries: a retry would start
a second run.
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
    """The function's answer: its result, or the sentence of its error."""

    request_id: str
    result: Mapping[str, Any]
    error: str = ""


def patient_client(session: boto3.Session) -> LambdaClient:
    """Return a client that waits for the longest run and never retries."""
    client: LambdaClient = session.client("lambda", config=PATIENT)
    return client


def invoke(client: LambdaClient, function: str, event: Mapping[str, str], meanwhile: Callable[[], None]) -> Answer:
    """Invoke the function once; call `meanwhile`, which waits a little, until it has answered.

    Raises `CommandError` if no run started, or if the connection broke during the run.
    """
    outcome: list[Answer | Exception] = []

    def ask() -> None:
        try:
            outcome.append(_answer(client, function, event))
        except Exception as error:
            outcome.append(error)

    # A daemon thread, because Ctrl-C does not wait for the run, which continues in AWS.
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
    """Return the sentence of an error: the collector's own unchanged, any other with its type."""
    kind, message = str(error.get("errorType") or ""), str(error.get("errorMessage") or "")
    if "Task timed out" in message:
        return f"The run timed out ({message.rpartition('Error: ')[2]}); what it has saved is kept."
    if message.endswith((".", ")")) and " " in message and not kind.startswith("Runtime."):
        return message
    return f"The function failed: {': '.join(filter(None, (kind, message.rstrip('.')))) or 'it gave no reason'}."


def _refused(function: str, error: Exception) -> str:
    code = error_code(error)
    if code == "ResourceNotFoundException":
        return f"There is no function {function}: run `terraform apply`, or name the right outputs with --outputs."
    if code == "TooManyRequestsException":
        return f"AWS throttles {function} ({reason(error)}): try again in a minute."
    if isinstance(error, HTTPClientError) and not isinstance(error, ClientError):
        return (
            f"The connection to {function} broke ({reason(error)}); a run that has started continues in AWS:"
            " `zoomlogs logs` shows how it ends."
        )
    return f"{function} could not be invoked: {reason(error)}."
