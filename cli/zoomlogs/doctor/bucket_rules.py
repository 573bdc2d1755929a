"""Judges the bucket: its region, how it keeps objects, and who may write. Pure functions, facts to finding."""

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
    """Judge the bucket's region, and whether Google reads Amazon S3 there."""
    if actual != expected:
        return fix(f"The bucket {bucket} is in {actual} and the function in {expected}: use a bucket in {expected}.")
    if not google_reads:
        return fix(
            f"The bucket {bucket} is in {actual}, where Google SecOps does not read Amazon S3: create it in a region on"
            " Google's list (https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions), or set"
            ' `reader = { mode = "none" }` if SecOps should not read it.'
        )
    return ok(f"The bucket {bucket} exists, in {actual}.")


def versioning(status: str | None, bucket: str, *, created: bool, feed_deletes: bool) -> Finding:
    """Judge the bucket's versioning."""
    if status == "Enabled":
        return ok("Versioning is on.")
    loss = "records that the feed deletes are delivered again" if feed_deletes else "a deleted record is lost"
    return fix(f"Versioning is off, so {loss}: {_how(bucket, 'Properties > Bucket Versioning', created)}.")


def object_lock(
    configuration: Mapping[str, Any] | None, lock: Mapping[str, Any] | None, bucket: str, *, created: bool
) -> Finding:
    """Judge the bucket's Object Lock, None if it is off, by the `lock` of the module."""
    if configuration is None:
        if lock is None:
            return ok("Records are not locked (`bucket.lock` is not set).")
        return fix(
            "Object Lock is off, so S3 refuses every object with records:"
            f" {_how(bucket, 'Properties > Object Lock', created)}, or remove `bucket.lock`."
        )
    if default := (configuration.get("Rule") or {}).get("DefaultRetention"):
        years, days = int(default.get("Years") or 0), int(default.get("Days") or 0)
        length = some(years, "year") if years else some(days, "day")
        return fix(
            f"The bucket locks every object by default ({default.get('Mode')}, {length}), also each replaced"
            " checkpoint: remove the default retention (AWS console: S3 > Buckets >"
            f" {bucket} > Properties > Object Lock > Edit), and lock only records, with `bucket.lock`."
        )
    if lock is None:
        return ok("Object Lock is on without a default retention; records are not locked (`bucket.lock` is not set).")
    return ok(f"Each object with records is locked for {some(int(lock['days']), 'day')} ({lock['mode']}).")


def encryption(rules: Sequence[Mapping[str, Any]], bucket: str, *, created: bool) -> Finding:
    """Judge the bucket's default encryption."""
    algorithms = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm") for rule in rules]
    if not any(algorithms):
        return fix(f"The bucket has no default encryption: {_how(bucket, 'Properties > Default encryption', created)}.")
    return ok(f"Default encryption is on ({listed(filter(None, algorithms))}).")


def public_access(block: Mapping[str, bool], bucket: str, *, created: bool) -> Finding:
    """Judge the bucket's Block Public Access settings; the account's are not read."""
    names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    if missing := [name for name in names if not block.get(name)]:
        place = "Permissions > Block public access"
        return fix(f"Block Public Access is off for the bucket ({listed(missing)}): {_how(bucket, place, created)}.")
    return ok("Block Public Access is on.")


def policy(
    actual: str | None,
    wanted: str,
    bucket: str,
    *,
    created: bool,
    break_glass: Sequence[str] = (),
    at: Sequence[str] = (),
) -> Finding:
    """Judge whether the bucket's policy has the module's statements, with any Sid, and allows nobody else access.

    `at` are the ARNs of a record's object and of the checkpoint: in a bucket of the caller's, access to other objects
    is not judged.
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
        how = APPLY if created else f"remove it (AWS console: S3 > Buckets > {bucket} > Permissions > Bucket policy)"
        return fix(
            f"The bucket's policy also allows {listed(opened)}: {how}. If this is intended, skip this check with"
            " `--without 'bucket policy'`."
        )
    if break_glass:
        return fix(
            f"The bucket's policy lets {listed(break_glass)} put and delete records: when the task is done, remove"
            f" {'it' if len(break_glass) == 1 else 'them'} from bucket.break_glass_arns"
            f" and {'run `terraform apply`' if created else 'merge the output `bucket.policy` again'}."
        )
    return ok(
        "The bucket's policy denies plain HTTP, overwriting, other KMS keys, puts by anyone but the collector, and"
        " deletions by anyone but the feed."
    )


def archive(markers: Sequence[Marker], rule: Rule, bucket: str, prefix: str) -> Finding:
    """Judge the delete markers on records: where the feed deletes nothing, they hide records from every reader."""
    if rule.feed_deletes:
        return ok("The feed deletes what it has read (`FEED_DELETES`); the versions stay.")
    hidden = [marker for marker in markers if rule.hides(marker.marked, marker.written_by(prefix))]
    if hidden:
        first = min(hidden, key=lambda marker: marker.key)
        how = (
            f"as a role of bucket.break_glass_arns list the markers with `{listing_command(bucket, prefix)}`, and"
            f" remove each, such as with `{removing_command(bucket, first.key, first.version_id)}` (docs/operations.md,"
            " Replaying a day)"
            if any(marker.written for marker in hidden)
            else "their versions are deleted too, so only a backfill brings back what Zoom still has: run `zoomlogs"
            " verify` to see what is missing"
        )
        return fix(
            f"{some(len(hidden), 'object')} with records {'is' if len(hidden) == 1 else 'are'} behind"
            f" delete markers, where nobody can read them, although the feed deletes nothing: find out who"
            f" deleted them, and {how}."
        )
    excused = f"; S3 or the feed deleted {some(len(markers), 'object')}" if markers else ""
    return ok(f"No record is behind a delete marker{excused}.")


def other_reports(below: str | None, above: str | None, at: Deployment) -> Finding:
    """Judge whether one feed reads two reports, by keys of another report under the prefix and in a folder above."""
    bucket, prefix = at.bucket, at.prefix
    page = "docs/operations.md, Two reports under one prefix"
    if below:
        other = report_of(below)
        return fix(
            f"s3://{bucket}/{prefix} also has records of Zoom's report {other}, such as s3://{bucket}/{below}: one"
            f" feed reads both, and a run without a checkpoint refuses the prefix. Set a `bucket.prefix` outside of it"
            f" for {other}, and delete its objects here with all versions ({page})."
        )
    if above:
        folder = re.split(r"\d{4}/\d{2}/\d{2}/", above)[0]
        return fix(
            f"s3://{bucket}/{folder} has records of Zoom's report {report_of(above)}, such as s3://{bucket}/{above},"
            f" and their feed also reads s3://{bucket}/{prefix}: set a `bucket.prefix` for this module outside of"
            f" s3://{bucket}/{folder}, and delete its objects here with all versions ({page})."
        )
    return ok("There are no records of another report under the prefix or in the folders above it.")


def puts(denials: Sequence[Denial], found: Sequence[Run], bucket: str) -> Finding:
    """Judge whether S3 accepts the collector's writes, by the bucket policy's denials and the last runs."""
    sure = [denial for denial in denials if denial.sure]
    if sure:
        how = (
            "set `bucket.encryption` and `kms_key` to what it requires"
            if all(denial.by_encryption for denial in sure)
            else f"change it (AWS console: S3 > Buckets > {bucket} > Permissions > Bucket policy)"
        )
        return fix(f"The bucket's policy denies the collector's writes, by {_names(sure)}: {how}.")
    ended = [run for run in found if run.outcome != "running"]
    perhaps = f", or perhaps by {_names(denials)}, which cannot be judged here" if denials else ""
    if ended and ended[-1].outcome == "failed" and REFUSED_PUT in ended[-1].sentence:
        refused = f"S3 refused a write of the last run: {ended[-1].sentence}"
        if "(AccessDenied" not in ended[-1].sentence:
            return fix(refused)
        return fix(
            f"{refused} The bucket's policy does not deny it{perhaps}."
            " The check collector's rights judges the role's own policies. No check judges the organisation's service"
            " control policies (SCPs) and resource control policies (RCPs), or the KMS key's policy: ask their"
            " owners."
        )
    if denials and not any(run.written for run in ended):
        return unknown(
            f"Whether the bucket's policy denies the collector's writes by {_names(denials)} cannot be judged here: the"
            " next run that writes a record shows it."
        )
    last = ", and S3 refused no write of the last run" if ended else ""
    return ok(f"The bucket's policy denies none of the collector's writes{last}.")


def _names(denials: Iterable[Denial]) -> str:
    return listed(denial.name for denial in denials)


def policy_statements(document: str | None) -> list[Mapping[str, Any]]:
    """Return a policy's statements; a single statement may stand without a list."""
    found = json.loads(document)["Statement"] if document else []
    return [found] if isinstance(found, dict) else found


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a normalised statement: AWS returns single values without a list."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        return sorted(map(str, value)) if isinstance(value, list) else [str(value)]

    return {name: plain(value) for name, value in statement.items() if name != "Sid"}


def _how(bucket: str, place: str, created: bool) -> str:
    return APPLY if created else f"change it in the AWS console under S3 > Buckets > {bucket} > {place}"
