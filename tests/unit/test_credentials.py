"""The secret is read whatever its content, and errors in it are reported."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from botocore.exceptions import ClientError, ConnectTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st
from zoom_operationlogs import credentials
from zoom_operationlogs.credentials import parse, read_credentials
from zoom_operationlogs.errors import EmptySecretError, SecretError
from zoom_operationlogs.settings import Credentials

STORED = {"account_id": "a", "client_id": "b", "client_secret": "hush-hush"}
TEXT = json.dumps(STORED)
WHOLE = Credentials("a", "b", "hush-hush")


class Provider:
    """Secrets Manager, with one value or one error."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def get(self, _arn: str, **_: Any) -> Any:
        if isinstance(self.value, Exception):
            raise GetParameterError(str(self.value)) from self.value
        return self.value


def read(value: Any, secret_id: str = "arn") -> Credentials:
    return read_credentials(Provider(value), secret_id, fresh=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value",
    [
        TEXT,
        "\ufeff" + TEXT,
        codecs.BOM_UTF8.decode("latin-1") + TEXT,
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT + " " * (64 * 1024 - len(TEXT)),
        json.dumps({**STORED, "client_secret": " hush-hush\n", "more": [1, None]}),
    ],
)
def test_the_value_may_be_text_or_binary_with_a_byte_order_mark(value: str | bytes) -> None:
    assert read(value) == WHOLE


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "is not JSON"),
        (None, "is not JSON"),
        (b"\xff\xfe\xff", "is not JSON"),
        ("{", "is not JSON"),
        ("[" * 20_000, "is not JSON"),
        ('{"account_id": ' + "1" * 5000 + "}", "is not JSON"),
        ('{"account_id": NaN}', "is not JSON"),
        ("[" * 65 + "]" * 65, "is not JSON"),
        ("[]", "is not a JSON object"),
        ("{}", "lacks account_id and client_id and client_secret"),
        (json.dumps({**STORED, "client_id": 7}), "lacks client_id"),
        (json.dumps({**STORED, "account_id": "\ud800"}), "lacks account_id"),
        (json.dumps({**STORED, "client_secret": "hush\u0000hush"}), "lacks client_secret"),
        (TEXT + " " * 64 * 1024, "larger than 64 KB"),
        (TEXT.encode() + b" " * 64 * 1024, "larger than 64 KB"),
    ],
)
def test_a_wrong_value_is_reported_without_quoting_it(value: Any, sentence: str) -> None:
    with pytest.raises(SecretError, match=sentence) as failure:
        read(value)
    assert "hush" not in str(failure.value)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100))
def test_any_value(value: str | bytes) -> None:
    with pytest.raises(SecretError):
        parse(value, "arn")


def refused(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetSecretValue")


def test_errors_of_secrets_manager() -> None:
    with pytest.raises(EmptySecretError):
        read(refused("ResourceNotFoundException", "no value for staging label: AWSCURRENT"))
    with pytest.raises(SecretError, match="There is no secret arn"):
        read(refused("ResourceNotFoundException"))
    with pytest.raises(SecretError, match="grant the collector's role"):
        read(refused("AccessDeniedException"))
    with pytest.raises(SecretError, match=r"Secrets Manager gave no usable answer.*ConnectTimeoutError"):
        read(ConnectTimeoutError(endpoint_url="https://secretsmanager.example"))


def test_a_denied_name_may_be_a_missing_secret() -> None:
    """The role may read the ARN that begins with the name; for an unknown name, AWS evaluates another resource."""
    denied = refused("AccessDeniedException", "… because no identity-based policy allows the secretsmanager:Get action")
    with pytest.raises(SecretError) as by_name:
        read(denied, "zoom-operationlogs-credentials")
    assert "if there is no secret of this name, correct ZOOM_SECRET_ID or create the secret; else grant" in str(
        by_name.value
    )
    with pytest.raises(SecretError) as by_arn:
        read(denied, "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf")
    assert "if there is no secret" not in str(by_arn.value)
    for sentence in (str(by_name.value), str(by_arn.value)):
        assert "grant the collector's role secretsmanager:GetSecretValue on it" in sentence
        assert "(SCPs) and the resource control policies (RCPs)" in sentence
        assert "because no identity-based policy allows" in sentence


def test_a_slow_secrets_manager_does_not_delay_a_run_past_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "SECONDS", 0.05)

    class Slow:
        def get(self, _arn: str, **_: Any) -> Any:
            try:
                while True:
                    pass
            except Exception as error:
                raise GetParameterError(str(error)) from error

    with pytest.raises(SecretError, match="Secrets Manager gave no usable answer"):
        read_credentials(Slow(), "arn", fresh=False)  # type: ignore[arg-type]


def test_a_wrong_value_is_not_cached() -> None:
    class Cached(Provider):
        def get(self, _arn: str, *, force_fetch: bool, **_: Any) -> Any:
            return TEXT if force_fetch else self.value

    assert read_credentials(Cached("{"), "arn", fresh=False) == WHOLE  # type: ignore[arg-type]
    with pytest.raises(SecretError, match="is not JSON"):
        read("{")
