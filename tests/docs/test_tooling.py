"""The files that callers' tooling looks for: they parse, name what is there, and pin what they fetch."""

from __future__ import annotations

import re
from typing import Any

import yaml

from .pages import REPOSITORY

HOOKS: dict[str, Any] = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())


def test_every_hook_from_elsewhere_is_pinned() -> None:
    revisions = {one["repo"]: one.get("rev") for one in HOOKS["repos"]}
    assert revisions.pop("local") is None
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", rev) for rev in revisions.values())


def test_the_hooks_ruff_is_the_one_of_make_lint() -> None:
    [rev] = [one["rev"] for one in HOOKS["repos"] if one["repo"].endswith("/ruff-pre-commit")]
    pinned = re.search(r"^ruff==(\S+)", (REPOSITORY / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert pinned
    assert rev == f"v{pinned[1]}"


def test_hooks_name_files_that_exist() -> None:
    text = (REPOSITORY / ".pre-commit-config.yaml").read_text()
    named = set(re.findall(r"(?:--config=(?:__GIT_WORKING_DIR__/)?|python3 )([\w./-]+)", text))
    assert named
    assert [name for name in named if not (REPOSITORY / name).is_file()] == []
