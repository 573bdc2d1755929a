"""A report that Zoom does not have: what its entry in reports.json would be, and how the stand-in serves it.

Its list, its fields, its time and its scope have names that no other report uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from .samples import Record

NAME = "room_bookings"
ENTRY = {
    "rows": "bookings",
    "fields": ["booked_at", "room", "who"],
    "time": "booked_at",
    "records": "room bookings",
    "feed": "Zoom Room Bookings",
    "scope": "report:read:room_bookings:admin",
    "permission": "Rooms > Bookings: View",
}


def _bookings(day: date, count: int, seed: int, _twins: float) -> Iterator[Record]:
    for number in range(count):  # in pairs of the same
        at = f"{day}T{number // 2 % 24:02}:{number // 2 % 60:02}:00Z"
        yield {"room": f"{seed}-{number // 2}", "who": "équipe", "booked_at": at, "time": "no time of this report"}


THIRD = Served("bookings", "report:read:room_bookings:admin", _bookings)
