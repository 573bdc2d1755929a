"""The checkpoint: stored completely, refused if newer, discarded if damaged, and merged without loss."""

import json
import logging
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from zoom_operationlogs import checkpoint_format
from zoom_operationlogs.agenda import schedule_due
from zoom_operationlogs.checkpoint import Checkpoint, Lease, PendingSweep, Stream
from zoom_operationlogs.checkpoint_format import decode, decode_header, digest, encode
from zoom_operationlogs.checkpoint_merge import merge
from zoom_operationlogs.dates import date_range, retention_start
from zoom_operationlogs.delivered import Delivered, DeliveredDay
from zoom_operationlogs.errors import NewerCheckpointError
from zoom_operationlogs.fingerprints import FingerprintCounts
from zoom_operationlogs.lease import take_lease
from zoom_operationlogs.legacy import LegacyLedger
from zoom_operationlogs.settings import Settings
from zoom_operationlogs.sweep import Edge, Group, Sweep

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()
SETTINGS = Settings(bucket="logs", secret_id="zoom")

days = st.dates(date(2026, 1, 1), date(2026, 3, 31))
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 31), timezones=st.just(UTC))
fingerprints = st.lists(st.binary(min_size=16, max_size=16), max_size=4)
counts = st.builds(lambda items: FingerprintCounts(b"".join(sorted(items))), fingerprints)
one_fingerprint = st.binary(min_size=16, max_size=16)
places = st.integers(0, 10**6)
edges = st.builds(Edge, places, st.none() | moments)
shown = st.dictionaries(days, st.integers(0, 10**6), max_size=3)
sweeps = st.builds(
    Sweep,
    first=days,
    last=days,
    page_size=st.integers(1, 300),
    began=moments,
    newest=st.none() | moments,
    token=st.text(max_size=5),
    token_issued=st.none() | moments,
    disorder=st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds)),
    last_time=st.none() | moments,
    rows_read=st.integers(0, 10**6),
    longest_page=st.integers(0, 300),
    edge=st.dictionaries(one_fingerprint, edges, max_size=3),
    split=st.lists(st.builds(Group, one_fingerprint, places, places, st.none() | days), max_size=3),
    shown=shown.map(Counter),
    untimed=st.integers(0, 10**6),
)
pending_sweeps = st.builds(
    PendingSweep,
    owed_since=moments,
    page_size=st.integers(1, 300),
    split=st.frozensets(one_fingerprint, max_size=3),
    stalls=st.integers(0, 9),
    by_date=st.booleans(),
    looks=st.integers(0, 9),
    refusals=st.integers(0, 9),
    not_before=st.none() | moments,
    witness=st.booleans(),
    accept=st.booleans(),
)
checkpoints = st.builds(
    Checkpoint,
    settled_from=days,
    settled_to=days,
    stream=st.none() | st.builds(Stream, st.text(max_size=3), st.text(max_size=3), st.text(max_size=3)),
    frontier=st.none() | moments,
    owed=st.dictionaries(days, pending_sweeps, max_size=4),
    expired=st.sets(days, max_size=3),
    reconciled=st.none() | moments,
    not_before=st.none() | moments,
    asks_for_tomorrow=st.booleans(),
    lease=st.none() | st.builds(Lease, st.text(max_size=3), moments),
    sweeps=st.dictionaries(st.just("tail"), sweeps, max_size=1),
    shown=st.dictionaries(days, shown, max_size=2),
    told=st.dictionaries(st.text(max_size=3), days, max_size=2),
    feed_deletes=st.booleans(),
    kept_since=st.none() | moments,
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


@pytest.mark.slow
@given(checkpoints)
def test_a_checkpoint_is_stored_completely(checkpoint):
    body = encode(checkpoint)
    assert encode(decode(body)) == body
    again = decode(body)
    assert replace(again, delivered=checkpoint.delivered) == checkpoint
    assert {d: (k.seq, bytes(k.counts.pack())) for d, k in again.delivered.days.items()} == {
        d: (k.seq, bytes(k.counts.pack())) for d, k in checkpoint.delivered.days.items()
    }


def test_the_first_line_is_readable_json():
    body = encode(Checkpoint(date(2026, 3, 1), date(2026, 3, 5), frontier=NOON))
    assert json.loads(body.split(b"\n")[0])["settled"] == ["2026-03-01", "2026-03-05"]


@pytest.mark.slow
@given(checkpoints, st.data())
def test_damage_is_detected(checkpoint, data):
    body = encode(checkpoint)
    packed = body[body.index(b"\n") + 1 :]
    if packed:
        at = data.draw(st.integers(len(body) - len(packed), len(body) - 1))
        with pytest.raises(ValueError, match="damaged"):
            decode(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])
    at = data.draw(st.integers(0, body.index(b"\n") - 1))
    with pytest.raises(ValueError):  # noqa: PT011 - any will do: it is given up
        decode(body[:at])
    with pytest.raises((ValueError, NewerCheckpointError)):  # one bit may change the schema's number
        decode(body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\x00\x01",
        b'{"schema": 1}',
        b'{"schema": 2}',
        b'{"schema": 3}',
        b'{"schema": true}',
        b'{"cursor_date": "2026-03-01"}',
        b'{"schema": "2"}',
        b"[" * 100_000,
        b'{"schema": ' + b"9" * 5_000 + b"}",
    ],
)
def test_an_invalid_checkpoint_is_discarded(body):
    with pytest.raises(ValueError):  # noqa: PT011
        decode(body)


def test_a_newer_collectors_checkpoint_is_refused():
    with pytest.raises(NewerCheckpointError, match="deploy that version again"):
        decode(b'{"schema": 4}\n')


# --- any content of the state key -----------------------------------------------------------------------------------

EVERYTHING = Checkpoint(
    date(2026, 3, 2),
    date(2026, 3, 6),
    Stream("account", "operationlogs", "zoom/operationlogs/"),
    frontier=NOON,
    owed={TODAY: PendingSweep(NOON, 283, frozenset([bytes(16)]), 1, True, 1, 1, NOON, True, True)},
    expired={date(2026, 3, 3)},
    reconciled=NOON,
    not_before=NOON,
    asks_for_tomorrow=False,
    lease=Lease("run", NOON),
    sweeps={
        "tail": Sweep(
            TODAY,
            TODAY,
            300,
            NOON,
            newest=NOON,
            token="t",
            token_issued=NOON,
            disorder=timedelta(seconds=2),
            last_time=NOON,
            rows_read=300,
            longest_page=300,
            edge={bytes(16): Edge(299, None)},
            split=[Group(bytes(16), 298, 301, TODAY)],
            shown=Counter({TODAY: 300}),
            untimed=1,
        )
    },
    shown={TODAY: {TODAY: 300}},
    told={"rows set aside": TODAY},
    feed_deletes=True,
    kept_since=NOON,
    delivered=Delivered(
        {TODAY: DeliveredDay(TODAY, 1, FingerprintCounts(bytes(32)))},
        LegacyLedger(TODAY, TODAY, {bytes(16)}, {TODAY: FingerprintCounts(bytes(16))}),
    ),
)
LINE, _, PACKED = encode(EVERYTHING).partition(b"\n")
HEADER = {name: value for name, value in json.loads(LINE).items() if name != "seal"}


def seal(header: object) -> bytes:
    """Return the header's line with a valid seal, so only its values can be wrong."""
    line = json.dumps(header).encode()
    return b'%b, "seal": "%b"}' % (line[:-1], digest(line).hex().encode())


def places_in(value: object) -> list[tuple[str | int, ...]]:
    """Return the path to each value in a JSON value, containers included."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(key, *rest) for key, child in children for rest in [(), *places_in(child)]]


def replaced(path: tuple[str | int, ...], value: object) -> dict[str, object]:
    """Return the header with this value at the end of the path."""
    header = deepcopy(HEADER)
    *parents, last = path
    inner = header
    for key in parents:
        inner = inner[key]
    inner[last] = value
    return header


def use(body: bytes) -> None:
    """Decode as the collector and the command line do, and check the result; allow only exceptions of `decode`."""
    line = body.partition(b"\n")[0]
    for read, these in ((decode, body), (decode_header, line)):
        try:
            checkpoint = read(these)
        except (ValueError, NewerCheckpointError):
            continue
        assert isinstance(checkpoint, Checkpoint)
        checkpoint.plausible(NOON)
        checkpoint.keep_days(TODAY, TODAY)
        decode(encode(merge(checkpoint, EVERYTHING, {})))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([-1, 0, 1, 2, 10**13, 10**400, 1e308, float("nan"), float("inf")])
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2026-03-10", "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "2026-03-10T12:00:00"])
    | st.sampled_from(["delivered", "guide", "nan", "1e999", "tail", "00" * 16, "\ud800"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just("2026-03-10"), inner),
    max_leaves=6,
)
at_leisure = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_the_helper_seals_as_the_collector_does():
    assert seal(HEADER) == LINE
    assert decode(seal(HEADER) + b"\n" + PACKED).owed == EVERYTHING.owed


@at_leisure
@given(st.binary() | st.binary().map(lambda tail: encode(EVERYTHING) + tail) | st.text().map(str.encode))
@example(LINE)
@example(LINE + b"\n")
@example(b"\n" + PACKED)
def test_any_bytes_are_a_checkpoint_or_discarded(body):
    use(body)


@pytest.mark.slow
@settings(parent=at_leisure, max_examples=1_000)
@given(st.sampled_from(places_in(HEADER)), json_values)
@example(("schema",), 10**400)
@example(("sweeps", "tail", "disorder"), 1e308)
@example(("sweeps", "tail", "disorder"), "nan")
def test_a_value_of_any_type_is_a_checkpoint_or_discarded(path, value):
    use(seal(replaced(path, value)) + b"\n" + PACKED)


@pytest.mark.parametrize("value", [None, False, 0, -1, "", "x", [], {}, [[]], {"": {}}, 2**80, "9999-12-31"], ids=repr)
def test_each_changed_value_is_a_checkpoint_or_discarded(value):
    for path in places_in(HEADER):
        use(seal(replaced(path, value)) + b"\n" + PACKED)


@pytest.mark.parametrize(
    ("path", "value", "accepted"),
    [
        (("settled", 1), "9999-12-31", False),
        (("reconciled",), "9999-12-31T00:00:00+00:00", False),
        (("owed", "2026-03-10", "asked"), "9999-12-31T00:00:00+00:00", False),
        (("sweeps", "tail", "began"), "1999-12-31T00:00:00+00:00", False),
        (("sweeps", "tail", "token_issued"), "2026-03-10T12:00:00", False),  # no zone
        (("sweeps", "tail", "newest"), "9999-12-31T00:00:00+00:00", True),  # a record's time is whatever Zoom sends
        (("frontier",), "0001-01-01T00:00:00+00:00", True),
    ],
)
def test_times_except_those_of_records_are_in_this_century(path, value, accepted):
    body = seal(replaced(path, value)) + b"\n" + PACKED
    if accepted:
        decode(body)
    else:
        with pytest.raises(ValueError, match=r"time|date"):
            decode(body)


FAR = NOON + timedelta(days=400)


@pytest.mark.parametrize(
    "changed",
    [
        {"settled_to": FAR.date()},
        {"owed": {FAR.date(): PendingSweep(NOON, 300)}},
        {"owed": {TODAY: PendingSweep(FAR, 300)}},
        {"expired": {FAR.date()}},
        {"reconciled": FAR},
        {"sweeps": {"tail": Sweep(TODAY, TODAY, 300, began=FAR)}},
        {"delivered": Delivered(legacy=LegacyLedger(TODAY, FAR.date()))},
        {"settled_from": date(2020, 3, 1), "settled_to": date(2022, 3, 1)},
        {"settled_from": date(2026, 3, 8)},  # after settled_to
    ],
    ids=lambda changed: "-".join(changed),
)
def test_impossible_values_are_discarded(changed):
    assert decode(encode(EVERYTHING)).plausible(NOON)
    assert not decode(encode(replace(EVERYTHING, **changed))).plausible(NOON)


def test_clocks_may_differ_and_outages_last():
    assert EVERYTHING.plausible(NOON - timedelta(days=1))
    assert EVERYTHING.plausible(NOON + timedelta(days=2 * 365))


@pytest.mark.parametrize(("lasts", "believed"), [(timedelta(minutes=16), True), (timedelta(days=2_900_000), False)])
def test_a_lease_is_valid_for_at_most_a_lambda_run(lasts, believed):
    lease = Lease("another", NOON + lasts)
    checkpoint = decode(encode(replace(EVERYTHING, lease=lease)))
    assert (checkpoint.lease, checkpoint.plausible(NOON)) == (lease, True)
    state = SimpleNamespace(checkpoint=checkpoint, holds_lease=False, store=lambda: None)
    services = SimpleNamespace(
        clock=lambda: NOON,
        deadline=SimpleNamespace(remaining=lambda: 300.0),
        log=logging.getLogger(__name__),
        archive=SimpleNamespace(),
    )
    assert take_lease(state, services, "mine") is not believed


# --- merging two runs ------------------------------------------------------------------------------------------------


def day(seq: int) -> DeliveredDay:
    return DeliveredDay(TODAY, seq, FingerprintCounts(bytes([seq]) * 16 * seq))


def test_merging_forgets_nothing():
    mine = Checkpoint(
        date(2026, 3, 2),
        date(2026, 3, 6),
        frontier=NOON,
        not_before=NOON,
        told={"form changed": TODAY, "rows set aside": date(2026, 3, 4)},
        delivered=Delivered({TODAY: day(2)}),
        owed={date(2026, 3, 1): PendingSweep(NOON, 300)},
    )
    theirs = Checkpoint(
        date(2026, 3, 1),
        date(2026, 3, 5),
        frontier=NOON - timedelta(hours=1),
        told={"rows set aside": TODAY},
        kept_since=NOON,
        delivered=Delivered({TODAY: day(3)}),
        owed={date(2026, 3, 4): PendingSweep(NOON, 300)},
    )
    for merged in (merge(mine, theirs, {}), merge(theirs, mine, {})):
        assert (merged.settled_from, merged.settled_to) == (date(2026, 3, 1), date(2026, 3, 6))
        assert (merged.frontier, merged.not_before, merged.kept_since) == (NOON, NOON, NOON)
        assert merged.told == {"form changed": TODAY, "rows set aside": TODAY}
        assert merged.owed.keys() == {date(2026, 3, 1), date(2026, 3, 4)}
        assert merged.delivered.days[TODAY].seq == 3


def test_merging_owes_a_date_until_a_sweep_that_began_after_its_request():
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
    schedule_due(checkpoint, Settings(bucket="logs", secret_id="zoom", **settings), now)
    owed = set(checkpoint.owed)
    checkpoint.owed.clear()
    return owed


def test_owed_dates_over_a_day_and_after_an_outage():
    first = TODAY - timedelta(days=3)
    checkpoint = Checkpoint(first, first - timedelta(days=1))
    assert owing(checkpoint, NOON) == set(date_range(first, TODAY))
    assert owing(checkpoint, NOON + timedelta(hours=11, minutes=59)) == set()
    midnight = datetime(2026, 3, 11, tzinfo=UTC)
    # For the first time in a day: the window, and the date that has just left it.
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


def test_merging_keeps_a_request_for_an_expired_date():
    expired, asked = Checkpoint(TODAY, TODAY, expired={TODAY}), Checkpoint(TODAY, TODAY, expired={TODAY})
    asked.owe(TODAY, NOON, 300)
    for merged in (merge(asked, expired, {}), merge(expired, asked, {})):
        assert (merged.owed.keys(), merged.expired) == ({TODAY}, set())
    mine = Checkpoint(TODAY, TODAY, owed=dict(asked.owed))
    mine.expire(TODAY)
    merged = merge(mine, asked, {TODAY: NOON})
    assert (merged.owed, merged.expired) == ({}, {TODAY})


@pytest.mark.slow
@given(checkpoints, st.lists(st.dates(), max_size=3), st.integers(0, 10**13))
def test_every_encoded_checkpoint_can_be_decoded(checkpoint: Checkpoint, times: list[date], rows: int) -> None:
    """For any sweep, archive or objects of the guide; a run that cannot read its checkpoint rebuilds it."""
    sweep = Sweep(
        times[0] if times else TODAY, TODAY, 300, NOON, rows_read=rows, shown=Counter(dict.fromkeys(times, rows))
    )
    checkpoint = replace(checkpoint, sweeps={"tail": sweep}, shown={day: {day: rows} for day in times})
    assert decode(encode(checkpoint)).owed == checkpoint.owed


def test_a_checkpoint_above_the_limit_is_stored_without_what_can_be_rebuilt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkpoint_format, "CHECKPOINT_HEADER_BYTES", 5000)
    many = {TODAY - timedelta(days=day): DeliveredDay(TODAY - timedelta(days=day), 3) for day in range(200)}
    legacy = LegacyLedger(TODAY, TODAY, {bytes(16)}, dict.fromkeys(many, FingerprintCounts(bytes(16))))
    owed = {TODAY: PendingSweep(NOON, 300)}
    checkpoint = Checkpoint(TODAY, TODAY, owed=owed, delivered=Delivered(many, legacy))
    found = decode(encode(checkpoint))
    assert found.owed == owed
    assert found.delivered.days == {}
    assert found.delivered.legacy == LegacyLedger(TODAY, TODAY), "its objects are read once more"
    assert checkpoint.delivered.days == many, "the run continues with what it knows"


def test_a_count_that_takes_several_runs_is_kept() -> None:
    counted = Counter({NOON: 3, datetime(1, 1, 1, tzinfo=UTC): 1, datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC): 2})
    known = DeliveredDay(TODAY, 9, FingerprintCounts(bytes(16)), NOON, NOON, seconds=counted, seconds_seq=7)
    found = decode(encode(Checkpoint(TODAY, TODAY, delivered=Delivered({TODAY: known})))).delivered.days[TODAY]
    assert (found.seconds, found.seconds_seq, found.seq) == (counted, 7, 9)
    damaged = encode(Checkpoint(TODAY, TODAY, delivered=Delivered({TODAY: known})))
    with pytest.raises(ValueError, match="damaged"):
        decode(damaged[:-5])
