"""Writes the matrix into docs/security.md and the deployer's rights into docs/deployer.md: `python tests/security`."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # a folder that runs as a script has itself on the path, not its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from security import deployer_page, report

for page in (report, deployer_page):
    page.PAGE.write_text(page.updated(page.PAGE.read_text(encoding="utf-8")), encoding="utf-8")
