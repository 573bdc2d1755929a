"""Sample records like those of Zoom's report of sign-ins and sign-outs, any number a day.

All are invented. Their fields and values are those that Zoom's schema of `reportSignInSignOutActivities` names and that
the test data of its users shows (see `served`): `type` is `Sign in` or `Sign out`; a record may lack the address, the
client and the version; a version has three or four numbers. An address may be of either family.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .samples import stamps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from .samples import Record

_CLIENTS = (
    ("Browser", "-"),
    ("Windows", "6.0.11.39959"),
    ("Mac", "5.17.11.34827"),
    ("iOS", "6.2.0 (19855)"),
    ("Android", "6.1.10.25400"),
    ("ZoomRooms", "6.2.5.5003"),
)
_ADDRESSES = ("192.0.2.{}", "198.51.100.{}", "203.0.113.{}", "2001:db8::{:x}")
_EMAILS = ("user{}@example.com", "équipe.réseau+{}@example.com", "o'neil.{}@example.com", "用户{}@example.com")


def made(day: date, count: int, seed: int) -> Iterator[Record]:
    """Yield generated records in the order of their times; all are different."""
    rng = random.Random(f"sign-ins {seed} {day}")
    for number, stamp in enumerate(stamps(rng, day, count)):
        client, version = rng.choice(_CLIENTS)
        record = {
            "email": rng.choice(_EMAILS).format(f"{seed}-{number}"),
            "time": stamp,
            "type": rng.choice(("Sign in", "Sign in", "Sign out")),
            "ip_address": rng.choice(_ADDRESSES).format(rng.randrange(1, 255)),
            "client_type": client,
            "version": version,
        }
        if number % 50 == 7:  # like some published test data: only who, when and what
            record = {name: record[name] for name in ("email", "time", "type")}
        yield record
