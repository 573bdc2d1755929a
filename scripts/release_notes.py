"""Print the notes of a release from CHANGELOG.md: `python3 scripts/release_notes.py v1.2.3`.

Exit status 1, with one sentence, unless the tag is the version of the collector and the changelog has a dated section
for it. The version is set in one place, lambda/zoom_operationlogs/__init__.py.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = Path("lambda/zoom_operationlogs/__init__.py")


class ReleaseError(Exception):
    """The tag cannot be released; the message says what to change."""


def main(arguments: list[str]) -> int:
    """Print the notes; return the exit status."""
    if len(arguments) != 1:
        sys.stderr.write("Pass one tag: python3 scripts/release_notes.py v1.2.3\n")
        return 2
    try:
        sys.stdout.write(notes(ROOT, arguments[0]))
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def notes(root: Path, tag: str) -> str:
    """Return the changelog's section for the tag, without its heading. Raises ReleaseError."""
    version = re.search(r'^__version__ = "(.+)"$', (root / VERSION).read_text(encoding="utf-8"), re.MULTILINE)
    if version is None or tag != f"v{version[1]}":
        raise ReleaseError(f"The tag {tag} is not the version in {VERSION.as_posix()}: change the version or the tag.")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = rf"^## \[{re.escape(version[1])}\] - \d{{4}}-\d\d-\d\d$"
    section = re.search(rf"{heading}\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if section is None or not section[1].strip():
        raise ReleaseError(f"CHANGELOG.md needs a section '## [{version[1]}] - YYYY-MM-DD' with the changes.")
    return section[1].strip() + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
