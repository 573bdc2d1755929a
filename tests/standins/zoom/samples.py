"""Sample records like Zoom's, any number a day.

`../zoom_records.jsonl` has records that others published, in the API's field order, in this order:

1. real ones, sanitised by their publishers: the Zoom test data of `demisto/content` (Packs/Zoom);
2. a real page of 30, its times and categories real, the other fields masked: `hashicorp-forge/grove`,
   tests/fixtures/zoom;
3. logs sanitised into rule tests: `panther-labs/panther-analysis`, rules/zoom_operation_rules. Their times, which that
   product had rewritten, have the API's form again; three of them came without a time;
4. the examples of Zoom's API reference (trailing space included) and of its Video SDK twin;
5. invented by the makers of `elastic/integrations` from the reference; one has neither operator nor action.

Further records are generated in the same style: two spaces and a dash before the first change, trailing spaces, values
with dashes in them, embedded JSON, names in many scripts.
"""

from __future__ import annotations

import json
import random
from functools import cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

Record = dict[str, Any]

SAMPLES_FILE = Path(__file__).parent.parent / "zoom_records.jsonl"
BURSTS = 0.2  # the share of records in the second of the one before; the real page has 10 of 30 in such pairs

# An office day in UTC: the share of records that each hour has.
_HOUR_WEIGHTS = (1, 1, 2, 1, 1, 1, 3, 8, 16, 20, 18, 15, 11, 16, 20, 18, 14, 9, 5, 3, 2, 2, 1, 1)

_OPERATORS = (
    "admin@example.com",
    "admin-test%1223+123@example.com",
    "helpdesk+emea@example.com",
    "équipe.réseau@example.com",
    "scim-provisioning",
    "System",
)

# (category_type, action, operation_detail); `#` becomes a unique number.
_EVENTS = (
    ("User", "Update", "Activate User user#@example.com "),
    ("User", "Update", "Deactivate User user#@example.com "),
    ("User", "Add", "Add User user#@example.com  - User Type: Basic - Department: Försäljning"),
    ("User", "Update", "Update User user#@example.com  - Job Title: set to Contractor"),
    ("User", "Update", "Update User user#@example.com  - User Role: from Member to Admin"),
    ("User", "Delete", "Delete User user#@example.com"),
    ("User", "Batch Update", "Change Role  - user#@example.com: from User to Co-Owner"),
    ("User", "SCIM API - Update", "Edit User user#@example.com  - Change Type: from Basic to Licensed"),
    ("User", "update", "Update User user#@example.com  - Display Name: from 部署 # to  部署 #  - Location: set to "),
    (
        "User Settings",
        "Update",
        'Scheduling Privilege  - [{"userId":"u#","assistant":"user#@example.com","options":["schedule","\\"all\\""]}]',
    ),
    ("User Group", "Update", "Edit Group Équipe #  - Personal Meeting ID (PMI) Passcode: from On to Off"),
    ("User Group", "Add", "Add Group Инженеры #"),
    ("Account", "Update", "Security  - Sign in with Two-Factor Authentication: from On to Off - Change: #"),
    (
        "Account",
        "Update",
        "Sign-In Password Requirement  - Have at least specified length of characters: from 8 to 14 - Change: #",
    ),
    ("Recording", "Delete", "Delete cloud recording for meeting 9#"),
    (
        "Channels",
        "Update",
        "Update a Channel #  - Cloud Storage Retention: set to  - Name: from 🚀 Launch to 🚀 Launch #",
    ),
    ("Team Chat", "Search", "Search Chat #  - Search Date: 03/02/2023 - 03/30/2023"),
    ("Zoom Rooms", "Update", "Sala de reuniões #  - Waiting Room - Off - On - Unlocked - All rooms"),
    ("Zoom Rooms", "Update", "会議室 #\t - Display Name: from 会議室 to \u2028会議室 #"),
    ("Role", "Update", "Edit Role Billing #  - Usage reports: from None to View"),
    ("Billing", "Update", "Update billing contact information #"),
)


def sample_records(day: date, count: int, *, seed: int = 0, twins: float = 0.0) -> Iterator[Record]:
    """Yield `count` records of a UTC day, the published ones first, then generated ones from morning to night.

    The same arguments give the same records. All are different, except for the share `twins` (0 to 0.5): each of those
    repeats the record before it exactly.
    """
    published = _published(day)

    def alone(number: int) -> Iterator[Record]:
        return chain(map(dict, published), _made(day, max(0, number - len(published)), seed))

    return with_twins(day, count, seed, twins, alone)


def with_twins(
    day: date, count: int, seed: int, twins: float, make: Callable[[int], Iterator[Record]]
) -> Iterator[Record]:
    """Yield `count` records, of which the share `twins` repeats the record before it; `make` generates the others."""
    copies = round(count * twins)
    alone = count - copies
    if not 0 <= copies <= alone:
        raise ValueError(f"twins is {twins}: it must be the share of records that repeat another, from 0 to 0.5.")
    repeated = set(random.Random(f"twins {seed} {day}").sample(range(alone), copies))
    for number, record in enumerate(islice(make(alone), alone)):
        yield record
        if number in repeated:
            yield dict(record)


@cache
def _published(day: date) -> tuple[Record, ...]:
    """Return the published records, moved to the day, without those that masking made equal to another."""
    lines = SAMPLES_FILE.read_text(encoding="utf-8").split("\n")
    moved = {}
    for number, line in enumerate(filter(None, lines)):
        record = json.loads(line)
        time_of_day = record["time"][11:] if "time" in record else f"12:00:{number % 60:02}Z"
        record = {"time": f"{day}T{time_of_day}"} | {name: value for name, value in record.items() if name != "time"}
        moved[tuple(record.items())] = record
    return tuple(moved.values())


def stamps(rng: random.Random, day: date, count: int) -> Iterator[str]:
    """Yield the times of an office day's records, the oldest first."""
    return _in_bursts(rng, day, _seconds(rng, count))


def _seconds(rng: random.Random, count: int) -> list[int]:
    return sorted(3600 * hour + int(3600 * rng.random()) for hour in rng.choices(range(24), _HOUR_WEIGHTS, k=count))


def _in_bursts(rng: random.Random, day: date, seconds: list[int]) -> Iterator[str]:
    second, stamp = -1, ""
    for number, at in enumerate(seconds):
        if not number or (at != second and rng.random() >= BURSTS):
            second = at
            stamp = f"{day}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        yield stamp


def _made(day: date, count: int, seed: int) -> Iterator[Record]:
    """Yield generated records in the order of their times."""
    rng = random.Random(f"{seed} {day}")
    seconds = _seconds(rng, count)
    events = rng.choices(_EVENTS, k=count)
    operators = rng.choices(_OPERATORS, k=count)
    for number, stamp in enumerate(_in_bursts(rng, day, seconds)):
        category, action, detail = events[number]
        yield {
            "time": stamp,
            "operator": operators[number],
            "category_type": category,
            "action": action,
            "operation_detail": detail.replace("#", f"{seed}-{number}"),
        }
