"""Records for the Zoom stand-in.

`zoom_records.jsonl` holds records that were published: sanitised real ones first, then real times with masked fields,
the vendor's documentation examples, and test logs of detection rules. What is generated follows their grammar.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

Record = dict[str, Any]

PUBLISHED: list[Record] = [
    json.loads(line) for line in (Path(__file__).parent / "zoom_records.jsonl").read_text("utf-8").split("\n") if line
]
SECONDS_A_DAY = 86400

# Two spaces before the first dash, a trailing space, values that hold " - ", embedded JSON, other scripts: as published.
DETAILS = [
    ("User", "Add", "Add User {user}  - User Type: Basic - Department: {place}"),
    ("User", "Update", "Update User {user}  - User Role: from Member to Admin"),
    ("User", "Update", "Update User {user}  - Job Title: set to Contractor {number}"),
    ("User", "Update", "Activate User {user} "),
    ("User", "SCIM API - Update", "Edit User {user}  - Change Type: from Basic to Licensed"),
    ("User", "Batch Update", "Change Role  - {user}: from User to Co-Owner"),
    ("User Group", "Update", "Edit Group {place}  - Personal Meeting ID (PMI) Passcode: from On to Off"),
    ("Account", "Update", "Security  - Sign in with Two-Factor Authentication: from On to Off"),
    (
        "Account",
        "Update",
        "Sign-In Password Requirement  - Have at least specified length of characters: from 8 to {number}",
    ),
    (
        "Channels",
        "Update",
        "Update a Channel {place}{number}  - Cloud Storage Retention: set to  - Name: from {place} to B",
    ),
    ("Team Chat", "Search", "Search Chat  - Search Date: 03/02/2023 - 03/30/2023 {user}"),
    ("Zoom Rooms", "Update", "Update Zoom Room {place} {number}  - Room Name: from {place} to {place} 2"),
    ("User", "Update", 'Scheduling Privilege  - [{{"userId":"{user}","assistant":"a{number}","options":["x","y"]}}]'),
]
PLACES = ["Springfield", "Zürich", "São Paulo", "東京", "Αθήνα", "الرياض", "Kraków", "R&D 🚀"]


def records_of(day: date, count: int, seed: int = 0, twins: float = 0.0) -> Iterator[Record]:
    """Yield `count` records of a UTC date in the order of their times, the published ones among the first.

    They come in bursts within one second; `twins` is the share that repeats the record before to the letter.
    """
    dice = random.Random(f"{seed} {day}")
    midnight = datetime.combine(day, time(), UTC)
    weight = [1 + 4 * (8 <= hour <= 18) for hour in range(24)]  # an office's day
    hours = dice.choices(range(24), weight, k=count)
    seconds = sorted(hour * 3600 + dice.randrange(3600) for hour in hours)
    published = iter(PUBLISHED)
    before: Record | None = None
    for number, second in enumerate(seconds):
        if before and twins and dice.random() < twins:
            yield dict(before)
            continue
        if before and dice.random() < 0.15:  # a burst: the same second as the record before
            moment = before["time"]
        else:
            moment = f"{midnight + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"
        before = next(published, None) if seed == 0 else None
        if before:
            before = {**before, "time": moment}
        else:
            category, action, detail = DETAILS[dice.randrange(len(DETAILS))]
            before = {
                "time": moment,
                "operator": f"admin{dice.randrange(40)}@example.com",
                "category_type": category,
                "action": action,
                "operation_detail": detail.format(
                    user=f"user{number}.{dice.randrange(10**6)}@example.com", place=dice.choice(PLACES), number=number
                ),
            }
        yield dict(before)
