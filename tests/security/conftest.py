"""The fixture of two instances, applied once for all tests of security."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standins.clock import Clock
from standins.deployment import Deployment, deployed
from standins.zoom import Zoom

from .world import World, world_of

REPOSITORY = Path(__file__).resolve().parents[2]
START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="package")
def deployment() -> Iterator[Deployment]:
    zoom = Zoom(clock=Clock(START))
    for day in range(-5, 3):
        zoom.add_day((START + timedelta(days=day)).date(), 500, seed=day + 20, twins=0.02)
    with deployed(REPOSITORY, zoom, folder="tests/fixtures/security") as applied:
        applied.store_credentials()
        yield applied


@pytest.fixture(scope="package")
def world(deployment: Deployment) -> Iterator[World]:
    made = world_of(deployment)
    with deployment.aws.authorising():
        yield made
