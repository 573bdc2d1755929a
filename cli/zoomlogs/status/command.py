"""`zoomlogs status`: reads the checkpoint, says it."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ..aws import session
from ..errors import CommandError
from .facts import document, words
from .stored import read

if TYPE_CHECKING:
    from ..deployment import Deployment


def main(deployment: Deployment, *, as_json: bool = False, now: datetime | None = None) -> int:
    """Show where collecting stands; return 0, or raise `CommandError` (1) where no checkpoint can be read."""
    now = now or datetime.now(UTC)
    stored = read(session(deployment.region).client("s3"), deployment)
    if not stored.checkpoint or not stored.saved:
        raise CommandError(stored.instead, status=1)
    if as_json:
        sys.stdout.write(json.dumps(document(stored.checkpoint, stored.saved, now), indent=2) + "\n")
        return 0
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("Collector", f"{deployment.function_name} in {deployment.region}, bucket {deployment.bucket}")
    for heading, sentence in words(stored.checkpoint, stored.saved, now):
        table.add_row(heading, sentence)
    Console(highlight=False, markup=False, emoji=False).print(table)
    return 0
