"""Which tests come first."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files: spread over several workers, the quick ones then fill the gaps at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
