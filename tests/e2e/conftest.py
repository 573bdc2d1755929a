"""One applied module for the tests that read it or run it: applying takes a minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standins.clock import Clock
from standins.deployment import Deployment, deployed
from standins.zoom import Zoom

REPOSITORY = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    zoom = Zoom(clock=Clock(START))
    for day in range(-5, 3):
        zoom.add_day((START + timedelta(days=day)).date(), 500, seed=day + 10, twins=0.02)
    with deployed(REPOSITORY, zoom) as world:
        yield world
