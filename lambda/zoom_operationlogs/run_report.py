"""What a run did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RunReport:
    """What a run did, for its result and its metrics; no decision of the run depends on it.

    `written` and `late` count records, `unreadable_rows` the rows that were set aside, `expired` and `incomplete`
    (settled although Zoom shows less than the archive holds) count dates, `unfinished` what kept a sweep from its end.
    `late_seconds` is the age of the oldest late record when it was published. `left_to_other` says that another run
    held the lease, `rebuilt` that the checkpoint was lost, `daily_limit` that Zoom's daily limit was reached.
    """

    written: int = 0
    late: int = 0
    late_seconds: float = 0.0
    pages: int = 0
    unreadable_rows: int = 0
    tail_ended: bool = False
    left_to_other: bool = False
    rebuilt: bool = False
    expired: int = 0
    incomplete: int = 0
    unfinished: int = 0
    daily_limit: bool = False
