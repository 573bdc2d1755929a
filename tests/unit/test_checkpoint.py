"""The checkpoint: stored whole, refused when newer, given up when damaged, and merged without forgetting."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoom_operationlogs.agenda import schedule_due
from zoom_operationlogs.checkpoint import Checkpoint, Lease, PendingSweep
from zoom_operationlogs.checkpoint_format import decode, encode
from zoom_operationlogs.checkpoint_merge import merge
from zoom_operationlogs.dates import date_range, retention_start
from zoom_operationlogs.delivered import Delivered, DeliveredDay
from zoom_operationlogs.errors import NewerCheckpointError
from zoom_operationlogs.fingerprints import FingerprintCounts
from zoom_operationlogs.legacy import LegacyLedger
from zoom_operationlogs.settings import Settings
from zoom_operationlogs.sweep import Sweep

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()
SETTINGS = Settings(bucket="logs", secret_arn="arn")

days = st.dates(date(2026, 1, 1), date(2026, 3, 31))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 31), timezones=st.just(UTC))
fingerprints = st.lists(st.binary(min_size=16, max_size=16), max_size=4)
counts = st.builds(lambda items: FingerprintCounts(b"".join(sorted(items))), fingerprints)
places = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=3)
sweeps = st.builds(
    Sweep,
    first=days,
    last=days,
    page_size=st.integers(1, 300),
    began=moments,
    newest=st.none() | moments,
    token=st.text(max_size=5),
    token_issued=st.none() | moments,
    ordered=st.booleans(),
    last_time=st.none() | moments,
    rows_read=st.integers(0, 10**6),
    longest_page=st.integers(0, 300),
    edge=st.dictionaries(st.binary(min_size=16, max_size=16), st.integers(0, 10**6), max_size=3),
    split=places,
)
checkpoints = st.builds(
    Checkpoint,
    settled_from=days,
    settled_to=days,
    frontier=st.none() | moments,
    owed=st.dictionaries(days, st.builds(PendingSweep, moments, st.integers(1, 300), places.map(tuple)), max_size=4),
    expired=st.sets(days, max_size=3),
    reconciled=st.none() | moments,
    not_before=st.none() | moments,
    asks_for_tomorrow=st.booleans(),
    lease=st.none() | st.builds(Lease, st.text(max_size=3), moments),
    sweeps=st.dictionaries(st.just("tail") | days.map(date.isoformat), sweeps, max_size=2),
    delivered=st.builds(
        Delivered,
        days=st.dictionaries(days, st.integers(0, 9), max_size=3).flatmap(
            lambda seqs: st.fixed_dictionaries(
                {d: st.builds(DeliveredDay, st.just(d), st.just(n), counts) for d, n in seqs.items()}
            )
        ),
        legacy=st.none()
        | st.builds(
            LegacyLedger,
            days,
            days,
            st.sets(st.binary(min_size=16, max_size=16), max_size=3),
            st.dictionaries(days, counts, max_size=2),
        ),
    ),
)


@given(checkpoints)
def test_it_is_stored_whole(checkpoint):
    body = encode(checkpoint)
    assert encode(decode(body)) == body
    again = decode(body)
    for name in (
        "settled_from",
        "settled_to",
        "frontier",
        "owed",
        "expired",
        "reconciled",
        "not_before",
        "lease",
        "sweeps",
    ):
        assert getattr(again, name) == getattr(checkpoint, name)
    assert {d: (k.seq, bytes(k.counts.pack())) for d, k in again.delivered.days.items()} == {
        d: (k.seq, bytes(k.counts.pack())) for d, k in checkpoint.delivered.days.items()
    }


def test_its_first_line_is_json_for_people():
    body = encode(Checkpoint(date(2026, 3, 1), date(2026, 3, 5), frontier=NOON))
    assert json.loads(body.split(b"\n")[0])["settled"] == ["2026-03-01", "2026-03-05"]


@given(checkpoints, st.data())
def test_damage_is_noticed(checkpoint, data):
    body = encode(checkpoint)
    packed = body[body.index(b"\n") + 1 :]
    if packed:
        at = data.draw(st.integers(len(body) - len(packed), len(body) - 1))
        with pytest.raises(ValueError, match="damaged"):
            decode(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
    with pytest.raises(ValueError):  # noqa: PT011 - any will do: it is given up
        decode(body[: data.draw(st.integers(0, body.index(b"\n") - 1))])


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"\x00\x01", b'{"schema": 1}', b'{"cursor_date": "2026-03-01"}', b'{"schema": "1"}']
)
def test_what_is_no_checkpoint_is_given_up(body):
    with pytest.raises(ValueError):  # noqa: PT011
        decode(body)


def test_one_from_a_newer_collector_is_refused():
    with pytest.raises(NewerCheckpointError, match="deploy that version again"):
        decode(b'{"schema": 2}\n')


def day(seq: int) -> DeliveredDay:
    return DeliveredDay(TODAY, seq, FingerprintCounts(bytes([seq]) * 16 * seq))


def test_merging_forgets_nothing():
    mine = Checkpoint(
        date(2026, 3, 2),
        date(2026, 3, 6),
        frontier=NOON,
        not_before=NOON,
        delivered=Delivered({TODAY: day(2)}),
        owed={date(2026, 3, 1): PendingSweep(NOON, 300)},
    )
    theirs = Checkpoint(
        date(2026, 3, 1),
        date(2026, 3, 5),
        frontier=NOON - timedelta(hours=1),
        delivered=Delivered({TODAY: day(3)}),
        owed={date(2026, 3, 4): PendingSweep(NOON, 300)},
    )
    for merged in (merge(mine, theirs, {}), merge(theirs, mine, {})):
        assert (merged.settled_from, merged.settled_to) == (date(2026, 3, 1), date(2026, 3, 6))
        assert (merged.frontier, merged.not_before) == (NOON, NOON)
        assert merged.owed.keys() == {date(2026, 3, 1), date(2026, 3, 4)}
        assert merged.delivered.days[TODAY].seq == 3


def test_merging_owes_a_date_until_a_sweep_that_began_after_it_was_asked_for():
    asked = {TODAY: PendingSweep(NOON, 300)}
    early, late = Checkpoint(TODAY, TODAY, owed=dict(asked)), Checkpoint(TODAY, TODAY, owed=dict(asked))
    early.settle(TODAY, NOON - timedelta(seconds=1))
    late.settle(TODAY, NOON)
    theirs = Checkpoint(TODAY, TODAY, owed=dict(asked))
    assert early.owed.keys() == {TODAY}
    assert not late.owed
    assert merge(early, theirs, {TODAY: NOON - timedelta(seconds=1)}).owed.keys() == {TODAY}
    assert not merge(late, theirs, {TODAY: NOON}).owed


def owing(checkpoint: Checkpoint, now: datetime, **settings: object) -> set[date]:
    schedule_due(checkpoint, Settings(bucket="logs", secret_arn="arn", **settings), now)
    owed = set(checkpoint.owed)
    checkpoint.owed.clear()
    return owed


def test_what_is_owed_over_a_day_and_after_an_outage():
    first = TODAY - timedelta(days=3)
    checkpoint = Checkpoint(first, first - timedelta(days=1))
    assert owing(checkpoint, NOON) == set(date_range(first, TODAY))
    assert owing(checkpoint, NOON + timedelta(hours=11, minutes=59)) == set()
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    # The first time in a day: the window, and the date that has just left it.
    assert owing(checkpoint, midnight) == set(date_range(first, date(2026, 3, 11)))
    assert owing(checkpoint, midnight + timedelta(hours=12)) == {date(2026, 3, 10), date(2026, 3, 11)}
    later = midnight + timedelta(days=45)
    assert owing(checkpoint, later) == set(date_range(date(2026, 3, 8), later.date()))


def test_the_start_date_is_owed_once_and_as_far_as_zoom_keeps():
    first = TODAY - timedelta(days=3)
    checkpoint = Checkpoint(first, first - timedelta(days=1))
    assert min(owing(checkpoint, NOON, start_date=date(2025, 1, 1))) == date(2025, 9, 10)
    assert owing(checkpoint, NOON, start_date=date(2025, 1, 1)) == set()


@pytest.mark.parametrize(
    ("today", "oldest"),
    [
        (date(2026, 8, 31), date(2026, 2, 28)),
        (date(2026, 3, 15), date(2025, 9, 15)),
        (date(2026, 6, 30), date(2025, 12, 30)),
        (date(2024, 8, 30), date(2024, 2, 29)),
    ],
)
def test_zoom_keeps_six_months(today, oldest):
    assert retention_start(today) == oldest


def test_merging_keeps_what_is_asked_for_of_a_date_that_had_expired():
    expired, asked = Checkpoint(TODAY, TODAY, expired={TODAY}), Checkpoint(TODAY, TODAY, expired={TODAY})
    asked.owe(TODAY, NOON, 300)
    for merged in (merge(asked, expired, {}), merge(expired, asked, {})):
        assert (merged.owed.keys(), merged.expired) == ({TODAY}, set())
    mine = Checkpoint(TODAY, TODAY, owed=dict(asked.owed))
    mine.expire(TODAY, NOON)
    merged = merge(mine, asked, {TODAY: NOON})
    assert (merged.owed, merged.expired) == ({}, {TODAY})
