"""What `zoomlogs status` says about valid and invalid checkpoints."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from zoom_operationlogs.checkpoint import Checkpoint, Lease, Stream
from zoom_operationlogs.checkpoint_format import SCHEMA, encode
from zoom_operationlogs.legacy import LegacyLedger
from zoom_operationlogs.sweep import Sweep
from zoomlogs.checkpoint import understand
from zoomlogs.dates import span
from zoomlogs.runs import Run
from zoomlogs.status import document, words

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
SAVED = NOW - timedelta(minutes=3)
WHERE = "s3://bucket/state.json"
NEWER = (
    f"The checkpoint {WHERE} was written by a newer collector (this zoomlogs reads schema {SCHEMA}): install the"
    " module's version of zoomlogs."
)


def day(number: int) -> date:
    return date(2026, 3, number)


ORDERED = "2026-03-10 00:00:00 UTC, 9 hours ago. It reads all recent dates again, for rows that arrive late."


def quiet() -> Checkpoint:
    return Checkpoint(
        settled_from=date(2026, 1, 5),
        settled_to=day(6),
        frontier=NOW - timedelta(minutes=4, seconds=7),
        reconciled=NOW - timedelta(hours=9),
    )


def busy() -> Checkpoint:
    checkpoint = quiet()
    for number in (1, 2, 3, 5):
        checkpoint.owe(day(number), NOW - timedelta(hours=number), 300)
    checkpoint.expire(date(2026, 1, 5))
    checkpoint.sweeps = {
        "2026-03-05": Sweep(
            day(5),
            day(5),
            300,
            NOW - timedelta(minutes=9),
            token="t",
            token_issued=NOW - timedelta(minutes=2),
            rows_read=12_300,
        ),
        "tail": Sweep(day(7), day(11), 300, NOW - timedelta(hours=2), token="t", token_issued=NOW - timedelta(hours=1)),
    }
    checkpoint.not_before = NOW + timedelta(minutes=70)
    checkpoint.lease = Lease("8a1f", NOW + timedelta(minutes=5))
    checkpoint.delivered.legacy = LegacyLedger(date(2026, 2, 1), date(2026, 2, 9), {bytes(16)})
    return checkpoint


def ran(outcome: Any = "ok", sentence: str = "", **more: Any) -> Run:
    return Run("8a1f", NOW - timedelta(minutes=2), 1.5, outcome, sentence, **more)


def test_a_quiet_day_in_words():
    assert words(quiet(), SAVED, NOW, ran(written=0)) == [
        ("Last run", "2026-03-10 08:58:00 UTC, 2 minutes ago: it succeeded and wrote 0 records."),
        ("Last saved", "2026-03-10 08:57:00 UTC, 3 minutes ago. A run that finds nothing new saves nothing."),
        ("Newest record", "2026-03-10 08:55:53 UTC, 4 minutes ago."),
        (
            "Last full sweep",
            ORDERED,
        ),
        ("Settled", "2026-01-05 to 2026-03-06. Later dates are read again, for rows that arrive late."),
        ("Owed", "Nothing."),
    ]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (ran(written=1), "it succeeded and wrote 1 record."),
        (ran(written=12_300, action="backfill"), "it succeeded and wrote 12,300 records (backfill)."),
        (ran("running"), "it is still running."),
        (ran("failed", "Zoom says no."), "it failed: Zoom says no."),
        (ran("stopped", "Zoom's rate limit is reached."), "it stopped early: Zoom's rate limit is reached."),
        (ran("waiting", "The secret is still empty: store it."), "it waited: The secret is still empty: store it."),
        (ran("unknown", "Its end is not in the log."), "Its end is not in the log."),
    ],
)
def test_the_last_run_in_words(run, said):
    assert words(quiet(), SAVED, NOW, run)[0] == ("Last run", f"2026-03-10 08:58:00 UTC, 2 minutes ago: {said}")


def test_without_a_run_in_the_log_the_reason_is_shown():
    assert words(quiet(), SAVED, NOW, "Not known: why.")[0] == ("Last run", "Not known: why.")
    assert document(quiet(), SAVED, NOW, "Not known: why.")["last_run"] is None


def test_a_busy_day_in_words():
    assert dict(words(busy(), SAVED, NOW, ran())[4:]) == {
        "Settled": "2026-01-05 to 2026-03-06, except 4 owed and 1 expired. "
        "Later dates are read again, for rows that arrive late.",
        "Owed": "4 dates, the oldest for 5 hours: 2026-03-01 to 2026-03-03, 2026-03-05.",
        "In progress": "2026-03-05: 12,300 rows read since 2026-03-10 08:51:00 UTC; the next run continues there."
        " The newest rows: 0 rows read since 2026-03-10 07:00:00 UTC; the next run starts again.",
        "Expired": "2026-01-05: Zoom no longer had them when the collector read them.",
        "Not before": "2026-03-10 10:10:00 UTC, in 70 minutes: Zoom's rate limit allows no call until then.",
        "Lease": "A run holds it until 2026-03-10 09:05:00 UTC; its request ID is 8a1f.",
        "Guide's objects": (
            "1 of those written from 2026-02-01 to 2026-02-09 were read; their records count as delivered."
        ),
    }


def test_before_the_end_of_the_first_sweep():
    checkpoint = Checkpoint(settled_from=day(7), settled_to=day(6))
    checkpoint.not_before = NOW - timedelta(hours=1)
    checkpoint.lease = Lease("8a1f", NOW)
    told = dict(words(checkpoint, SAVED, NOW, ran()))
    assert told["Newest record"] == "None yet."
    assert told["Last full sweep"] == "None yet."
    assert told["Settled"] == "No date yet; collecting begins with 2026-03-07."
    assert not {"Not before", "Lease"} & told.keys()  # both are in the past
    facts = document(checkpoint, SAVED, NOW, ran())
    assert (facts["newest_record"], facts["settled"], facts["not_before"]) == (None, None, None)
    assert facts["lease"] == {"owner": "8a1f", "until": NOW.isoformat(), "held": False}


def test_many_owed_dates_are_counted():
    checkpoint = quiet()
    for number in range(0, 40, 2):
        checkpoint.owe(date(2026, 1, 6) + timedelta(days=number), NOW, 300)
    owed = dict(words(checkpoint, SAVED, NOW, ran()))["Owed"]
    assert owed.startswith("20 dates, the oldest for 0 seconds: 2026-02-03, ")
    assert owed.endswith("2026-02-13, and 14 earlier ranges.")


def test_dates_to_be_read_again():
    checkpoint = quiet()
    for number, minutes in ((1, 40), (2, 55), (3, None)):
        until = minutes and NOW + timedelta(minutes=minutes)
        checkpoint.owe(day(number), NOW - timedelta(hours=number), 300, looks=int(bool(until)), not_before=until)
    told = dict(words(checkpoint, SAVED, NOW, ran()))
    assert told["Owed"] == "3 dates, the oldest for 3 hours: 2026-03-01 to 2026-03-03."
    assert told["Read again"] == (
        "2 of these, the oldest since 2026-03-10 08:40:00 UTC, 20 minutes ago: 2026-03-01 to 2026-03-02. Zoom's"
        " answer was empty or lacked records that are in the archive, so the collector reads the dates again after"
        " 2026-03-10 09:55:00 UTC."
    )
    assert document(checkpoint, SAVED, NOW, ran())["owed"][1] == {
        "date": "2026-03-02",
        "since": "2026-03-10T07:00:00+00:00",
        "looks": 1,
        "not_before": "2026-03-10T09:55:00+00:00",
    }


def test_internal_fields_are_not_shown():
    """The account, what sweeps showed, and the kind of sweep that a date is owed."""
    plain, noted = quiet(), quiet()
    plain.owe(day(3), NOW, 300)
    noted.owe(day(3), NOW, 283, split=frozenset([bytes(16)]), stalls=2, by_date=True, witness=True, accept=True)
    noted.stream = Stream.of("account", "operationlogs", "zoom/operationlogs/")
    noted.shown = {day(3): {day(3): 7}}
    assert words(noted, SAVED, NOW, ran()) == words(plain, SAVED, NOW, ran())
    assert document(noted, SAVED, NOW, ran()) == document(plain, SAVED, NOW, ran())


def test_the_document():
    facts = json.loads(json.dumps(document(busy(), SAVED, NOW, ran(written=3))))
    assert facts.pop("last_run") == ran(written=3).as_json() | {"seconds_ago": 120}
    assert facts == {
        "saved": "2026-03-10T08:57:00+00:00",
        "saved_seconds_ago": 180,
        "newest_record": "2026-03-10T08:55:53+00:00",
        "newest_record_seconds_ago": 247,
        "reconciled": "2026-03-10T00:00:00+00:00",
        "settled": ["2026-01-05", "2026-03-06"],
        "owed": [
            {
                "date": f"2026-03-0{number}",
                "since": (NOW - timedelta(hours=number)).isoformat(),
                "looks": 0,
                "not_before": None,
            }
            for number in (1, 2, 3, 5)
        ],
        "expired": ["2026-01-05"],
        "sweeps": [
            {
                "name": "2026-03-05",
                "began": "2026-03-10T08:51:00+00:00",
                "rows": 12_300,
                "page_size": 300,
                "resumable": True,
            },
            {"name": "tail", "began": "2026-03-10T07:00:00+00:00", "rows": 0, "page_size": 300, "resumable": False},
        ],
        "not_before": "2026-03-10T10:10:00+00:00",
        "lease": {"owner": "8a1f", "until": "2026-03-10T09:05:00+00:00", "held": True},
        "guide": {"from": "2026-02-01", "to": "2026-02-09", "objects_read": 1},
    }


def test_stored_checkpoints_are_understood():
    found = understand(encode(busy()), SAVED, WHERE)
    assert found.checkpoint is not None
    assert (found.checkpoint.owed, found.saved, found.instead) == (busy().owed, SAVED, "")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The checkpoint s3://bucket/state.json is damaged: the next run rebuilds it, and no record is lost."),
        (
            encode(busy())[:-1],
            "The checkpoint s3://bucket/state.json is damaged: the next run rebuilds it, and no record is lost.",
        ),
        (
            b"[" * 100_000,
            "The checkpoint s3://bucket/state.json is damaged: the next run rebuilds it, and no record is lost.",
        ),
        (
            b'{"schema": %d}\n' % (SCHEMA + 1),
            NEWER,
        ),
        (
            b'{"cursor_date": "2026-02-09"}',
            (
                f"The object {WHERE} is the state of the written guide's Lambda, at 2026-02-09: the next run takes it"
                " over."
            ),
        ),
    ],
)
def test_an_invalid_checkpoint_is_a_sentence(body, sentence):
    found = understand(body, SAVED, WHERE)
    assert (found.checkpoint, found.instead) == (None, sentence)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (5400, "90 minutes"),
        (7200, "2 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
    ],
)
def test_spans(seconds, said):
    assert span(timedelta(seconds=seconds)) == said
