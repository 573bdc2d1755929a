"""`zoomlogs deployer-policy`: the permissions for applying the module, from modules/deployer/rights.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownRegionError
from botocore.session import Session

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

TABLE = Path(__file__).resolve().parents[2] / "modules" / "deployer" / "rights.json"
PHASES = ("plan", "apply", "upgrade", "destroy")
VALUED = {
    **dict.fromkeys(
        ("ca_bundle", "code_signing", "kms_key", "permissions_boundary"),
        "needs the whole ARN that docs/deployer.md says, without wildcards: {}=arn:aws:…",
    ),
    "s3_package": "needs the package's place, without wildcards: {}=BUCKET/KEY",
}
"""The options that need a value, with the message for a wrong one; others are on or off."""

MANAGED_POLICY_CHARACTERS = 6144
"""IAM's limit for a managed policy, without white space."""


def table() -> dict[str, Any]:
    """Read the table in the checkout."""
    if not TABLE.is_file():
        raise CommandError("This needs a checkout of the repository: clone it, and run zoomlogs from there.")
    read: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return read


def place(account: str, region: str) -> dict[str, str]:
    """Return the parts of ARNs for an account and a region."""
    if not re.fullmatch(r"[0-9]{12}", account):
        raise CommandError("--account must be the 12 digits of an AWS account.")
    session = Session()
    try:
        partition = session.get_partition_for_region(region)
    except UnknownRegionError:
        raise CommandError("--region must be an AWS region, such as eu-west-1.") from None
    [known] = [one for one in session.get_data("partitions")["partitions"] if one["id"] == partition]
    dns_suffix = known["outputs"]["dnsSuffix"]
    return {"partition": partition, "dns_suffix": dns_suffix, "region": region, "account": account}


def policies(
    phases: Collection[str], options: Mapping[str, str], names: Mapping[str, str], where: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Return the IAM policies by part, each small enough for a managed policy."""
    known = table()
    _check(phases, options, names, known)
    off = dict.fromkeys(known["options"], "")
    values = {**off, **known["names"], **where, **options, **names}
    on = {option for option in off if values[option] not in ("", "false")}
    filled = json.loads(Template(TABLE.read_text(encoding="utf-8")).substitute(values))["statements"]
    made: dict[str, dict[str, Any]] = {}
    for entry in filled:
        actions = sorted({action for phase in phases for action in entry.get(phase, [])})
        if actions and on.issuperset(entry.get("if", [])) and on.isdisjoint(entry.get("unless", [])):
            policy = made.setdefault(entry["part"], {"Version": "2012-10-17", "Statement": []})
            policy["Statement"].append(_statement(entry, actions))
    return made


def merged(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one policy with all statements."""
    return {"Version": "2012-10-17", "Statement": [statement for part in parts for statement in part["Statement"]]}


def characters(policy: Mapping[str, Any]) -> int:
    """Return a policy's size as IAM counts it."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


def main(
    phases: Sequence[str],
    options: Sequence[str],
    names: Sequence[str],
    where: Mapping[str, str],
    part: str | None,
    *,
    as_json: bool = False,
) -> tuple[str, str | None]:
    """Return the document to print, and a warning if it is too large for one managed policy."""
    made = policies(phases or PHASES, _pairs("--option", options, "true"), _pairs("--name", names), where)
    if part is not None and part not in made:
        raise CommandError(f"There is no part {part}: choose from {', '.join(made)}.")
    made = made if part is None else {part: made[part]}
    if as_json:
        return json.dumps(made, indent=2), None
    policy = merged(made.values())
    size = characters(policy)
    warning = None
    if size > MANAGED_POLICY_CHARACTERS:
        warning = (
            f"IAM allows {MANAGED_POLICY_CHARACTERS} characters in a managed policy, and these are {size}: create one"
            f" for each part, with --part {', '.join(made)}."
        )
    return json.dumps(policy, indent=2), warning


def _statement(entry: Mapping[str, Any], actions: list[str]) -> dict[str, Any]:
    condition = {"Condition": entry["condition"]} if "condition" in entry else {}
    return {"Sid": entry["sid"], "Effect": "Allow", "Action": actions, "Resource": entry["resources"], **condition}


def _pairs(option: str, given: Iterable[str], default: str | None = None) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals and default is None:
            raise CommandError(f"{option} {name} needs a value: {name}=VALUE.")
        if name in pairs:
            raise CommandError(f"{option} {name} is given twice.")
        pairs[name] = value if equals else str(default)
    return pairs


def _check(
    phases: Collection[str], options: Mapping[str, str], names: Mapping[str, str], known: Mapping[str, Any]
) -> None:
    """Refuse unknown names, and values that would change the meaning of a policy."""
    for what, given, choice in (
        ("phase", phases, known["phases"]),
        ("option", options, known["options"]),
        ("name", names, known["names"]),
    ):
        for one in given:
            if one not in choice:
                raise CommandError(f"There is no {what} {one}: choose from {', '.join(choice)}.")
    if not phases:
        raise CommandError(f"Name a phase: {', '.join(known['phases'])}.")
    if "bucket_name" not in names:
        raise CommandError("Name the bucket: --name bucket_name=YOUR-BUCKET.")
    patterns = known["values"]
    for option, value in options.items():
        if not re.fullmatch(f"|false|{patterns.get(option, patterns['option'])}", value):
            wrong = VALUED.get(option, "is true or false: {}=true").format(option)
            raise CommandError(f"The option {option} {wrong}.")
    for name, value in names.items():
        if not re.fullmatch(patterns.get(name, patterns["name"]), value):
            raise CommandError(f"{name} must be a name as the module takes it, without * ? $ and quotes.")
