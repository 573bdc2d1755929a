"""Facts about the module, from ../module.json, which `make docs` and `make package` write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_ABOUT: dict[str, Any] = json.loads((Path(__file__).parents[1] / "module.json").read_text(encoding="utf-8"))

INPUTS: dict[str, Any] = _ABOUT["inputs"]
"""The inputs: {"keys": {NAME: SHAPE}} of an object, {"each": SHAPE} of a collection of objects, None of a value."""

RESOURCES: dict[str, frozenset[str]] = {name: frozenset(made) for name, made in _ABOUT["resources"].items()}
"""The resources of each submodule, as TYPE.NAME."""

PACKAGE_SHA256: str = _ABOUT["package_sha256"]
"""The hash of the committed package, in hex."""
