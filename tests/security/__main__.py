"""Writes the matrix into docs/security.md: `python tests/security`."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # a folder run as a script has itself on the path, not the folder it lies in
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from security.report import PAGE, updated

PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
