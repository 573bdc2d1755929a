"""An invocation is sent once, however it fails, and an error is one sentence."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
import pytest
from botocore.stub import Stubber
from zoomlogs.errors import CommandError
from zoomlogs.invocation import LONGEST_RUN_SECONDS, PATIENT, invoke

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


def client(**options: str) -> object:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}
    return boto3.Session().client("lambda", config=PATIENT, **keys, **options)


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[int]]]:
    """A server that counts requests and closes the connection."""
    calls: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    calls.append(1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", calls


def test_a_broken_connection_starts_no_second_run(monkeypatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with hanging_up() as (url, calls), pytest.raises(CommandError) as raised:
        invoke(client(endpoint_url=url), "collector", {}, lambda: None)
    assert len(calls) == 1
    assert raised.value.status == 1
    assert str(raised.value).startswith("The connection to collector broke (")
    assert str(raised.value).endswith("continues in AWS: `zoomlogs logs` shows how it ends.")


def test_the_client_outlasts_every_run() -> None:
    assert PATIENT.read_timeout > LONGEST_RUN_SECONDS  # seconds


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "ResourceNotFoundException",
            "There is no function collector: run `terraform apply`, or name the right outputs",
        ),
        ("TooManyRequestsException", "AWS throttles collector (Because"),
        ("AccessDeniedException", "collector could not be invoked: Because (AccessDeniedException)."),
        ("ServiceException", "collector could not be invoked: Because (ServiceException)."),
    ],
)
def test_a_refusal_is_a_sentence(code: str, sentence: str) -> None:
    one = client()
    with Stubber(one) as stub:
        stub.add_client_error("invoke", code, "Because.", 400)
        with pytest.raises(CommandError) as raised:
            invoke(one, "collector", {}, lambda: None)
    assert str(raised.value).startswith(sentence)
    assert raised.value.status == 1


def test_an_unforeseen_error_is_not_swallowed() -> None:
    with pytest.raises(AttributeError):
        invoke(object(), "collector", {}, lambda: None)
