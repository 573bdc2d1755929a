"""`zoomlogs status`: reads the checkpoint and the log's last run, says them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from ..aws import FAILURES, reason, session
from ..errors import CommandError
from ..logs.group import LOOK_BACK, last_runs
from .stored import read
from .summary import document, words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_logs import CloudWatchLogsClient

    from ..deployment import Deployment
    from ..logs.runs import Run


def main(deployment: Deployment, *, as_json: bool = False, now: datetime | None = None) -> int:
    """Show where collecting stands; return 0, or raise `CommandError` (1) where no checkpoint can be read."""
    now = now or datetime.now(UTC)
    aws = session(deployment.region)
    stored = read(aws.client("s3"), deployment)
    if not stored.checkpoint or not stored.saved:
        raise CommandError(stored.instead, status=1)
    ran = _last_run(aws.client("logs"), str(deployment.outputs["log_group"]["name"]), now)
    if as_json:
        sys.stdout.write(json.dumps(document(stored.checkpoint, stored.saved, now, ran), indent=2) + "\n")
        return 0
    shown = table(deployment, words(stored.checkpoint, stored.saved, now, ran))
    Console(highlight=False, markup=False, emoji=False).print(shown)
    return 0


def table(deployment: Deployment, lines: Iterable[tuple[str, str]]) -> Table:
    """Return the facts in words as they are shown, below which collector they are of."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column(overflow="fold")
    shown.add_row("Collector", f"{deployment.function_name} in {deployment.region}, bucket {deployment.bucket}")
    for heading, sentence in lines:
        shown.add_row(heading, sentence)
    return shown


def _last_run(logs: CloudWatchLogsClient, group: str, now: datetime) -> Run | str:
    """Return the last run, or a sentence: an idle run saves no checkpoint, so that only the log tells of it."""
    try:
        found = last_runs(logs, group, now, 1, probes=False)
    except FAILURES as error:
        return f"Not known, as the log group {group} cannot be read: {reason(error)}."
    return found[-1] if found else f"The log tells of none in the last {LOOK_BACK.days} days."
