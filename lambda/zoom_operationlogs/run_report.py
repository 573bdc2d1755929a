"""What a run did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class RunReport:
    """What a run did, for its result, its metrics and its log line; no decision of the run depends on it.

    `written` and `late` count records, `unreadable_rows` rows that were set aside, `expired` and `incomplete` (settled
    although Zoom shows less than the archive has) dates, `unfinished` interruptions of sweeps, `behind_markers` objects
    of records behind delete markers, `incidents` what `Incidents` reported. `late_seconds` is the age of the oldest
    late record when it was published. `left_to_other`: another run held the lease. `daily_limit`: Zoom's daily limit
    was reached.
    """

    written: int = 0
    late: int = 0
    late_seconds: float = 0.0
    pages: int = 0
    unreadable_rows: int = 0
    tail_ended: bool = False
    left_to_other: bool = False
    expired: int = 0
    incomplete: int = 0
    unfinished: int = 0
    behind_markers: int = 0
    incidents: int = 0
    daily_limit: bool = False
