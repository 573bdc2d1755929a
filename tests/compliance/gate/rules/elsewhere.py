"""Inputs that send secrets or records elsewhere, or take code from elsewhere."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..findings import Rule, Scene
from ..module import PACKAGE_SHA256
from ..uses import document, environment, statements, texts

ZOOM = ("zoom.us", "zoomgov.com")
URLS = ("ZOOM_OAUTH_URL", "ZOOM_API_URL")
ANY_HOST = "ZOOM_ALLOW_OTHER_HOSTS"
PACKAGE = base64.b64encode(bytes.fromhex(PACKAGE_SHA256)).decode()
PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
"""RFC 1918, 6598 and 4193. Python's `is_private` includes more, such as addresses for examples."""

PLACES = {"S3_BUCKET": "bucket", "S3_PREFIX": "folder", "STATE_KEY": "checkpoint"}


def zoom_hosts(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find addresses that are not Zoom's, and the option that allows them."""
    environment = scene.use.environment
    if environment is None:
        return
    for name in URLS:
        url = environment.get(name, "")
        host = host_of(url)
        if not (url.startswith("https://") and is_zooms(host)):
            yield scene.use.function.address, f"{name} points to {host or 'no host'}, which is not Zoom's."
    if environment.get(ANY_HOST, "false").strip().lower() not in ("", "false"):
        yield scene.use.function.address, f"{ANY_HOST} is set: the collector may send the client secret to any host."


def is_zooms(host: str) -> bool:
    """True if a host is in one of Zoom's domains."""
    return any(host == domain or host.endswith(f".{domain}") for domain in ZOOM)


def host_of(url: str) -> str:
    """Return the host of a URL; empty if it has none or is ambiguous."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return ""
    return "" if "@" in parts.netloc or "\\" in url or any(one.isspace() for one in url) else host


def proxy(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a proxy that is not in a private network."""
    url = (scene.use.environment or {}).get("HTTPS_PROXY")
    if url and not is_private(host_of(url)):
        yield scene.use.function.address, f"The collector's calls go through a proxy at {host_of(url) or 'no host'}."


def is_private(host: str) -> bool:
    """True if a host is a private IP address, or a name under .internal, the domain for private networks."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.endswith(".internal")
    return any(address.version == network.version and address in network for network in PRIVATE)


def package(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find code that is not the package committed with this version of the module."""
    function = scene.use.function
    values = function.after
    if not function.stays:
        return
    for attribute in ("image_uri", "file_system_config"):
        if values.get(attribute):
            yield function.address, f"The function takes code from its {attribute}, which the module does not set."
    for layer in values.get("layers") or []:
        if layer.split(":")[4:5] != [scene.use.account.id]:
            yield function.address, f"The layer {layer} belongs to another account, and may contain code."
    if values.get("s3_bucket") or values.get("s3_key"):
        if not signed_here(scene, values.get("code_signing_config_arn")):
            where = f"s3://{values.get('s3_bucket')}/{values.get('s3_key')}"
            yield function.address, f"The package is {where}, and Lambda does not check a signature of yours."
    elif values.get("source_code_hash") != PACKAGE:
        file = values.get("filename")
        yield function.address, f"The package {file} is not the one committed with this version of the module."


def signed_here(scene: Scene, arn: Any) -> bool:
    """True if Lambda accepts only code that this account's signing configuration allows."""
    if not isinstance(arn, str) or arn.split(":")[4:5] != [scene.use.account.id]:
        return False
    configs = [one for one in scene.others if one.type == "aws_lambda_code_signing_config" and one.stays]
    named = [one for one in configs if one.values.get("arn") == arn]
    return all(
        policy.get("untrusted_artifact_on_deployment") == "Enforce"
        for config in named
        for policy in config.values.get("policies") or []
    )


def other_account(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a secret or a key of another account."""
    account = scene.use.account
    if not account.id:
        return
    secret = scene.use.one("collector", "aws_iam_role_policy", "credentials")
    for one in statements(secret, "policy"):
        for arn in texts(one.get("Resource")):
            if secret and secret.stays and arn.startswith("arn:") and arn.split(":")[4] != account.id:
                yield secret.address, f"Zoom's credentials are in a secret of account {arn.split(':')[4]}."
    for place, resource in scene.use.members:
        for attribute in ("kms_key_arn", "kms_key_id", "kms_master_key_id", "rule"):
            for arn in _key_arns(resource.after.get(attribute)):
                if arn.split(":")[4] != account.id:
                    what = {"archive": "records"}.get(place, "secrets, logs and messages")
                    yield resource.address, f"The key for {what} belongs to account {arn.split(':')[4]}."


def _key_arns(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _key_arns(one)
    elif isinstance(value, dict):
        for one in value.values():
            yield from _key_arns(one)
    elif isinstance(value, str) and value.startswith("arn:") and value.split(":")[2] == "kms":
        yield value


def records_elsewhere(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a bucket, folder or checkpoint that would change."""
    function = scene.use.function
    before, after = environment(function.before), scene.use.environment
    if before is None or after is None or not function.before or not function.stays:
        return
    for name, what in PLACES.items():
        if name == "STATE_KEY" and function.imported:
            continue  # the guide's set-up keeps it among the records: `zoomlogs adopt` moves it
        if before.get(name) and before.get(name) != after.get(name):
            yield function.address, f"The {what} would be {after.get(name)}. It is now {before[name]}."


def reader_trust(scene: Scene) -> Iterator[tuple[str, str]]:
    """Find a reader's role that trusts another account's provider, or another Google service account than now."""
    role = scene.use.one("secops_reader", "aws_iam_role", "reader")
    if role is None or not role.stays:
        return
    for one in statements(role, "assume_role_policy"):
        providers = texts((one.get("Principal") or {}).get("Federated"))
        for provider in providers:
            if provider.startswith("arn:") and provider.split(":")[4] != scene.use.account.id:
                yield (
                    role.address,
                    f"The reader's role trusts an identity provider of account {provider.split(':')[4]}.",
                )
    before, after = _subjects(role.before), _subjects(role.after)
    if before and before != after:
        yield role.address, "The reader's role would trust another Google service account than now."


def _subjects(values: dict[str, Any]) -> list[str]:
    policy = document(values.get("assume_role_policy")) or {}
    found = []
    for one in policy.get("Statement") or []:
        for condition in (one.get("Condition") or {}).values():
            found += texts(condition.get("accounts.google.com:sub"))
    return sorted(found)


RULES = (
    Rule(
        "zoom-host",
        "The collector sends the client secret to these addresses, and stores their answers as Zoom's records.",
        "Use addresses under zoom.us, or zoomgov.com for Zoom for Government, and leave zoom.allow_other_hosts out.",
        zoom_hosts,
    ),
    Rule(
        "proxy",
        "The proxy's operator sees which hosts the collector calls, and can block or redirect its calls.",
        "Give collector.vpc.https_proxy an address of your network: a private IP address, or a name under .internal.",
        proxy,
    ),
    Rule(
        "package",
        "The code reads Zoom's credentials and writes the records. Nobody who reviews this plan can see what it does.",
        "Leave out `package` and take the check from the same version as the module, or sign the package and give "
        "collector.code_signing_config_arn.",
        package,
    ),
    Rule(
        "other-account",
        "The administrators of that account can read, replace or remove it.",
        "Use a secret and a key of the account in which the collector runs.",
        other_account,
    ),
    Rule(
        "records-elsewhere",
        "The collector does not know what it has delivered to the old place, and the feed still reads there.",
        "Leave the bucket, bucket.prefix and bucket.state_key as they are. To move, follow docs/operations.md.",
        records_elsewhere,
    ),
    Rule(
        "reader-trust",
        "This role can read every record.",
        "Leave reader.subject_id as it is, and let reader.federated_principal name a provider of this account.",
        reader_trust,
    ),
)
