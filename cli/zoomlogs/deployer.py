"""`zoomlogs deployer-policy`: the permissions that applying the module needs, from modules/deployer/rights.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

TABLE = Path(__file__).resolve().parents[2] / "modules" / "deployer" / "rights.json"
PHASES = ("plan", "apply", "upgrade", "destroy")
ARNS = ("ca_bundle", "code_signing", "kms_key", "permissions_boundary")
"""The options whose value is an ARN; that of `s3_package` is an object, any other is on or off."""

MANAGED_POLICY_CHARACTERS = 6144
"""The most that IAM takes in a managed policy, white space not counted."""


def table() -> dict[str, Any]:
    """Read the table as it stands in the checkout."""
    if not TABLE.is_file():
        raise CommandError("The rights stand in the checkout of the repository: clone it, and run zoomlogs from there.")
    read: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
    return read


def place(account: str, region: str) -> dict[str, str]:
    """Name account and region as ARNs do."""
    if not re.fullmatch(r"\d{12}", account):
        raise CommandError("--account must be the 12 digits of an AWS account.")
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d+", region):
        raise CommandError("--region must be an AWS region, such as eu-west-1.")
    partitions = {"cn": ("aws-cn", "amazonaws.com.cn"), "us-gov": ("aws-us-gov", "amazonaws.com")}
    begins = next((begin for begin in partitions if region.startswith(f"{begin}-")), "")
    partition, dns_suffix = partitions.get(begins, ("aws", "amazonaws.com"))
    return {"partition": partition, "dns_suffix": dns_suffix, "region": region, "account": account}


def policies(
    phases: Collection[str], options: Mapping[str, str], names: Mapping[str, str], where: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """Give the IAM policies by what they are for, each small enough for a managed policy."""
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
    """Put policies together into one document."""
    return {"Version": "2012-10-17", "Statement": [statement for part in parts for statement in part["Statement"]]}


def characters(policy: Mapping[str, Any]) -> int:
    """Count a policy's characters as IAM does."""
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
    """Give the document to print, and a warning if IAM would not take it as one managed policy."""
    made = policies(phases or PHASES, _pairs("--option", options, "true"), _pairs("--name", names), where)
    if as_json:
        return json.dumps(made, indent=2), None
    if part is not None and part not in made:
        raise CommandError(f"There is no part {part}: choose from {', '.join(made)}.")
    policy = merged(made.values()) if part is None else made[part]
    size = characters(policy)
    warning = None
    if size > MANAGED_POLICY_CHARACTERS:
        warning = (
            f"IAM takes {MANAGED_POLICY_CHARACTERS} characters in a managed policy, and these are {size}: make one of"
            f" each part, with --part {', '.join(made)}."
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
        pairs[name] = value if equals else str(default)
    return pairs


def _check(
    phases: Collection[str], options: Mapping[str, str], names: Mapping[str, str], known: Mapping[str, Any]
) -> None:
    """Refuse what the table does not know, and values that would give other rights than they say."""
    for what, given, choice in (
        ("phase", phases, known["phases"]),
        ("option", options, known["options"]),
        ("name", names, known["names"]),
    ):
        for one in given:
            if one not in choice:
                raise CommandError(f"There is no {what} {one}: choose from {', '.join(choice)}.")
    for name, value in {**options, **names}.items():
        if re.search(r'["\\$*?]', value):
            raise CommandError(f"The value of {name} must be without * ? $ and quotes, which policies read as more.")
    for option in ARNS:
        if options.get(option, "false") not in ("", "false") and not options[option].startswith("arn:aws"):
            raise CommandError(f"The option {option} needs an ARN: {option}=arn:aws:…")
    if options.get("s3_package", "false") not in ("", "false") and "/" not in options["s3_package"]:
        raise CommandError("The option s3_package needs the package's place: s3_package=BUCKET/KEY.")
    if not names.get("bucket_name"):
        raise CommandError("Name the bucket: --name bucket_name=YOUR-BUCKET.")
