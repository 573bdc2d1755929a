"""`zoomlogs rights`: the IAM policy that a command needs for this deployment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .console import console, print_json, print_text
from .errors import CommandError
from .policies import NEED_NOTHING, STATEMENTS, each_once, use_of_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .deployment import Deployment

SUBCOMMANDS = {"reader-key create": "reader-key", "reader-key rotate": "reader-key", "reader-key list": "reader-key"}
OF_GOOGLE = {"verify --secops": "verify", "udm --tenant": "udm"}
"""Options that need rights in Google SecOps, but no more in AWS."""


def main(deployment: Deployment, words: Sequence[str], kms_keys: Sequence[str], *, as_json: bool) -> int:
    """Print the policy of a command, such as `verify` or `doctor --probe`; return 0.

    Raises `CommandError` for an unknown command or option.
    """
    names = named(words)
    statements = each_once(STATEMENTS[name](deployment) for name in names)
    own_key = deployment.environment.get("S3_SSE_KMS_KEY_ARN")
    keys = dict.fromkeys([*([own_key] if own_key else []), *kms_keys])
    for number, key in enumerate(keys if statements else ()):
        statement = use_of_key(key, deployment)
        statements.append({**statement, "Sid": f"{statement['Sid']}{number + 1 if number else ''}"})
    policy = {"Version": "2012-10-17", "Statement": statements}
    if not statements:
        console(stderr=True).say(f"zoomlogs {' '.join(words)} needs no rights in AWS here.")
    if as_json:
        print_json(policy)
    elif statements:
        print_text(compact(policy))
    return 0


def named(words: Sequence[str]) -> list[str]:
    """Return the keys of STATEMENTS for a command and its options; none if it needs no rights.

    Raises `CommandError` for an unknown command or option.
    """
    command = " ".join(word for word in words if not word.startswith("-"))
    options = [word for word in words if word.startswith("-")]
    if command in NEED_NOTHING and not options:
        return []
    command = SUBCOMMANDS.get(command, command)
    named_so = [f"{command} {option}" for option in options] or [command]
    names = [OF_GOOGLE.get(name, name) for name in named_so]
    if unknown := [name for name in names if name not in STATEMENTS]:
        known = ", ".join([*STATEMENTS, *NEED_NOTHING])
        raise CommandError(f"{unknown[0]!r} is not a command or option with its own policy: give one of {known}.")
    return names


def compact(policy: dict[str, Any]) -> str:
    """Return a policy as JSON with one statement per line, as in docs/cli.md."""
    lines = ",\n".join(f"    {json.dumps(statement)}" for statement in policy["Statement"])
    return f'{{\n  "Version": "{policy["Version"]}",\n  "Statement": [\n{lines}\n  ]\n}}'
