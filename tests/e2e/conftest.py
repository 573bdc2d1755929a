"""The deployment that these tests run: alpha of the world that tests/security looks at, too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from security.applied import Applied
from standins.deployment import Deployment


@pytest.fixture
def deployment(applied: Applied) -> Iterator[Deployment]:
    """Return alpha, with policies deciding about every request: its collector works under its own role."""
    with applied.deployment.aws.authorising():
        yield applied.deployment
