"""Runs the pages' AWS commands as the AWS CLI would: arguments and parameters by botocore's models.

`s3 rm` is the CLI's own; every other command is `aws SERVICE OPERATION --member value …`,
with `--query` and `--output text`.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import jmespath
from botocore import xform_name


def carry_out(session: boto3.Session, line: str) -> Any:
    """Run a command line with a session's credentials; return the answer, or the result of `--query`."""
    program, service, operation, *words = shlex.split(line)
    assert program == "aws", line
    if service == "s3":
        assert operation == "rm", line
        return _client(session, "s3").delete_object(**_place(*words))
    client = _client(session, "s3" if service == "s3api" else service)
    method = operation.replace("-", "_")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    options, [*files] = _options(words)
    query = options.pop("query", None)
    options.pop("output", None)
    names = {xform_name(name, "-"): name for name in model.input_shape.members}
    parameters = {names[name]: _value(model, names[name], value) for name, value in options.items()}
    answer = getattr(client, method)(**parameters)
    if files:  # the file for a body
        Path(files[0]).write_bytes(answer["Body"].read())
    return jmespath.search(query, answer) if query else answer


def _client(session: boto3.Session, service: str) -> Any:
    make_client: Any = session.client
    return make_client(service)


def _options(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Split words into options with their values, and the others."""
    options, others, rest = {}, [], iter(words)
    for word in rest:
        if word.startswith("--"):
            options[word.removeprefix("--")] = next(rest)
        else:
            others.append(word)
    return options, others


def _value(model: Any, name: str, value: str) -> object:
    return Path(value).read_bytes() if model.get_streaming_input() and name == "Body" else value


def _place(uri: str) -> dict[str, str]:
    parts = urlsplit(uri)
    assert parts.scheme == "s3", uri
    return {"Bucket": parts.netloc, "Key": parts.path.removeprefix("/")}
