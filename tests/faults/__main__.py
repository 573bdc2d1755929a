"""Writes the rules into docs/architecture.md: `python tests/faults`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

if not __package__:  # a folder that runs as a script has itself on the path, not its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from faults.rules_page import PAGE, updated

logging.getLogger("collector").addHandler(logging.NullHandler())  # the runs log warnings about the scenarios' faults
PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
