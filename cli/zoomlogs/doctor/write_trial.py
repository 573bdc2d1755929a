"""Whether a record can be written over: tried by the collector, and by whoever runs the doctor.

Both send an object its own bytes, on the condition that it does not exist. The collector must be answered 412. For
others the bucket's policy must end it earlier, with 403.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws import error_code, is_denied, reason
from .findings import Finding, NotCheckedError, fix, ok, unknown

if TYPE_CHECKING:
    from .facts import Facts

BY_BUCKET_POLICY = "explicit deny in a resource-based policy"
"""AWS's words for it (IAM User Guide, "Troubleshoot access denied error messages")."""


def by_collector(facts: Facts) -> Finding:
    """Have the collector try."""
    answer = facts.probed
    if answer.error:
        return fix(answer.error)
    sentence = answer.result.get("sentence")
    if not sentence:
        return unknown("The function answered something else than what a probe finds.")
    return ok(sentence) if answer.result.get("ok") is True else unknown(sentence)


def by_others(facts: Facts) -> Finding:
    """Try it with the caller's own AWS identity."""
    name = facts.probed.result.get("key")
    if not name:
        raise NotCheckedError("the collector tried no object, as is said of it here")
    s3, place = facts.client("s3"), {"Bucket": facts.deployment.bucket, "Key": str(name)}
    body = s3.get_object(**place)["Body"].read()
    where = f"s3://{place['Bucket']}/{place['Key']}"
    try:
        s3.put_object(**place, Body=body, IfNoneMatch="*", ContentType="application/gzip")
    except Exception as error:
        return _judged(error, where)
    return fix(
        f"S3 let your AWS identity write over {where}, with the same bytes: the feed may read it once more. Run"
        " `zoomlogs doctor`, whose line bucket policy says what is missing."
    )


def _judged(error: Exception, where: str) -> Finding:
    if is_denied(error) and BY_BUCKET_POLICY in str(error):
        return ok(f"The bucket's policy keeps your AWS identity from writing {where} (403), as it must.")
    if is_denied(error):
        return unknown(
            f"Your AWS identity may not write {where} (403), but S3 does not say that the bucket's policy is why:"
            f" {reason(error)}. Try it with an identity that has s3:PutObject on every bucket."
        )
    if error_code(error) == "PreconditionFailed":
        return fix(
            f"Your AWS identity may write under the feed's folder: only the condition kept it from writing over {where}"
            " (412). Run `terraform apply`, or merge the output `bucket.policy` into the policy of a bucket of yours;"
            " an identity in `bucket.break_glass_arns` is meant to get this far."
        )
    raise error
