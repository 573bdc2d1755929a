"""The deployment for these tests: alpha of the world that tests/security also uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from security.applied import Applied
from standins.deployment import Deployment


@pytest.fixture
def deployment(applied: Applied) -> Iterator[Deployment]:
    """Return alpha, with policies enforced for every request: its collector has its own role."""
    with applied.deployment.aws.authorising():
        yield applied.deployment
