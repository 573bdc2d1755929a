"""Google's calls, made with the access key that the feed has: what all policies together let the reader do.

The calls are those for which Google's Storage Transfer Service asks a permission ("Configure access to a source: Amazon
S3" and "Event-driven transfers from AWS"), and HeadBucket, which needs the same one as a listing of the whole bucket.
Nothing is deleted, and no message is hidden from the feed.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ..aws import error_code, is_denied, is_denied_by_kms, reason
from .findings import Finding, NotCheckedError, fix, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from .facts import Facts

UNKNOWN_KEY = ("InvalidClientTokenId", "InvalidAccessKeyId")
BAD_KEY = (*UNKNOWN_KEY, "SignatureDoesNotMatch")
NOT_YET = "AWS may take a minute to know a new access key everywhere: try again then"
RENEW = "run `zoomlogs reader-key rotate`, then `zoomlogs feed apply`"
LOOK = (
    "run `terraform apply`; if that changes nothing, look for a Deny in the bucket's policy, in the reader's"
    " permissions boundary, and in the organisation's SCPs and RCPs"
)


@cache  # the other calls depend on it
def key(facts: Facts) -> Finding:
    """Try the access key itself: asking who one is needs no right."""
    reader = facts.output("reader")
    if reader["mode"] == "role":
        return unknown(
            "Not tried because the reader is a role, which AWS opens only to Google's own token: `zoomlogs feed status`"
            " says whether the feed reads, and the line reader's rights of `zoomlogs doctor` simulates its policies."
        )
    if reader["mode"] == "none":
        return unknown(
            'Not tried because `reader.mode` is "none": who reads the records, and with which key, is set up elsewhere.'
        )
    if len(facts.access_keys(reader["name"])) > 1:
        return unknown(
            "Not tried because the user has two access keys: a use of the stored one would look to `zoomlogs reader-key"
            " rotate --finish` as if the feed had it already. Finish the rotation first."
        )
    sts = facts.as_reader("sts")
    try:
        who = str(sts.get_caller_identity()["Arn"])
    except Exception as error:
        known = facts.access_keys(reader["name"])
        if error_code(error) in UNKNOWN_KEY and known.get(facts.reader_key_id) == "Active":
            return unknown(
                f"AWS does not accept the access key in the reader's secret yet ({error_code(error)}). {NOT_YET}."
            )
        if error_code(error) in BAD_KEY:
            return fix(f"AWS does not accept the access key in the reader's secret ({error_code(error)}): {RENEW}.")
        raise
    if who != reader["arn"]:
        return fix(f"The access key in the reader's secret belongs to {who}, not to {reader['arn']}: {RENEW}.")
    return ok(f"AWS accepts the access key in the reader's secret, as {reader['name']}.")


def list_folder(facts: Facts) -> Finding:
    """Try ListObjectsV2 on the folder."""
    place = {"Bucket": facts.deployment.bucket, "Prefix": facts.deployment.prefix}
    return _tried(
        facts, f"list {_folder(facts)}", lambda: facts.as_reader("s3").list_objects_v2(**place, MaxKeys=1), fix, LOOK
    )


def list_bucket(facts: Facts) -> Finding:
    """Try ListObjectsV2 without a prefix."""
    does, call = (
        "list the whole bucket",
        lambda: facts.as_reader("s3").list_objects_v2(Bucket=_bucket(facts), MaxKeys=1),
    )
    return _of_whole_bucket(facts, does, call)


def find_bucket(facts: Facts) -> Finding:
    """Try HeadBucket."""
    return _of_whole_bucket(
        facts,
        "ask whether the bucket exists (HeadBucket)",
        lambda: facts.as_reader("s3").head_bucket(Bucket=_bucket(facts)),
    )


def locate_bucket(facts: Facts) -> Finding:
    """Try GetBucketLocation."""
    does = "ask for the bucket's region (GetBucketLocation)"
    return _tried(facts, does, lambda: facts.as_reader("s3").get_bucket_location(Bucket=_bucket(facts)), fix, LOOK)


def read_record(facts: Facts) -> Finding:
    """Try GetObject of one object in the folder."""
    _demand_key(facts)
    s3, place = facts.as_reader("s3"), {"Bucket": facts.deployment.bucket}
    try:
        found = s3.list_objects_v2(**place, Prefix=facts.deployment.prefix, MaxKeys=1).get("Contents", [])
    except Exception as error:
        if is_denied(error):
            raise NotCheckedError("the reader may not list the folder, as is said of it here") from None
        raise
    if not found:
        raise NotCheckedError(
            f"there is no object in {_folder(facts)} to read: run `zoomlogs run` first, unless the feed has deleted all"
        )
    name = found[0]["Key"]
    return _tried(
        facts,
        f"read s3://{facts.deployment.bucket}/{name}",
        lambda: s3.get_object(**place, Key=name)["Body"].read(1),
        fix,
        LOOK,
    )


def take_message(facts: Facts) -> Finding:
    """Try ReceiveMessage, of which the feed notices nothing: the message is visible again at once."""
    queue = (facts.deployment.outputs.get("secops_feed") or {}).get("queue")
    if not queue:
        return ok("The feed has no queue: it lists the bucket.")
    asked = {"QueueUrl": queue["url"], "MaxNumberOfMessages": 1, "VisibilityTimeout": 0, "WaitTimeSeconds": 0}
    return _tried(
        facts, f"take messages from {queue['name']}", lambda: facts.as_reader("sqs").receive_message(**asked), fix, LOOK
    )


def _of_whole_bucket(facts: Facts, does: str, call: Callable[[], Any]) -> Finding:
    if facts.output("bucket").get("created"):
        return _tried(facts, does, call, fix, LOOK)
    how = (
        "the bucket holds more than these records, so the policy allows a listing of the folder only. Google's"
        " documentation asks for the whole bucket: if the feed fails with ACCESS_DENIED, set"
        " `reader = { list_whole_bucket = true }` and apply"
    )
    return _tried(facts, does, call, unknown, how)


def _tried(facts: Facts, does: str, call: Callable[[], Any], finding: Callable[[str], Finding], how: str) -> Finding:
    """Make a call; where the reader lacks a right, return `finding` with what to do, and raise any other failure."""
    _demand_key(facts)
    try:
        call()
    except Exception as error:
        if is_denied_by_kms(error):
            return fix(
                f"The reader may not {does}, because it may not decrypt with the KMS key ({error_code(error)}): run"
                " `terraform apply`, and let the key's policy allow it, as docs/security.md says."
            )
        if error_code(error) in UNKNOWN_KEY:
            return unknown(f"S3 or SQS does not know the access key yet ({error_code(error)}). {NOT_YET}.")
        if is_denied(error):
            return finding(f"The reader may not {does} ({reason(error)}): {how}.")
        raise
    return ok(f"The reader may {does}.")


def _demand_key(facts: Facts) -> None:
    if key(facts).status != "ok":
        raise NotCheckedError("the reader's key cannot be used, as is said of it here")


def _bucket(facts: Facts) -> str:
    return facts.deployment.bucket


def _folder(facts: Facts) -> str:
    return f"s3://{facts.deployment.bucket}/{facts.deployment.prefix}"
