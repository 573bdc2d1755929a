"""A record: its line, its time, its identity."""

import json
from datetime import UTC, date, datetime
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zoom_operationlogs.archive_object import decode, encode
from zoom_operationlogs.fingerprints import FingerprintCounts
from zoom_operationlogs.records import line
from zoom_operationlogs.reports import OPERATION_LOGS

any_text = st.text(alphabet=st.characters(exclude_categories=()))  # lone surrogates and control characters too
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
any_record = st.dictionaries(any_text, any_json, max_size=6)


@given(any_record)
def test_a_record_is_written_completely_on_one_line(record):
    written = line(record)
    assert b"\n" not in written
    assert json.loads(written) == record


@pytest.mark.slow
@given(st.lists(any_record, max_size=5))
def test_an_object_reads_back_record_for_record(records):
    assert decode(encode(line(record) for record in records)) == records


@given(any_record)
def test_identity_survives_the_archive(record):
    assert OPERATION_LOGS.fingerprint(json.loads(line(record))) == OPERATION_LOGS.fingerprint(record)


@given(any_record | st.dictionaries(any_text, any_text, max_size=6))
def test_identity_is_computed_from_canonical_json(record):
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    assert OPERATION_LOGS.fingerprint(record) == blake2b(canonical, digest_size=16).digest()
    assert json.loads(line(record)) == record


def test_identity_does_not_depend_on_the_order_of_fields():
    assert OPERATION_LOGS.fingerprint({"a": "1", "b": "2"}) == OPERATION_LOGS.fingerprint({"b": "2", "a": "1"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"operator": "a"}, {"operator": "A"}),
        ({"operation_detail": "Activate User a@b.com "}, {"operation_detail": "Activate User a@b.com"}),
        ({"operation_detail": "Add  - x"}, {"operation_detail": "Add - x"}),
        ({"operator": None}, {}),
        ({"operator": ""}, {}),
        ({"n": "1"}, {"n": 1}),
    ],
)
def test_different_records_have_different_identities(one, other):
    assert OPERATION_LOGS.fingerprint(one) != OPERATION_LOGS.fingerprint(other)


def test_fields_and_text_stay_unchanged():
    record = {
        "time": "2026-01-02T03:04:05Z",
        "operator": "Ünal 王 😀\u2028",
        "operation_detail": "x  - y: set to  \t\u0000",
    }
    assert line(record) == json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def test_a_lone_surrogate_stays_escaped():
    assert line({"operator": "\ud83d"}) == b'{"operator":"\\ud83d"}'


def test_an_object_is_split_at_line_feeds_only():
    records = [{"operation_detail": f"a{end}b"} for end in ("\u2028", "\u2029", "\x85", "\x0b", "\x1e", "\r")]
    assert decode(encode(map(line, records))) == records


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02 03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2026-01-02T01:04:05-02:00", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("0001-01-01T00:00:00+05:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1767322800, None),
    ],
)
def test_times(value, moment):
    assert OPERATION_LOGS.time_of({"time": value}) == moment


def test_a_record_without_a_time_gets_the_requested_date():
    assert OPERATION_LOGS.row({"operator": "a"}).archive_date(date(2026, 1, 2)) == date(2026, 1, 2)
    assert OPERATION_LOGS.row({"operator": "a"}).archive_date(None) is None
    assert OPERATION_LOGS.row({"time": "2026-01-01T23:59:59Z"}).archive_date(date(2026, 1, 2)) == date(2026, 1, 1)


fingerprints = st.binary(min_size=16, max_size=16)
few_fingerprints = st.sampled_from([bytes([i]) * 16 for i in range(6)]) | fingerprints


@given(st.lists(st.lists(few_fingerprints)), few_fingerprints)
def test_counts_survive_packing(batches, probe):
    counts, everything = FingerprintCounts(), []
    for batch in batches:
        counts.add(batch)
        everything += batch
        counts = FingerprintCounts(counts.pack()) if len(batch) % 2 else counts
    assert len(counts) == len(everything)
    assert all(counts.count(f) == everything.count(f) for f in {*everything, probe})
    assert bytes(counts.pack()) == b"".join(sorted(everything))


def test_raising_a_count_never_lowers_it():
    counts = FingerprintCounts()
    counts.add([b"a" * 16] * 3)
    counts.raise_to({b"a" * 16: 2, b"b" * 16: 2})
    assert (counts.count(b"a" * 16), counts.count(b"b" * 16)) == (3, 2)


def test_a_blob_of_another_length_is_refused():
    with pytest.raises(ValueError, match="multiple of 16"):
        FingerprintCounts(b"x" * 17)
