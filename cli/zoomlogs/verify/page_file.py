"""The page's file: refused before Zoom is asked if it cannot be written, and written whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def refuse_what_cannot_be_written(path: Path) -> None:
    """Raise `CommandError` where no page can be put: a verification may take an hour, and is not to be lost."""
    target = path.resolve()
    try:
        if target.is_dir():
            raise CommandError(f"--html {path} is a folder: give the file to write.")
        if not target.parent.is_dir():
            raise CommandError(f"--html {path} lies in no folder: make {target.parent}, or give another.")
        if _is_there(target) and not target.is_file():
            raise CommandError(f"--html {path} is no ordinary file: give another.")
        with _beside(target):
            pass
    except OSError as error:
        raise CommandError(f"--html {path} cannot be written: {error.strerror}.") from None


def write(path: Path, text: str) -> None:
    """Put the text there, in place of what was; raise `CommandError` where that fails after all."""
    target = path.resolve()
    try:
        with _beside(target) as new:
            new.write_text(text, "utf-8")
            if _is_there(target):
                shutil.copymode(target, new)
            new.replace(target)
    except OSError as error:
        raise CommandError(f"{path} could not be written: {error.strerror}.", status=1) from None


def _is_there(path: Path) -> bool:
    """Tell whether there is something; raise `OSError` for a name that no file can have."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Make an empty file in the same folder, which is gone afterwards unless it was moved."""
    new = target.with_name(f".zoomlogs-{uuid4()}.html")
    try:
        new.open("x").close()
        yield new
    finally:
        new.unlink(missing_ok=True)
