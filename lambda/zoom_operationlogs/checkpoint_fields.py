"""The parts of the checkpoint's first line: owed dates, sweeps in progress, counts by date."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from typing import Any

from .checkpoint import TAIL, PendingSweep
from .json_values import day_of, flag, iso, moment, record_time, required, text, whole
from .sweep import Edge, Group, Sweep


def pending_to_json(pending: PendingSweep) -> dict[str, Any]:
    """Return a pending sweep as JSON."""
    fields = {
        "asked": iso(pending.owed_since),
        "page_size": pending.page_size,
        "split": sorted(fingerprint.hex() for fingerprint in pending.split),
        "stalls": pending.stalls,
        "by_date": pending.by_date,
        "looks": pending.looks,
        "refusals": pending.refusals,
        "not_before": iso(pending.not_before),
        "witness": pending.witness,
        "accept": pending.accept,
    }
    return {name: value for name, value in fields.items() if value}


def pending_from_json(pending: dict[str, Any]) -> PendingSweep:
    """Return a pending sweep from JSON; raise ValueError, KeyError or TypeError if it is not one."""
    return PendingSweep(
        owed_since=required(moment(pending["asked"])),
        page_size=whole(pending["page_size"], 1, 300),
        split=frozenset(bytes.fromhex(fingerprint) for fingerprint in pending.get("split", [])),
        stalls=whole(pending.get("stalls", 0)),
        by_date=flag(pending.get("by_date", False)),
        looks=whole(pending.get("looks", 0)),
        refusals=whole(pending.get("refusals", 0)),
        not_before=moment(pending.get("not_before")),
        witness=flag(pending.get("witness", False)),
        accept=flag(pending.get("accept", False)),
    )


def sweep_to_json(sweep: Sweep) -> dict[str, Any]:
    """Return the place of a sweep as JSON."""
    return {
        "dates": [sweep.first.isoformat(), sweep.last.isoformat()],
        "page_size": sweep.page_size,
        "began": iso(sweep.began),
        "newest": iso(sweep.newest),
        "token": sweep.token,
        "token_issued": iso(sweep.token_issued),
        "disorder": math.ceil(sweep.disorder.total_seconds()),
        "last_time": iso(sweep.last_time),
        "rows": sweep.rows_read,
        "longest_page": sweep.longest_page,
        "edge": {fingerprint.hex(): [row.place, iso(row.time)] for fingerprint, row in sorted(sweep.edge.items())},
        "split": [
            [group.fingerprint.hex(), group.first, group.end, group.day and group.day.isoformat()]
            for group in sweep.split
        ],
        "shown": counts_to_json(sweep.shown),
        "untimed": sweep.untimed,
        **({"accept": True} if sweep.accept else {}),
    }


def _sweep_from_json(sweep: dict[str, Any]) -> Sweep:
    first, last = map(day_of, sweep["dates"])
    return Sweep(
        first=first,
        last=last,
        page_size=whole(sweep["page_size"], 1, 300),
        began=required(moment(sweep["began"])),
        newest=record_time(sweep["newest"]),
        token=text(sweep["token"]),
        token_issued=moment(sweep["token_issued"]),
        disorder=timedelta(seconds=whole(int(sweep["disorder"]))),
        last_time=record_time(sweep["last_time"]),
        rows_read=whole(sweep["rows"]),
        longest_page=whole(sweep["longest_page"]),
        edge={
            bytes.fromhex(fingerprint): Edge(whole(place), record_time(time))
            for fingerprint, (place, time) in sweep["edge"].items()
        },
        split=[
            Group(
                bytes.fromhex(fingerprint), whole(first), whole(end), None if day is None else date.fromisoformat(day)
            )
            for fingerprint, first, end, day in sweep["split"]
        ],
        shown=Counter(counts_from_json(sweep["shown"])),
        untimed=whole(sweep["untimed"]),
        accept=flag(sweep.get("accept", False)),
    )


def sweeps_from_json(sweeps: dict[str, Any]) -> dict[str, Sweep]:
    """Return the places of sweeps by their names; raises as `pending_from_json` does."""
    found = {text(name): _sweep_from_json(sweep) for name, sweep in sweeps.items()}
    # A sweep with a name that is not its date would settle a date that was never read: it starts again.
    return {
        name: sweep
        for name, sweep in found.items()
        if name == TAIL or name == sweep.first.isoformat() == sweep.last.isoformat()
    }


def counts_to_json(counts: Any) -> dict[str, int]:
    """Return numbers of rows by date as JSON."""
    return {day.isoformat(): count for day, count in sorted(counts.items())}


def counts_from_json(counts: dict[str, Any]) -> dict[date, int]:
    """Return numbers of rows by date; raises as `pending_from_json` does."""
    return {date.fromisoformat(day): whole(count) for day, count in counts.items()}
