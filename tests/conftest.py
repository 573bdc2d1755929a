"""Which tests come first, and how Terraform spends its time."""

from __future__ import annotations

import os

import pytest

# Terraform and its provider read thousands of schemas, and collect garbage meanwhile: a sixth of a plan's time. With
# these they let it lie up to the limit, which is for each process. Source: Go's runtime, "Environment Variables".
os.environ.setdefault("GOGC", "off")
os.environ.setdefault("GOMEMLIMIT", "600MiB")

# The hundreds of programs that tests start need not compile the same sources each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

LONG_AND_LAST_BY_NAME = "tests/workflows/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files: spread over several workers, the quick ones then fill the gaps at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_AND_LAST_BY_NAME))
