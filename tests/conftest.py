"""Which tests come first, and how Terraform and boto3 spend their time."""

from __future__ import annotations

import functools
import os

import botocore.loaders
import botocore.session
import pytest

# Terraform and its provider read thousands of schemas, and collect garbage meanwhile: a sixth of a plan's time. With
# these they let it lie up to the limit, which is for each process. Source: Go's runtime, "Environment Variables".
os.environ.setdefault("GOGC", "off")
os.environ.setdefault("GOMEMLIMIT", "600MiB")

# The hundreds of programs that tests start need not compile the same sources each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Each session of boto3 reads the models of its services from disk, a tenth of a second for each: here once for all.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)

LONG_AND_LAST_BY_NAME = "tests/workflows/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the slow files: spread over several workers, the quick ones then fill the gaps at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_AND_LAST_BY_NAME))
