"""Tries to overwrite a record, as the collector and as the caller.

Both put an object with its own bytes, on the condition that it does not exist. S3 must answer the collector with 412;
the bucket's policy must refuse the caller with 403.
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
    """Let the collector try."""
    answer = facts.probed
    if answer.error:
        return fix(answer.error)
    sentence = answer.result.get("sentence")
    if not sentence:
        return unknown("The function's answer is not that of a probe.")
    return ok(sentence) if answer.result.get("ok") is True else unknown(sentence)


def by_others(facts: Facts) -> Finding:
    """Try it as the caller."""
    name = facts.probed.result.get("key")
    if not name:
        raise NotCheckedError("the collector tried no object (see the check write once)")
    s3, place = facts.client("s3"), {"Bucket": facts.deployment.bucket, "Key": str(name)}
    body = s3.get_object(**place)["Body"].read()
    where = f"s3://{place['Bucket']}/{place['Key']}"
    try:
        s3.put_object(**place, Body=body, IfNoneMatch="*", ContentType="application/gzip")
    except Exception as error:
        return _judged(error, where)
    return fix(
        f"S3 let your AWS identity overwrite {where}, with the same bytes, so the feed may read it again. Run"
        " `zoomlogs doctor`: its check bucket policy says what is missing."
    )


def _judged(error: Exception, where: str) -> Finding:
    if is_denied(error) and BY_BUCKET_POLICY in str(error):
        return ok(f"The bucket's policy does not let your AWS identity write {where} (403), as intended.")
    if is_denied(error):
        return unknown(
            f"Your AWS identity may not write {where} (403), but S3 does not name the bucket's policy as the reason:"
            f" {reason(error)}. Try it with an identity that has s3:PutObject on every bucket."
        )
    if error_code(error) == "PreconditionFailed":
        return fix(
            f"Your AWS identity may write in the feed's folder: only the condition stopped it from overwriting {where}"
            " (412). Run `terraform apply`, or merge the output `bucket.policy` into the policy of your own bucket. For"
            " an identity in `bucket.break_glass_arns` this is intended."
        )
    raise error
