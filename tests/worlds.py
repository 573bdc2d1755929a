"""A pytest plugin with slow fixtures that several test files share.

All files of a world run on one worker, in the order of their names. Each file prepares what it needs and restores what
it changed. Tests marked `destroys` run last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from compliance.plans import planning
from security.applied import Applied, applied_for_two
from standins.aws import AwsStandIn
from standins.clock import Clock
from standins.deployment import Deployment, deployed
from standins.zoom import Zoom

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def aws_standin() -> Iterator[AwsStandIn]:
    """Start the stand-in for AWS."""
    with AwsStandIn() as standin:
        yield standin


@pytest.fixture(scope="module")
def empty_account(aws_standin: AwsStandIn) -> AwsStandIn:
    """Reset the worker's one stand-in for each file: an empty AWS account."""
    aws_standin.reset()
    return aws_standin


@pytest.fixture(scope="module")
def aws(empty_account: AwsStandIn) -> AwsStandIn:
    """The same account; a file or folder overrides this fixture to set up what its tests need."""
    return empty_account


@pytest.fixture(scope="session")
def applied() -> Iterator[Applied]:
    """Apply tests/fixtures/security: two uses of the module in one account, at a fixed time."""
    with applied_for_two(REPOSITORY) as world:
        yield world


@pytest.fixture(scope="session")
def minimal() -> Iterator[Deployment]:
    """Apply examples/minimal at the current time; Zoom has records of the 24 days before today."""
    now = datetime.now(UTC)
    zoom = Zoom(clock=Clock(now, ticking=True))
    for back in range(1, 25):  # a record of today could appear during a test
        zoom.add_day((now - timedelta(days=back)).date(), 350, seed=back + 1)
    with deployed(REPOSITORY, zoom, one_provider=True) as world:
        yield world


@pytest.fixture(scope="session")
def plan_of() -> Iterator[Callable[[str], dict[str, Any]]]:
    """Return a function that plans tests/fixtures/plan_check as a variant of tests/compliance, each variant once."""
    with planning() as plan:
        yield plan
