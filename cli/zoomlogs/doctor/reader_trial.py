"""Makes Google's calls with the feed's access key, to see what all policies together allow.

The calls are those for which Google's Storage Transfer Service asks permissions ("Configure access to a source: Amazon
S3" and "Event-driven transfers from AWS"), and HeadBucket, which needs the same permission as listing the whole bucket.
They delete nothing and hide no message from the feed.
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
NOT_YET = "a new access key can take a minute to work everywhere: try again then"
RENEW = "run `zoomlogs reader-key rotate`, then `zoomlogs feed apply`"
LOOK = (
    "run `terraform apply`; if that changes nothing, look for a Deny in the bucket's policy, in the reader's"
    " permissions boundary, and in the organisation's SCPs and RCPs"
)
FOLDER_ONLY = (
    "the bucket has other objects too, so the policy allows listing only the folder. Google's documentation asks for"
    " the whole bucket: if the feed fails with ACCESS_DENIED, set `reader = { list_whole_bucket = true }` and apply"
)


@cache  # the other calls depend on it
def key(facts: Facts) -> Finding:
    """Try the access key itself with a call that needs no permission."""
    reader = facts.output("reader")
    if reader["mode"] == "role":
        return unknown(
            "Not tried because the reader is a role, which only Google's own token can assume: `zoomlogs feed status`"
            " shows whether the feed reads, and the check reader's rights of `zoomlogs doctor` simulates its policies."
        )
    if reader["mode"] == "none":
        return unknown('Not tried because `reader.mode` is "none": the module manages no reader.')
    if len(facts.access_keys(reader["name"])) > 1:
        return unknown(
            "Not tried because the user has two access keys: `zoomlogs reader-key rotate --finish` would take this use"
            " of the stored key for the feed's. Finish the rotation first."
        )
    sts = facts.as_reader("sts")
    try:
        who = str(sts.get_caller_identity()["Arn"])
    except Exception as error:
        code, known = error_code(error), facts.access_keys(reader["name"])
        if code in UNKNOWN_KEY and known.get(facts.reader_key_id) == "Active":
            return unknown(f"AWS does not accept the access key in the reader's secret yet ({code}): {NOT_YET}.")
        if code in BAD_KEY:
            return fix(f"AWS does not accept the access key in the reader's secret ({code}): {RENEW}.")
        raise
    if who != reader["arn"]:
        return fix(f"The access key in the reader's secret belongs to {who}, not to {reader['arn']}: {RENEW}.")
    return ok(f"AWS accepts the access key in the reader's secret, as {reader['name']}.")


def list_folder(facts: Facts) -> Finding:
    """Try ListObjectsV2 on the folder."""
    place = {"Bucket": facts.deployment.bucket, "Prefix": facts.deployment.prefix}
    return _tried(facts, f"list {_folder(facts)}", lambda: facts.as_reader("s3").list_objects_v2(**place, MaxKeys=1))


def list_bucket(facts: Facts) -> Finding:
    """Try ListObjectsV2 without a prefix."""
    bucket = facts.deployment.bucket
    return _of_whole_bucket(
        facts, "list the whole bucket", lambda: facts.as_reader("s3").list_objects_v2(Bucket=bucket, MaxKeys=1)
    )


def find_bucket(facts: Facts) -> Finding:
    """Try HeadBucket."""
    does, bucket = "ask whether the bucket exists (HeadBucket)", facts.deployment.bucket
    return _of_whole_bucket(facts, does, lambda: facts.as_reader("s3").head_bucket(Bucket=bucket))


def locate_bucket(facts: Facts) -> Finding:
    """Try GetBucketLocation."""
    does, bucket = "ask for the bucket's region (GetBucketLocation)", facts.deployment.bucket
    return _tried(facts, does, lambda: facts.as_reader("s3").get_bucket_location(Bucket=bucket))


def read_record(facts: Facts) -> Finding:
    """Try GetObject of one object in the folder."""
    _demand_key(facts)
    s3, place = facts.as_reader("s3"), {"Bucket": facts.deployment.bucket}
    try:
        found = s3.list_objects_v2(**place, Prefix=facts.deployment.prefix, MaxKeys=1).get("Contents", [])
    except Exception as error:
        if is_denied(error):
            raise NotCheckedError("the reader may not list the folder (see the check list folder)") from None
        raise
    if not found:
        raise NotCheckedError(
            f"{_folder(facts)} has no object to read: run `zoomlogs run` first, unless the feed has deleted all objects"
        )
    name = found[0]["Key"]
    does = f"read s3://{facts.deployment.bucket}/{name}"
    return _tried(facts, does, lambda: s3.get_object(**place, Key=name)["Body"].read(1))


def take_message(facts: Facts) -> Finding:
    """Try ReceiveMessage; the message stays visible to the feed."""
    queue = (facts.deployment.outputs.get("secops_feed") or {}).get("queue")
    if not queue:
        return ok("The feed has no queue: it lists the bucket.")
    asked = {"QueueUrl": queue["url"], "MaxNumberOfMessages": 1, "VisibilityTimeout": 0, "WaitTimeSeconds": 0}
    does = f"take messages from {queue['name']}"
    return _tried(facts, does, lambda: facts.as_reader("sqs").receive_message(**asked))


def _of_whole_bucket(facts: Facts, does: str, call: Callable[[], Any]) -> Finding:
    if facts.output("bucket").get("created"):
        return _tried(facts, does, call)
    return _tried(facts, does, call, unknown, FOLDER_ONLY)


def _tried(
    facts: Facts, does: str, call: Callable[[], Any], finding: Callable[[str], Finding] = fix, how: str = LOOK
) -> Finding:
    """Make a call; if it is denied, return `finding` with what to do; raise any other failure."""
    _demand_key(facts)
    try:
        call()
    except Exception as error:
        if is_denied_by_kms(error):
            return fix(
                f"The reader may not {does}, because it may not decrypt with the KMS key ({error_code(error)}): run"
                " `terraform apply`, and let the key's policy allow it (docs/security.md)."
            )
        if error_code(error) in UNKNOWN_KEY:
            return unknown(f"S3 or SQS does not accept the access key yet ({error_code(error)}): {NOT_YET}.")
        if is_denied(error):
            return finding(f"The reader may not {does} ({reason(error)}): {how}.")
        raise
    return ok(f"The reader may {does}.")


def _demand_key(facts: Facts) -> None:
    if key(facts).status != "ok":
        raise NotCheckedError("the reader's key does not work (see the check reader's key)")


def _folder(facts: Facts) -> str:
    return f"s3://{facts.deployment.bucket}/{facts.deployment.prefix}"
