"""The rules of the protocol, each broken on purpose in a few lines, most of them at a seam of `mutations`."""

from __future__ import annotations

import gzip
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import blake2b
from itertools import islice
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError
from standins.s3_memory import MemoryS3
from standins.zoom import ZoomAdapter
from zoom_operationlogs import (
    agenda,
    archive,
    batch,
    checkpoint_store,
    date_sweeps,
    lease,
    legacy,
    pending_record,
    rebuild,
    run,
    run_state,
    sweep,
    tail,
    zoom,
    zoom_rate_limits,
    zoom_refusals,
)
from zoom_operationlogs.archive import Archive
from zoom_operationlogs.bucket import Bucket
from zoom_operationlogs.checkpoint import TAIL, Checkpoint
from zoom_operationlogs.checkpoint_store import CheckpointStore
from zoom_operationlogs.deadline import Deadline
from zoom_operationlogs.delivered import Delivered, DeliveredDay
from zoom_operationlogs.errors import (
    DatesRefusedError,
    NewerCheckpointError,
    OtherAccountError,
    OtherReportError,
    OutOfTimeError,
    PageTokenExpiredError,
    UnreadableObjectError,
    UnreadableRowsError,
    ZoomRefusedError,
    ZoomUnavailableError,
)
from zoom_operationlogs.fingerprints import FingerprintCounts
from zoom_operationlogs.form_evidence import Evidence
from zoom_operationlogs.form_guard import FormGuard
from zoom_operationlogs.pending_record import PendingRecord
from zoom_operationlogs.rebuild import Inventory
from zoom_operationlogs.records import Record, Row
from zoom_operationlogs.reports import Report
from zoom_operationlogs.run_state import RunState
from zoom_operationlogs.sweep import Sweep
from zoom_operationlogs.zoom import Page

from .mutations import (
    Function,
    Mutant,
    gets,
    listings,
    merged,
    pages,
    puts,
    recalled,
    settings,
    stored,
)
from .world import PREFIX, START, STATE_KEY

FAR = timedelta(days=400)
NUMBER = re.compile(r"-(\d{6})\.json\.gz$")
GUIDES_NAME = re.compile(r"zoom-operationlogs-[0-9a-f]{8}-[0-9a-f-]{27}\.json\.gz$")


def of_records(request: Mapping[str, Any]) -> bool:
    """Return whether a request is for an object of records."""
    return str(request["Key"]).startswith(PREFIX)


def of_the_checkpoint(request: Mapping[str, Any]) -> bool:
    return bool(request["Key"] == STATE_KEY)


def done(_request: Mapping[str, Any]) -> dict[str, str]:
    """Answer a write as S3 does."""
    return {"ETag": '"done"', "VersionId": "done"}


# Objects


def filed_under_the_date_asked_for(mutant: Mutant) -> None:
    def archive_date(self: Row, sweep_date: date | None) -> date | None:
        return sweep_date or (self.time.date() if self.time else None)

    mutant.replace(Row, "archive_date", lambda _whole: archive_date)


def all_under_the_date_of_the_write(mutant: Mutant) -> None:
    mutant.replace(Row, "archive_date", lambda _whole: lambda self, sweep_date: START.date())


def lines_glued(mutant: Mutant) -> None:
    mutant.replace(archive, "encode", lambda _whole: lambda lines: gzip.compress(b"n".join(lines), mtime=0))


def packed_at_a_time(mutant: Mutant) -> None:
    mutant.replace(
        archive, "encode", lambda _whole: lambda lines: gzip.compress(b"".join(line + b"\n" for line in lines), mtime=7)
    )


def lines_split_wherever_unicode_does(mutant: Mutant) -> None:
    def read_records(body: bytes, look: object) -> list[Record]:
        found = []
        for entry in gzip.decompress(body).decode().splitlines():
            with suppress(ValueError):
                found.append(json.loads(entry))
        return found

    mutant.replace(archive, "read_records", lambda _whole: read_records)


def empty_fields_left_out(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        return lambda record: whole({name: value for name, value in record.items() if value not in ("", None)})

    mutant.replace(pending_record, "line", make)


def non_ascii_escaped(mutant: Mutant) -> None:
    mutant.replace(pending_record, "line", lambda _whole: lambda record: json.dumps(record).encode())


def lone_surrogates_replaced(mutant: Mutant) -> None:
    """Encode as UTF-8, even what UTF-8 cannot represent."""
    mutant.replace(
        pending_record,
        "line",
        lambda _whole: lambda record: json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"),
    )


def metadata_without_version(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        return lambda records: {name: value for name, value in whole(records).items() if name != "collector-version"}

    mutant.replace(archive, "describe", make)


def metadata_without_times(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        return lambda records: {name: value for name, value in whole(records).items() if not name.endswith("-time")}

    mutant.replace(archive, "describe", make)


def metadata_counts_distinct_lines(mutant: Mutant) -> None:
    mutant.replace(archive, "describe", lambda whole: lambda records: {**whole(records), "record-count": "1"})


# Publishing


def trust_the_checkpoint(mutant: Mutant, applies: Any = lambda _day: True) -> None:
    """Do not read the archive, and after a lost race take the next number."""

    def make(whole: Function) -> Function:
        def read_new_objects(self: Archive, known: DeliveredDay, legacy: Any, reserve_share: float = 1.0) -> None:
            if not applies(known.date):
                whole(self, known, legacy, reserve_share)
                return
            known.seq, self.races_lost = known.seq + self.races_lost, 0

        return read_new_objects

    mutant.replace(Archive, "read_new_objects", make)


def trust_the_checkpoint_for_dates_not_requested(mutant: Mutant) -> None:
    trust_the_checkpoint(mutant, lambda day: day < START.date() - timedelta(days=30))


def put_unconditionally(mutant: Mutant) -> None:
    def broken(put: Function, request: dict[str, Any]) -> Any:
        return put(**(request | {"IfNoneMatch": None} if of_records(request) else request))

    puts(mutant, broken)


def take_the_next_number_after_a_timeout(mutant: Mutant) -> None:
    """Treat a write with an unknown outcome as failed, and use the next number."""
    take_the_next_number_after(mutant, lambda error: isinstance(error, BotoCoreError))


def take_the_next_number_after_a_5xx(mutant: Mutant) -> None:
    def is_5xx(error: Exception) -> bool:
        return isinstance(error, ClientError) and error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500

    take_the_next_number_after(mutant, is_5xx)


def take_the_next_number_after(mutant: Mutant, applies: Callable[[Exception], bool]) -> None:
    def broken(put: Function, request: dict[str, Any]) -> Any:
        try:
            return put(**request)
        except Exception as error:
            if not (of_records(request) and applies(error)):
                raise
            return put(
                **request | {"Key": NUMBER.sub(lambda found: f"-{int(found[1]) + 1:06}.json.gz", request["Key"])}
            )

    puts(mutant, broken)


def count_a_timeout_as_done(mutant: Mutant) -> None:
    def broken(put: Function, request: dict[str, Any]) -> Any:
        try:
            return put(**request)
        except BotoCoreError:
            if of_records(request):
                return done(request)
            raise

    puts(mutant, broken)


def list_current_versions_only(mutant: Mutant) -> None:
    """List only current versions, not what the feed has deleted."""
    listings(mutant, lambda s3, _prefix, found: found["Key"] in s3.keys(found["Key"]))


def read_current_versions_only(mutant: Mutant) -> None:
    """Do not read an object that the feed has deleted."""

    def broken(get: Function, request: dict[str, Any], s3: MemoryS3) -> Any:
        answer = get(**request)
        if of_records(request) and request["Key"] not in s3.keys(request["Key"]):
            answer["Body"] = type(answer["Body"])(gzip.compress(b""))
        return answer

    gets(mutant, broken)


def count_foreign_keys_as_ours(mutant: Mutant) -> None:
    """Count the records of any object with a number in its name as delivered."""

    any_name = re.compile(r"\d{4}/\d{2}/\d{2}/zoom-(operationlogs)-(\d{8})-.*\d{6}\.json\.gz")
    mutant.constant(archive, "OBJECT_NAME", any_name, read_by=(Archive, "_versions"))


def read_an_undecodable_object_as_empty(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def read_records(body: bytes, look: object) -> list[Record]:
            try:
                return list(whole(body))
            except ValueError:
                return []

        return read_records

    mutant.replace(archive, "read_records", make)


def end_the_run_at_an_unreadable_object(mutant: Mutant) -> None:
    def hold_up(self: RunState, day: date, error: UnreadableObjectError) -> None:
        raise error

    mutant.replace(RunState, "hold_up", lambda _whole: hold_up)


def put_all_in_one_object(mutant: Mutant) -> None:
    mutant.replace(archive, "first_object", lambda _whole: lambda missing: missing)


def accept_any_number(mutant: Mutant) -> None:
    mutant.replace(DeliveredDay, "forget", lambda _whole: lambda self: None)


def publish_without_checking_the_time(mutant: Mutant) -> None:
    mutant.replace(Archive, "check_time", lambda _whole: lambda self: None)


def keep_the_place_of_a_sweep_with_waiting_rows(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def defer(self: RunState, day: date) -> None:
            places = dict(self.checkpoint.sweeps)
            whole(self, day)
            for name, place in places.items():
                self.keep_place(name, place)

        return defer

    mutant.replace(RunState, "defer", make)


def retry_forty_times_without_checking_the_time(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def until_no_conflict(self: Bucket, key: str) -> Iterator[None]:
            for _ in range(40):
                yield
            yield from whole(self, key)

        return until_no_conflict

    mutant.replace(Bucket, "until_no_conflict", make)


def read_any_answer_as_a_listing(mutant: Mutant) -> None:
    mutant.replace(Bucket, "_listed", lambda _whole: lambda self, page, prefix: page)


def expire_only_what_is_owed_since_before(mutant: Mutant) -> None:
    """Leave the date owed until the clock reaches the time when it became owed."""

    def make(whole: Function) -> Function:
        def expire(self: RunState, day: date, at: datetime) -> None:
            pending = self.checkpoint.owed.get(day)
            whole(self, day, at)
            if pending and pending.owed_since > at:
                self.checkpoint.owed[day] = pending

        return expire

    mutant.replace(RunState, "expire", make)


def settle_what_is_held_up(mutant: Mutant) -> None:
    def hold_up(self: RunState, day: date, error: UnreadableObjectError) -> None:
        self._batch.held_up[day] = error

    mutant.replace(RunState, "hold_up", lambda _whole: hold_up)


def keep_only_dates_that_are_read_to_their_end(mutant: Mutant) -> None:
    def change(whole: Checkpoint) -> Checkpoint:
        days = {day: known for day, known in whole.delivered.days.items() if not known.partial}
        return replace(whole, delivered=replace(whole.delivered, days=days))

    stored(mutant, change)


# Identity


def identity(mutant: Mutant, text_of: Any) -> None:
    def fingerprint(self: Report, record: Record) -> bytes:
        return blake2b(text_of(record).encode(), digest_size=16).digest()

    mutant.replace(Report, "fingerprint", lambda _whole: fingerprint)


def identity_by_the_order_of_fields(mutant: Mutant) -> None:
    identity(mutant, json.dumps)


def identity_by_every_field(mutant: Mutant) -> None:
    identity(mutant, lambda record: json.dumps(record, sort_keys=True))


def count_different_rows_as_one(mutant: Mutant) -> None:
    """Count rows of one identity as one record, equal to the first."""

    def make(_whole: Function) -> Function:
        def show(self: PendingRecord, rows: Sequence[Record]) -> int:
            differ = any(row != rows[0] for row in rows)
            self.count = max(self.count, 1 if differ else len(rows))
            return 0

        return show

    mutant.replace(PendingRecord, "show", make)


def publish_rows_in_another_form(mutant: Mutant) -> None:
    mutant.replace(FormGuard, "hold", lambda _whole: lambda self, day, pending, delivered: None)


def clear_a_date_by_one_known_row(mutant: Mutant) -> None:
    """Never hold a date with a known row."""

    def make(whole: Function) -> Function:
        def _weigh(self: FormGuard, day: Any, times: Any, delivered: Any, archived: Any) -> Evidence:
            found: Evidence = whole(self, day, times, delivered, archived)
            return found._replace(known=found.known * 1000)

        return _weigh

    mutant.replace(FormGuard, "_weigh", make)


def judge_each_date_alone(mutant: Mutant) -> None:
    mutant.replace(Evidence, "__add__", lambda _whole: lambda self, other: self)


def forget_what_an_accept_published(mutant: Mutant) -> None:
    """Forget which records the rows of earlier pages stand for."""

    def make(whole: Function) -> Function:
        def accept(self: FormGuard, archive_day: Any, pending: Any, delivered: Any, archived: Any) -> None:
            self._seen[archive_day.date].standing.clear()
            whole(self, archive_day, pending, delivered, archived)

        return accept

    mutant.replace(FormGuard, "accept", make)


def compare_the_last_second_only(mutant: Mutant) -> None:
    mutant.constant(sweep, "EDGE", timedelta(), read_by=(sweep, "_around"))


def accept_all_rows(mutant: Mutant) -> None:
    """Count every row in another form as delivered."""

    def make(_whole: Function) -> Function:
        def accept(self: FormGuard, archive_day: Any, pending: Any, delivered: Any, archived: Any) -> None:
            pending.clear()

        return accept

    mutant.replace(FormGuard, "accept", make)


def count_twins_once(mutant: Mutant) -> None:
    """Count identical records of a page as one."""

    def broken(ask: Function, *asked: Any) -> Page:
        page = ask(*asked)
        return replace(page, records=[row for at, row in enumerate(page.records) if row not in page.records[:at]])

    pages(mutant, broken)


def count_rows_of_all_pages(mutant: Mutant) -> None:
    """Count a record as often as all pages of a sweep show it."""
    before: list[Record] = []

    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        page = ask(first, last, page_size, token)
        again = [row for row in page.records if token and row in before]
        before[:] = page.records
        return replace(page, records=[*page.records, *again])

    pages(mutant, broken)


def pages_of_one_size(mutant: Mutant) -> None:
    """Always request pages of the ordinary size."""
    pages(mutant, lambda ask, first, last, _page_size, token: ask(first, last, 20, token))


def sweep_split_groups_only_twice(mutant: Mutant) -> None:
    """Count groups as shown after a second sweep, even if that splits them too."""

    def make(whole: Function) -> Function:
        return lambda checkpoint, settings, now, day, pending, completed: (
            None if pending.split else whole(checkpoint, settings, now, day, pending, completed)
        )

    mutant.replace(date_sweeps, "schedule_split_groups", make)


def reconcile_with_the_same_size(mutant: Mutant) -> None:
    mutant.replace(agenda, "smaller_page_size", lambda _whole: lambda page_size: page_size)


def tail_files_records_without_a_time(mutant: Mutant) -> None:
    mutant.replace(
        Row,
        "archive_date",
        lambda _whole: lambda self, sweep_date: self.time.date() if self.time else sweep_date or START.date(),
    )


def records_without_a_time_left_out(mutant: Mutant) -> None:
    mutant.replace(Row, "archive_date", lambda _whole: lambda self, sweep_date: self.time.date() if self.time else None)


# The tail


def tail_up_to_today(mutant: Mutant) -> None:
    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        return ask(first, max(first, last - timedelta(days=first < last)), page_size, token)

    pages(mutant, broken)


def tail_from_yesterday(mutant: Mutant) -> None:
    """Start the tail only one day before its last."""

    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        return ask(max(first, last - timedelta(days=1)), last, page_size, token)

    pages(mutant, broken)


def read_a_refused_tomorrow_as_empty(mutant: Mutant) -> None:
    def broken(ask: Function, *asked: Any) -> Page:
        try:
            return ask(*asked)
        except DatesRefusedError:
            return Page([], "")

    pages(mutant, broken)


def accept_the_first_refusal_of_tomorrow(mutant: Mutant) -> None:
    refused: set[tuple[Any, ...]] = set()

    def broken(ask: Function, *asked: Any) -> Page:
        if asked in refused:
            raise DatesRefusedError("again")
        try:
            return ask(*asked)
        except DatesRefusedError:
            refused.add(asked)
            raise

    pages(mutant, broken)


def tail_stops(mutant: Mutant, broken: Function) -> None:
    """Stop the tail where `broken(whole, sweep, frontier, rows)` returns true."""
    mutant.replace(
        Sweep,
        "reaches_back_past",
        lambda whole: lambda self, frontier, rows: broken(whole, self, frontier, rows),
    )


def stop_at_the_frontier(mutant: Mutant) -> None:
    """Do not read past the frontier."""
    mutant.constant(sweep, "TAIL_OVERLAP", timedelta(), read_by=(Sweep, "reaches_back_past"))


def stop_at_what_is_delivered(mutant: Mutant) -> None:
    """Stop at a page without new records."""
    delivered: set[bytes] = set()

    def broken(whole: Function, self: Sweep, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        here = {row.fingerprint for row in rows}
        nothing_new = here <= delivered
        delivered.update(here)
        return nothing_new or bool(whole(self, frontier, rows))

    tail_stops(mutant, broken)


def stop_at_an_empty_page(mutant: Mutant) -> None:
    tail_stops(mutant, lambda whole, self, frontier, rows: not rows or whole(self, frontier, rows))


def stop_without_a_frontier(mutant: Mutant) -> None:
    """Without a frontier, use the newest row's time."""
    tail_stops(mutant, lambda whole, self, frontier, rows: whole(self, frontier or self.newest, rows))


def stop_though_rows_are_out_of_order(mutant: Mutant) -> None:
    def broken(whole: Function, self: Sweep, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        self.disorder = timedelta()
        return bool(whole(self, frontier, rows))

    tail_stops(mutant, broken)


def frontier_of_the_future(mutant: Mutant) -> None:
    """Move the frontier past the clock to a row's time."""
    newest: list[datetime] = []

    def broken(whole: Function, self: Sweep, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        seen = max(newest, default=frontier)
        newest.extend([self.newest] if self.newest and self.rows_read == len(rows) else [])
        return bool(whole(self, seen, rows))

    tail_stops(mutant, broken)


def read_to_the_end_at_any_disorder(mutant: Mutant) -> None:
    """Treat order as all or nothing."""

    def broken(whole: Function, self: Sweep, frontier: datetime | None, rows: Sequence[Row]) -> bool:
        return not self.disorder and bool(whole(self, frontier, rows))

    tail_stops(mutant, broken)


def sweep_what_the_tail_has_swept(mutant: Mutant) -> None:
    mutant.replace(tail, "settled_by_tail", lambda _whole: lambda checkpoint, settings, now, completed: [])


def settle_dates_by_a_tail(mutant: Mutant, **unseen: Any) -> None:
    """Settle the tail's dates as if its sweep had another state."""
    mutant.replace(
        tail,
        "settled_by_tail",
        lambda whole: (
            lambda checkpoint, settings, now, completed: list(
                whole(checkpoint, settings, now, replace(completed, **unseen))
            )
        ),
    )


def settle_dates_by_a_tail_out_of_order(mutant: Mutant) -> None:
    settle_dates_by_a_tail(mutant, disorder=timedelta())


def settle_dates_by_a_tail_with_untimed_rows(mutant: Mutant) -> None:
    settle_dates_by_a_tail(mutant, untimed=0)


def settle_dates_by_a_tail_with_split_groups(mutant: Mutant) -> None:
    settle_dates_by_a_tail(mutant, split=[])


def count_a_shift_as_disorder(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def observe(self: Sweep, rows: Sequence[Row]) -> None:
            before = self.last_time
            whole(self, rows)
            if before and rows and rows[0].time and rows[0].time > before:
                self.disorder = FAR

        return observe

    mutant.replace(Sweep, "observe", make)


def move_the_frontier_on_a_sweep_that_did_not_end(mutant: Mutant) -> None:
    """Save page one's newest time as the frontier, even if the sweep does not end."""

    def eager(whole: Checkpoint) -> Checkpoint:
        tail = whole.sweeps.get(TAIL)
        return replace(whole, frontier=tail.newest) if tail else whole

    stored(mutant, eager)


def end_at_a_repeated_page_token(mutant: Mutant) -> None:
    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        page = ask(first, last, page_size, token)
        return replace(page, next_token="") if token and page.next_token == token else page

    pages(mutant, broken)


def follow_page_tokens_that_repeat(mutant: Mutant) -> None:
    turn: list[str] = []

    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        turn.append("")
        page = ask(first, last, page_size, token.partition("#")[0])
        return replace(page, next_token=page.next_token and f"{page.next_token}#{len(turn)}")

    pages(mutant, broken)


# Dates: owed, settled, reconciled


def sweep_a_date_no_further_than_its_first_page(mutant: Mutant) -> None:
    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        page = ask(first, last, page_size, token)
        return replace(page, next_token="") if first == last else page

    pages(mutant, broken)


def settle_dates_that_left_the_window(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def schedule_due(checkpoint: Checkpoint, settings: Any, now: datetime) -> None:
            left = now.date() - timedelta(days=settings.lookback_days + 1)
            checkpoint.settled_to = max(checkpoint.settled_to, left)
            whole(checkpoint, settings, now)

        return schedule_due

    mutant.replace(run_state, "schedule_due", make)


def keep_dates_settled_when_the_window_grows(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def schedule_due(checkpoint: Checkpoint, settings: Any, now: datetime) -> int:
            before = checkpoint.settled_to
            expired: int = whole(checkpoint, settings, now)
            checkpoint.settled_to = max(checkpoint.settled_to, before)
            return expired

        return schedule_due

    mutant.replace(run_state, "schedule_due", make)


def settle_by_a_sweep_begun_before(mutant: Mutant) -> None:
    """Settle a date at the end of any sweep, also one begun before the date was owed."""
    never = datetime.max.replace(tzinfo=UTC)
    mutant.replace(Checkpoint, "settle", lambda whole: lambda self, day, began: whole(self, day, never))


def ignore_the_start_date(mutant: Mutant) -> None:
    settings(mutant, start_date=None)


def ask_for_what_zoom_cannot_have(mutant: Mutant) -> None:
    mutant.replace(agenda, "retention_start", lambda _whole: lambda today: today - FAR)


def ignore_a_backfill(mutant: Mutant) -> None:
    mutant.replace(agenda, "schedule_backfill", lambda _whole: lambda checkpoint, settings, now, first, last: None)


def reconcile_once_a_day(mutant: Mutant) -> None:
    settings(mutant, reconcile_hours=10_000)


def reconcile_today_and_yesterday_only(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        return lambda checkpoint, settings, now, **_: whole(checkpoint, settings, now, whole=False)

    mutant.replace(agenda, "schedule_reconcile", make)


def ask_again_for_what_is_too_old(mutant: Mutant) -> None:
    mutant.replace(Checkpoint, "expire", lambda _whole: lambda self, day: None)


def settle_after_one_empty_answer(mutant: Mutant) -> None:
    mutant.constant(agenda, "LOOKS_AT_EMPTY", 1, read_by=(date_sweeps, "look_again"))


def sweep_again_immediately(mutant: Mutant) -> None:
    mutant.constant(agenda, "LOOK_AGAIN_AFTER", timedelta(), read_by=(date_sweeps, "look_again"))


def compare_nothing_with_the_archive(mutant: Mutant) -> None:
    mutant.replace(Checkpoint, "lacking", lambda _whole: lambda self, day: 0)


def sweep_again_forever(mutant: Mutant) -> None:
    mutant.constant(agenda, "MOST_LOOKS", 10_000, read_by=(date_sweeps, "look_again"))


def assume_zooms_days_are_utc(mutant: Mutant) -> None:
    """Compare the archive's records of a date only with the sweep of that date."""
    mutant.replace(
        Checkpoint,
        "lacking",
        lambda _whole: lambda self, day: self.delivered.total(day) - self.shown.get(day, {}).get(day, 0),
    )


def hide_incomplete_dates(mutant: Mutant) -> None:
    """Settle them as if Zoom had shown everything."""

    def make(whole: Function) -> Function:
        def read(self: Any, now: datetime) -> None:
            before = self._state.report.incomplete
            whole(self, now)
            self._state.report.incomplete = before

        return read

    mutant.replace(date_sweeps.DateSweeps, "read", make)


def expire_a_date_only_by_the_message(mutant: Mutant) -> None:
    mutant.constant(date_sweeps, "MOST_REFUSALS", 10_000, read_by=(date_sweeps.DateSweeps, "_expires"))


def end_the_run_at_a_refused_date(mutant: Mutant) -> None:
    _out_of_time_at(DatesRefusedError, mutant)


def _out_of_time_at(refusal: type[Exception], mutant: Mutant) -> None:
    """End a run at a refusal as if its time were over."""

    def broken(ask: Function, *asked: Any) -> Page:
        try:
            return ask(*asked)
        except refusal:
            raise OutOfTimeError from None

    pages(mutant, broken)


# A run: its time, its saves, its failures


def oldest_dates_first(mutant: Mutant) -> None:
    def next_date(checkpoint: Checkpoint, tried: set[Any], now: datetime) -> date | None:
        return min((day for day, owed in checkpoint.owed.items() if (day, owed) not in tried), default=None)

    mutant.replace(date_sweeps, "next_date", lambda _whole: next_date)


def timeouts_not_clipped(mutant: Mutant) -> None:
    mutant.replace(Deadline, "clip", lambda _whole: lambda self, seconds: seconds)


def waits_not_clipped(mutant: Mutant) -> None:
    mutant.replace(Deadline, "work_seconds", lambda _whole: lambda self: 1e6)


def no_reserve(mutant: Mutant) -> None:
    mutant.replace(Deadline, "of_run", lambda _whole: lambda cls, remaining: cls(remaining, 0.0))


def publish_at_the_end_only(mutant: Mutant) -> None:
    mutant.constant(batch, "FULL_BYTES", 2**40, read_by=(RunState, "flush_if_due"))


def save_at_the_end_only(mutant: Mutant) -> None:
    mutant.constant(run_state, "SAVE_EVERY", FAR, read_by=(RunState, "flush_if_due"))


def save_before_publishing(mutant: Mutant) -> None:
    """Delay objects of records until the checkpoint that includes them is saved."""
    held: list[tuple[Function, dict[str, Any]]] = []

    def broken_put(put: Function, request: dict[str, Any]) -> Any:
        if of_records(request):
            held.append((put, request))
            return done(request)
        answer = put(**request)
        while held:
            late, what = held.pop(0)
            late(**what)
        return answer

    def broken_get(get: Function, request: dict[str, Any], _s3: MemoryS3) -> Any:
        if of_the_checkpoint(request):
            held.clear()  # a run begins; what an earlier run delayed is lost
        return get(**request)

    puts(mutant, broken_put)
    gets(mutant, broken_get)


def save_over_what_another_run_saved(mutant: Mutant) -> None:
    def broken(put: Function, request: dict[str, Any]) -> Any:
        unconditional = request | {"IfMatch": None, "IfNoneMatch": None}
        return put(**(unconditional if of_the_checkpoint(request) else request))

    puts(mutant, broken)


def keep_the_winners_owed_dates_alone(mutant: Mutant) -> None:
    merged(mutant, lambda merge, mine, theirs: merge(replace(mine, owed={}), theirs))


def merge_to_the_lower_number(mutant: Mutant) -> None:
    def broken(merge: Function, mine: Checkpoint, theirs: Checkpoint) -> Checkpoint:
        both = merge(mine, theirs)
        ours, other = mine.delivered.days, theirs.delivered.days
        for day in ours.keys() & other.keys():
            both.delivered.days[day] = min(ours[day], other[day], key=lambda known: known.seq)
        return both

    merged(mutant, broken)


def merge_to_the_earlier_frontier(mutant: Mutant) -> None:
    def broken(merge: Function, mine: Checkpoint, theirs: Checkpoint) -> Checkpoint:
        frontier = min(filter(None, (mine.frontier, theirs.frontier)), default=None)
        return replace(merge(mine, theirs), frontier=frontier)

    merged(mutant, broken)


def merge_without_their_not_before(mutant: Mutant) -> None:
    merged(mutant, lambda merge, mine, theirs: replace(merge(mine, theirs), not_before=mine.not_before))


def acknowledge_what_was_not_saved(mutant: Mutant) -> None:
    def broken(put: Function, request: dict[str, Any]) -> Any:
        try:
            return put(**request)
        except Exception:
            if of_the_checkpoint(request):
                return done(request)
            raise

    puts(mutant, broken)


def fail_without_saving(mutant: Mutant) -> None:
    """Write nothing after the failure."""
    failed: list[bool] = []

    def broken_page(ask: Function, *asked: Any) -> Page:
        try:
            return ask(*asked)
        except ZoomUnavailableError:
            failed.append(True)
            raise

    pages(mutant, broken_page)
    puts(mutant, lambda put, request: done(request) if failed else put(**request))


def treat_a_failure_as_the_end_of_time(mutant: Mutant) -> None:
    """Treat a run without an answer from Zoom as one whose time is over."""
    _out_of_time_at(ZoomUnavailableError, mutant)


def never_resume(mutant: Mutant) -> None:
    mutant.replace(Sweep, "resumable", lambda _whole: lambda self, now: False)


def resume_at_any_age(mutant: Mutant) -> None:
    mutant.replace(Sweep, "resumable", lambda _whole: lambda self, now: bool(self.token))


def start_again_each_time_a_page_token_expires(mutant: Mutant) -> None:
    def broken(ask: Function, first: date, last: date, page_size: int, token: str) -> Page:
        try:
            return ask(first, last, page_size, token)
        except PageTokenExpiredError:
            return ask(first, last, page_size, "")

    pages(mutant, broken)


def ignore_the_daily_limit(mutant: Mutant) -> None:
    mutant.replace(zoom, "daily_quota", lambda _whole: lambda headers: None)


def forget_the_fingerprints(mutant: Mutant) -> None:
    mutant.replace(Checkpoint, "keep_days", lambda whole: lambda self, first, last: whole(self, last, first))


def save_though_nothing_changed(mutant: Mutant) -> None:
    times: list[int] = []

    def broken(whole: Checkpoint) -> Checkpoint:
        times.append(1)
        return replace(whole, expired={date.fromordinal(len(times))})

    stored(mutant, broken)


# The checkpoint


def rebuild_as_if_the_archive_were_empty(mutant: Mutant) -> None:
    """Rebuild a checkpoint as if the archive were empty."""
    listings(mutant, lambda _s3, prefix, _found: prefix != PREFIX)


def accept_a_damaged_checkpoint(mutant: Mutant) -> None:
    """Accept its digest."""

    def make(whole: Function) -> Function:
        def decode(body: bytes) -> Checkpoint:
            header, _, packed = body.partition(b"\n")
            told = json.loads(header)
            told.pop("seal")
            told["digest"] = blake2b(packed, digest_size=16).hexdigest()
            line = json.dumps(told).encode()
            seal = blake2b(line, digest_size=16).hexdigest()
            return whole(line[:-1] + f', "seal": "{seal}"}}\n'.encode() + packed)

        return decode

    mutant.replace(checkpoint_store, "decode", make)


def accept_any_collectors_checkpoint(mutant: Mutant) -> None:
    """Accept any collector's checkpoint at the key."""

    def make(whole: Function) -> Function:
        return lambda body: replace(whole(body), stream=streams[-1])

    streams: list[Any] = []

    def seen(whole: Function) -> Function:
        def load(self: CheckpointStore) -> Any:
            streams.append(self._stream)
            return whole(self)

        return load

    mutant.replace(CheckpointStore, "load", seen)
    mutant.replace(checkpoint_store, "decode", make)


def ignore_another_accounts_checkpoint(mutant: Mutant) -> None:
    _unusable_instead_of(mutant, OtherAccountError)


def ignore_another_reports_checkpoint(mutant: Mutant) -> None:
    _unusable_instead_of(mutant, OtherReportError)


def _unusable_instead_of(mutant: Mutant, error: type[Exception]) -> None:
    def make(whole: Function) -> Function:
        def load(self: CheckpointStore) -> Any:
            try:
                return whole(self)
            except error:
                return checkpoint_store.LoadResult(unusable=True)

        return load

    mutant.replace(CheckpointStore, "load", make)


def share_a_prefix_with_another_report(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def inventory_of(archive: Archive) -> Inventory:
            try:
                return whole(archive)
            except OtherReportError:
                return Inventory(None, None)

        return inventory_of

    mutant.replace(rebuild, "inventory_of", make)


def ignore_another_report_under_the_own_prefix(mutant: Mutant) -> None:
    mutant.replace(archive, "refuse_other_report", lambda _whole: lambda name, report, url: None)


def keep_the_access_token_of_other_credentials(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def page(self: zoom.Zoom, *args: Any, **named: Any) -> Page:
            self._session.issued_to = self._credentials(False)
            return whole(self, *args, **named)

        return lambda *args, **named: page(*args, **named)

    mutant.replace(zoom.Zoom, "page", make)


def stamp_an_account_that_zoom_has_not_accepted(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def save(self: CheckpointStore, *args: Any, **named: Any) -> Checkpoint:
            self.account_confirmed = True
            return whole(self, *args, **named)

        return lambda *args, **named: save(*args, **named)

    mutant.replace(CheckpointStore, "save", make)


def bring_ended_sweeps_back(mutant: Mutant) -> None:
    mutant.replace(
        checkpoint_store, "merge", lambda whole: lambda mine, theirs, swept, ended=(): whole(mine, theirs, swept)
    )


def ignore_a_newer_checkpoint(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def decode(body: bytes) -> Checkpoint:
            try:
                return whole(body)
            except NewerCheckpointError:
                raise ValueError("of no use") from None

        return decode

    mutant.replace(checkpoint_store, "decode", make)


# The feed deletes


def work_without_a_lease(mutant: Mutant) -> None:
    """Work without taking turns, although the feed deletes: a put-if-absent succeeds over a delete marker."""
    settings(mutant, feed_deletes=False)


def use_too_short_a_lease(mutant: Mutant) -> None:
    """End the lease while the run may still work."""
    mutant.constant(lease, "LEASE_SLACK", timedelta(seconds=-400), read_by=(run, "take_lease"))
    put_after_the_lease(mutant)


def ignore_another_runs_lease(mutant: Mutant) -> None:
    recalled(mutant, lambda whole: replace(whole, lease=None))


def put_after_the_lease(mutant: Mutant) -> None:
    """Do not check the clock after the lease is taken."""

    def make(whole: Function) -> Function:
        def take_lease(state: Any, services: Any, owner: str) -> bool:
            taken = bool(whole(state, services, owner))
            services.archive.before_put = lambda: None
            return taken

        return take_lease

    mutant.replace(run, "take_lease", make)


def accept_any_lease(mutant: Mutant) -> None:
    mutant.constant(lease, "LONGEST_LEASE", timedelta(days=2_912_050), read_by=(run, "take_lease"))


def log_no_warning(mutant: Mutant) -> None:
    mutant.replace(logging.Logger, "warning", lambda _whole: lambda self, msg, *args, **kwargs: None)


# The guide's objects


def ignore_the_guides_objects(mutant: Mutant) -> None:
    listings(mutant, lambda _s3, _prefix, found: not GUIDES_NAME.search(found["Key"]))


def add_up_what_the_guides_objects_show(mutant: Mutant) -> None:
    def raise_to(self: FingerprintCounts, counts: Mapping[bytes, int]) -> None:
        self.add(Counter(counts).elements())

    mutant.replace(FingerprintCounts, "raise_to", lambda _whole: raise_to)


def count_the_guides_objects_or_ours(mutant: Mutant) -> None:
    """Count the larger of the guide's and our copies as delivered, not their sum."""

    def make(whole: Function) -> Function:
        def count(self: Delivered, day: date, fingerprint: bytes) -> int:
            ours = self.on(day).counts.count(fingerprint)
            return max(ours, whole(self, day, fingerprint) - ours)

        return count

    mutant.replace(Delivered, "count", make)


def read_only_to_the_first_glue(mutant: Mutant) -> None:
    mutant.replace(legacy, "read_records", lambda whole: lambda body, look: islice(whole(body), 1))


def route_the_guides_records_by_their_folder(mutant: Mutant) -> None:
    mutant.replace(legacy, "record_date", lambda _whole: lambda time, write_date: write_date)


def forget_which_of_the_guides_objects_were_read(mutant: Mutant) -> None:
    def forgetful(whole: Checkpoint) -> Checkpoint:
        if whole.delivered.legacy:
            whole.delivered.legacy.absorbed.clear()
        return whole

    recalled(mutant, forgetful)


def need_all_of_the_guides_objects_for_each_date(mutant: Mutant) -> None:
    mutant.replace(
        legacy.LegacyObjects, "absorb_from", lambda whole: lambda self, day, ledger: whole(self, date.min, ledger)
    )


def ignore_the_guides_cursor(mutant: Mutant) -> None:
    mutant.replace(legacy, "cursor_date", lambda _whole: lambda body: None)


# Being refused


def ignore_retry_after(mutant: Mutant) -> None:
    mutant.replace(zoom_refusals, "not_before", lambda _whole: lambda headers, text, now: None)


def ignore_the_daily_limits_message(mutant: Mutant) -> None:
    for module in (zoom_refusals, zoom_rate_limits):
        mutant.replace(module, "names_daily_limit", lambda _whole: lambda headers, text: False)


def assume_that_each_limit_lasts_an_hour(mutant: Mutant) -> None:
    mutant.replace(zoom_refusals, "not_before", lambda _whole: lambda headers, text, now: now + timedelta(hours=1))


def stay_away_past_midnight(mutant: Mutant) -> None:
    for module in (zoom_rate_limits, agenda):
        mutant.replace(module, "latest_retry", lambda whole: lambda now: whole(now) + FAR)


def one_access_token_after_another(mutant: Mutant) -> None:
    def broken(ask: Function, *asked: Any) -> Page:
        for _ in range(5):
            with suppress(ZoomRefusedError):
                return ask(*asked)
        return ask(*asked)

    pages(mutant, broken)


def read_null_as_the_last_page(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        return lambda body, report: whole(body.replace(b'"operation_logs": null', b'"operation_logs": []'), report)

    mutant.replace(zoom, "page_of", make)


def let_an_unreadable_row_fail_its_page(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def page_of(body: bytes, report: Report) -> Page:
            page: Page = whole(body, report)
            if page.unreadable:
                raise UnreadableRowsError("A row cannot be read.")
            return page

        return page_of

    mutant.replace(zoom, "page_of", make)


def hide_unreadable_rows(mutant: Mutant) -> None:
    mutant.replace(run, "rows_set_aside", lambda _whole: lambda rows: None)


def ignore_which_endpoint_refuses(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def refuse(endpoint: Any, report: Any, status: int, headers: Any, body: Any, now: datetime) -> None:
            whole(zoom_refusals.Endpoint.REPORT, report, status, headers, body, now)

        return refuse

    mutant.replace(zoom, "refuse", make)


def accept_any_page_as_zooms_answer(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def refuse(endpoint: Any, report: Any, status: int, headers: Any, body: Any, now: datetime) -> None:
            whole(endpoint, report, status, headers, body or {}, now)

        return refuse

    mutant.replace(zoom, "refuse", make)


def read_a_refusal_as_an_empty_report(mutant: Mutant) -> None:
    def broken(ask: Function, *asked: Any) -> Page:
        try:
            return ask(*asked)
        except ZoomRefusedError:
            return Page([], "")

    pages(mutant, broken)


def log_the_requests(mutant: Mutant) -> None:
    def make(whole: Function) -> Function:
        def send(self: ZoomAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            logging.getLogger("collector").debug("asks %s with %s", request.url, request.headers)
            return whole(self, request, **options)

        return lambda *args, **named: send(*args, **named)

    mutant.replace(ZoomAdapter, "send", make)


def keep_the_access_token_in_the_metadata(mutant: Mutant) -> None:
    tokens: list[str] = []

    def sees(whole: Function) -> Function:
        def send(self: ZoomAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            tokens.append(str(request.headers.get("Authorization")))
            return whole(self, request, **options)

        return lambda *args, **named: send(*args, **named)

    mutant.replace(ZoomAdapter, "send", sees)
    mutant.replace(archive, "describe", lambda whole: lambda records: {**whole(records), "asked-with": tokens[-1]})
