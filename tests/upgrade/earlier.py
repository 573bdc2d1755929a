"""The states of earlier versions of the module, recorded by `python tests/upgrade REVISION`."""

from __future__ import annotations

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = "tests/fixtures/upgrade"
STATES = REPOSITORY / FOLDER / "states"
