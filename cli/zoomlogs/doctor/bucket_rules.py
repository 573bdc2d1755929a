"""Judges the bucket: where it lies, how it keeps objects, and who may write.

Pure functions, from facts to a finding.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from zoom_operationlogs.archive_object import report_of

from ..dates import listed, some
from ..deleted import listing_command, removing_command
from .denials import grants
from .findings import APPLY, Finding, fix, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..deleted import Marker, Rule
    from ..deployment import Deployment
    from ..runs import Run
    from .denials import Denial

REFUSED_PUT = "S3 refuses s3:PutObject"


def region(actual: str, expected: str, bucket: str, *, google_reads: bool) -> Finding:
    """Judge where the bucket lies, and whether Google reads Amazon S3 in the function's region."""
    if actual != expected:
        return fix(f"The bucket {bucket} lies in {actual} and the function in {expected}: give a bucket in {expected}.")
    if not google_reads:
        return fix(
            f"The bucket {bucket} lies in {actual}, where Google SecOps does not read Amazon S3: make it in a region of"
            " Google's list (https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions), or set"
            ' `reader = { mode = "none" }` if SecOps is not to read it.'
        )
    return ok(f"The bucket {bucket} is there, in {actual}.")


def versioning(status: str | None, bucket: str, *, created: bool, feed_deletes: bool) -> Finding:
    """Judge the bucket's versioning."""
    if status == "Enabled":
        return ok("The bucket keeps versions.")
    loss = "records that the feed deletes would be delivered again" if feed_deletes else "a deleted record is gone"
    return fix(
        f"The bucket keeps no versions, so that {loss}: {_mend(bucket, 'Properties > Bucket Versioning', created)}."
    )


def object_lock(
    configuration: Mapping[str, Any] | None, lock: Mapping[str, Any] | None, bucket: str, *, created: bool
) -> Finding:
    """Judge the bucket's Object Lock, None where it is off, by the `lock` that objects of records are to have."""
    if configuration is None:
        if lock is None:
            return ok("Records are not locked, as `bucket.lock` has it.")
        return fix(
            "Object Lock is off in the bucket, so that S3 refuses every object of records:"
            f" {_mend(bucket, 'Properties > Object Lock', created)}, or remove `bucket.lock`."
        )
    if default := (configuration.get("Rule") or {}).get("DefaultRetention"):
        years, days = int(default.get("Years") or 0), int(default.get("Days") or 0)
        length = some(years, "year") if years else some(days, "day")
        return fix(
            f"The bucket locks every object by default ({default.get('Mode')}, {length}), so that each checkpoint that"
            " a run replaces is kept as long: remove the default retention (AWS console: S3 > Buckets >"
            f" {bucket} > Properties > Object Lock > Edit), and lock the records alone with `bucket.lock`."
        )
    if lock is None:
        return ok("Object Lock is on and locks nothing by default; records are not locked, as `bucket.lock` has it.")
    return ok(f"Each object of records is locked for {some(int(lock['days']), 'day')} ({lock['mode']}).")


def encryption(rules: Sequence[Mapping[str, Any]], bucket: str, *, created: bool) -> Finding:
    """Judge the bucket's default encryption."""
    algorithms = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
    if not any(algorithms):
        return fix(
            f"The bucket has no default encryption: {_mend(bucket, 'Properties > Default encryption', created)}."
        )
    return ok(f"The bucket encrypts what it keeps ({listed(filter(None, algorithms))}).")


def public_access(block: Mapping[str, bool], bucket: str, *, created: bool) -> Finding:
    """Judge the bucket's own block of public access, which an account's may back."""
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    if missing := [name for name in names if not block.get(name)]:
        place = "Permissions > Block public access"
        return fix(
            f"The bucket itself does not shut out the public ({listed(missing)}): {_mend(bucket, place, created)}."
        )
    return ok("The bucket shuts out the public.")


def policy(
    actual: str | None,
    wanted: str,
    bucket: str,
    *,
    created: bool,
    break_glass: Sequence[str] = (),
    at: Sequence[str] = (),
) -> Finding:
    """Judge whether the bucket's policy holds the module's statements, whatever their Sid, and lets nobody else in.

    `at` are the ARNs of an object of records and of the checkpoint: in a bucket made elsewhere, what others may do
    with other objects is not judged.
    """
    has = [_statement(statement) for statement in policy_statements(actual)]
    missing = [str(statement.get("Sid")) for statement in policy_statements(wanted) if _statement(statement) not in has]
    if missing:
        how = (
            APPLY
            if created
            else (
                "merge the output `bucket.policy` into its policy (AWS console: S3 > Buckets >"
                f" {bucket} > Permissions > Bucket policy)"
            )
        )
        return fix(f"The bucket's policy lacks {listed(missing)}: {how}.")
    ours = [_statement(statement) for statement in policy_statements(wanted)]
    others = [each for each in policy_statements(actual) if _statement(each) not in ours]
    if opened := grants(others, at, created=created):
        mend = APPLY if created else f"remove it (AWS console: S3 > Buckets > {bucket} > Permissions > Bucket policy)"
        return fix(
            f"The bucket's policy also allows {listed(opened)}: {mend}. If it is meant, leave this check out with"
            " `--without 'bucket policy'`."
        )
    if break_glass:
        return fix(
            f"The bucket's policy lets {listed(break_glass)} put and delete records: when the task is done, take"
            f" {'it' if len(break_glass) == 1 else 'them'} out of bucket.break_glass_arns"
            f" and {'run `terraform apply`' if created else 'merge the output `bucket.policy` again'}."
        )
    return ok(
        "The bucket's policy refuses plain HTTP, overwriting, callers' own keys, puts by anyone but the collector, and"
        " deletions that the feed does not make."
    )


def archive(markers: Sequence[Marker], rule: Rule, bucket: str, prefix: str) -> Finding:
    """Judge the delete markers on objects of records: where the feed deletes nothing, they hide what nobody reads."""
    if rule.feed_deletes:
        return ok("What the feed has read it deletes, as `FEED_DELETES` has it; its versions stay.")
    hidden = [marker for marker in markers if rule.hides(marker.marked, marker.written_by(prefix))]
    if hidden:
        first = min(hidden, key=lambda marker: marker.key)
        mend = (
            f"as a role of bucket.break_glass_arns list the markers with `{listing_command(bucket, prefix)}`, and"
            f" remove each, such as with `{removing_command(bucket, first.key, first.version_id)}` (docs/operations.md,"
            " Replaying a day)"
            if any(marker.written for marker in hidden)
            else "their versions are gone, too, so that only a backfill brings back what Zoom still has: run `zoomlogs"
            " verify` to see what is missing"
        )
        return fix(
            f"{some(len(hidden), 'object')} of records {'lies' if len(hidden) == 1 else 'lie'} behind delete markers,"
            f" where nobody reads them, though the feed deletes nothing: find out who deleted them, and {mend}."
        )
    excused = (
        f"; {some(len(markers), 'object')} expired or were deleted while the feed was to delete" if markers else ""
    )
    return ok(f"No object of records is hidden by a delete marker{excused}.")


def other_reports(below: str | None, above: str | None, at: Deployment) -> Finding:
    """Judge whether a feed reads the records of two reports: by the key of an object of another report under the
    prefix, and of one in a folder above."""
    bucket, prefix = at.bucket, at.prefix
    page = "docs/operations.md, Two reports under one prefix"
    if below:
        other = report_of(below)
        return fix(
            f"s3://{bucket}/{prefix} also holds records of Zoom's report {other}, such as s3://{bucket}/{below}: one"
            f" feed reads both, and a run that finds no checkpoint refuses the prefix. Give the block of {other} a"
            f" `bucket.prefix` outside of it, and delete its objects here with all versions ({page})."
        )
    if above:
        folder = re.split(r"\d{4}/\d{2}/\d{2}/", above)[0]
        return fix(
            f"s3://{bucket}/{folder} holds records of Zoom's report {report_of(above)}, such as s3://{bucket}/{above},"
            f" and their feed also reads s3://{bucket}/{prefix}: give this block a `bucket.prefix` outside of"
            f" s3://{bucket}/{folder}, and delete its objects here with all versions ({page})."
        )
    return ok("No records of another report lie under the prefix, or in the folders above it.")


def puts(denials: Sequence[Denial], found: Sequence[Run], bucket: str) -> Finding:
    """Judge whether S3 takes what the collector writes, by the bucket policy's denials and the last runs."""
    sure = [denial for denial in denials if denial.sure]
    if sure:
        how = (
            "set `bucket.encryption` and `kms_key` to what it requires"
            if all(denial.by_encryption for denial in sure)
            else f"change it (AWS console: S3 > Buckets > {bucket} > Permissions > Bucket policy)"
        )
        return fix(f"The bucket's policy denies what the collector writes, by {_names(sure)}: {how}.")
    ended = [run for run in found if run.outcome != "running"]
    perhaps = f" but perhaps by {_names(denials)}, which depends on what is not known here" if denials else ""
    if ended and ended[-1].outcome == "failed" and REFUSED_PUT in ended[-1].sentence:
        refused = f"S3 refused what the last run wrote: {ended[-1].sentence}"
        if "(AccessDenied" not in ended[-1].sentence:
            return fix(refused)
        return fix(
            f"{refused} The bucket's policy does not deny it{perhaps}."
            " The role's own policies are judged under collector's rights. The organisation's service control policies"
            " (SCPs) and resource control policies (RCPs), and the KMS key's policy, are not judged here: ask their"
            " owners."
        )
    if denials and not any(run.written for run in ended):
        return unknown(
            f"Whether the bucket's policy denies what the collector writes, by {_names(denials)}, depends on what is"
            " not known here: the next run that writes a record shows it."
        )
    last = ", and S3 refused no write of the last run" if ended else ""
    return ok(f"The bucket's policy denies nothing that the collector writes{last}.")


def _names(denials: Iterable[Denial]) -> str:
    return listed(denial.name for denial in denials)


def policy_statements(document: str | None) -> list[Mapping[str, Any]]:
    """Return a policy's statements: a single one needs no list, and no policy has none."""
    found = json.loads(document)["Statement"] if document else []
    return [found] if isinstance(found, dict) else found


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in one way of writing it: AWS gives single values without their list."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return sorted(map(str, value)) if isinstance(value, list) else [str(value)]

    return {name: plain(value) for name, value in statement.items() if name != "Sid"}


def _mend(bucket: str, place: str, created: bool) -> str:
    return APPLY if created else f"change it in the AWS console under S3 > Buckets > {bucket} > {place}"
