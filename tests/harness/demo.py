"""`make demo`: the real module and the real package, with stand-ins for AWS, Lambda, Zoom and SecOps around them.

Exit status: 0 if every record is in the archive and in SecOps once, 1 if not or if Terraform fails, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from standins import zoom as zoom_standin
from standins.clock import Clock
from standins.deployment import deployed

from .arrival import arrived
from .terraform import Progress as Step
from .terraform import TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable

    from standins.deployment import Comparison, Deployment
    from standins.lambda_runtime import Invocation
    from standins.zoom import Zoom

    from .arrival import Arrived

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDS_A_DAY = 400
DAYS_BACK = 4
QUARTER = timedelta(minutes=15)
FIRST_RECORDS = 6


@dataclass(frozen=True)
class Scene:
    """What happens before a run: the clock moves, and something may be told of it."""

    wait: timedelta
    tells: str


SCENES = [
    Scene(timedelta(), "first run: today and three days"),
    Scene(QUARTER, "what is new"),
    Scene(QUARTER, "what is new, with identical twins"),
    Scene(QUARTER, "what is new"),
    Scene(timedelta(hours=30), "30 h outage, a row 20 h late"),
    Scene(QUARTER, "what is new"),
    Scene(QUARTER, "what is new"),
]


def main(arguments: list[str] | None = None) -> int:
    """Run the demo as its options say; return the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    parser = argparse.ArgumentParser(description="Show the module at work on this computer, without AWS or Zoom.")
    parser.add_argument("--keep", action="store_true", help="keep everything running after the last run (or KEEP=1)")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, and the rest on standard error")
    options = parser.parse_args(arguments)
    return show(keep=options.keep, as_json=options.json)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def show(*, keep: bool = False, as_json: bool = False) -> int:
    """Run the demo; return the exit status: 0 if every record is in the archive and in SecOps, once.

    `as_json` leaves standard output to the result.
    """
    console = Console(highlight=False, stderr=as_json)
    keep = keep or os.environ.get("KEEP", "").lower() in ("1", "true", "yes")
    console.print(
        Panel(
            "Terraform applies [bold]examples/minimal[/] for real, and the package runs as it was deployed.\n"
            "AWS, Lambda's machines, Zoom and Google SecOps are stand-ins on this computer:\n"
            "nothing leaves it, and nothing is left behind.",
            title="Zoom operation logs → S3 → Google SecOps",
            expand=False,
        )
    )
    began = time.monotonic()
    zoom, first = _zoom()
    try:
        with (
            _Applying(console) as applying,
            deployed(REPOSITORY, zoom, say=applying.say, on_progress=applying.step) as deployment,
        ):
            applying.done()
            console.print(_resources(deployment))
            deployment.store_credentials()
            console.print("Zoom's credentials are in Secrets Manager; the schedule is", deployment.target.expression)
            console.print(f"{deployment.runtime.kind}\n")
            failed = _run_scenes(console, deployment)
            comparison = deployment.compare(first.date())
            _show_archive(console, deployment)
            there = arrived(deployment.bucket, deployment.prefix, deployment.objects(), zoom.clock.now())
            console.print(_verdict(comparison, there))
            console.print(_feed(deployment))
            console.print("Zoom's sign-ins and sign-outs: a module block of its own with zoom.report, see README.md.")
            seconds = time.monotonic() - began
            console.print(f"Took {seconds:.0f} s.")
            ok = comparison.exact and there.exact and not failed
            if as_json:
                counts = {**asdict(comparison), "in_secops": there.in_secops}
                print(json.dumps({"ok": ok, **counts, "seconds": round(seconds, 1)}, indent=2), flush=True)
            if keep:
                _keep(console, deployment)
    except TerraformError as error:
        console.print(f"[bold red]Terraform:[/] {error}", markup=True)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted: everything is taken down.")
        return 130  # 128 + SIGINT, as shells count it
    return 0 if ok else 1


def _zoom() -> tuple[Zoom, datetime]:
    """Return a Zoom account with records of some days up to tomorrow, and the first day that the collector will ask."""
    now = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
    zoom = zoom_standin.Zoom(clock=Clock(now))
    for ahead in range(-DAYS_BACK, 3):
        zoom.add_day((now + timedelta(days=ahead)).date(), RECORDS_A_DAY, seed=ahead + DAYS_BACK)
    twin = {
        "time": f"{now + timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}",
        "operator": "admin@example.com",
        "category_type": "User",
        "action": "Batch Update",
        "operation_detail": "Change Role  - ana@example.com: from Member to Admin",
    }
    zoom.add(twin)
    zoom.add(twin)
    late = {**twin, "time": f"{now + timedelta(hours=8):%Y-%m-%dT%H:%M:%SZ}", "action": "Late"}
    zoom.add(late, visible_at=now + timedelta(hours=28))
    return zoom, now - timedelta(days=3)


class _Applying:
    """Shows Terraform at work: a bar of resources, and the one that takes longest by name."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("terraform init", total=1)
        self._running: dict[str, None] = {}

    def __enter__(self) -> _Applying:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        self.console.print(line)

    def step(self, step: Step) -> None:
        """Take in one step of the apply."""
        if step.state == "planned":
            self.say(f"terraform apply makes {step.count} resources; S3 and SQS make it wait a minute.")
            self._progress.update(self._task, total=step.count, completed=0, description="terraform apply")
        elif step.state == "started":
            self._running[step.address] = None
        elif step.state in ("complete", "failed"):
            self._running.pop(step.address, None)
            self._progress.advance(self._task)
        waiting = next(iter(self._running), "").rpartition("module.")[2]
        self._progress.update(self._task, description=f"terraform apply  {waiting:<58.58}")

    def done(self) -> None:
        self._progress.stop()


def _resources(deployment: Deployment) -> Table:
    table = _table("Terraform made", "module", "resources")
    by_module: dict[str, list[str]] = {}
    for address in deployment.terraform.state_list():
        *path, kind, name = address.split(".")
        if "data" not in path:
            by_module.setdefault(path[-1], []).append(f"{kind.removeprefix('aws_')}.{name}")
    for module, names in by_module.items():
        table.add_row(f"{module} ({len(names)})", ", ".join(name.removesuffix("[0]") for name in names))
    return table


def _run_scenes(console: Console, deployment: Deployment) -> bool:
    """Let the scheduled runs happen; return whether one failed."""
    table = _table("Scheduled runs", "Zoom's clock", "pages", "new", "objects", "owed", "s", "what it finds")
    for column in table.columns[1:6]:
        column.justify = "right"
    failed = False
    with console.status("The schedule runs the collector …") as status:
        for number, scene in enumerate(SCENES, 1):
            deployment.zoom.clock.advance(scene.wait.total_seconds())
            status.update(f"Run {number} of {len(SCENES)}: {scene.tells} …")
            run = deployment.run_scheduled()
            failed = failed or not run.ok
            table.add_row(*_row(deployment.zoom.clock.now(), run, scene))
    console.print(table)
    return failed


def _row(now: datetime, run: Invocation, scene: Scene) -> list[str]:
    if not run.ok:
        return [f"{now:%d %b %H:%M}", "", "", "", "", "", f"[red]{run.error.get('errorMessage')}[/]"]
    seconds = f"{run.duration_s:.1f}"
    counts = [str(run.result[name]) for name in ("pages", "written", "objects", "owed")]
    return [f"{now:%d %b %H:%M}", *counts, seconds, scene.tells]


def _show_archive(console: Console, deployment: Deployment) -> None:
    objects = deployment.objects()
    table = _table(f"Objects under s3://{deployment.bucket}/{deployment.prefix}", "object", "records", "bytes")
    for column in table.columns[1:]:
        column.justify = "right"
    for stored in objects:
        table.add_row(stored.key.removeprefix(deployment.prefix), str(len(stored.records)), str(stored.size))
    console.print(table)
    names = ("time", "operator", "action", "operation_detail")
    records = _table(f"The first records of {objects[0].key.rpartition('/')[2]}", *names)
    for column, width in zip(records.columns, (20, 14, 8, 34), strict=True):
        column.no_wrap, column.min_width, column.overflow = True, width, "ellipsis"
    for record in objects[0].records[:FIRST_RECORDS]:
        records.add_row(*(str(record.get(name, "")) for name in names))
    console.print(records)


def _verdict(comparison: Comparison, there: Arrived) -> Panel:
    text = (
        f"{comparison.in_zoom} in Zoom, {comparison.in_archive} in the archive, {there.in_secops} in SecOps,"
        f" {comparison.missing} missing, {comparison.repeated} repeated"
    )
    exact = comparison.exact and there.exact
    return Panel(f"[bold]{text}[/]", border_style="green" if exact else "red", expand=False)


def _feed(deployment: Deployment) -> Table:
    table = _table("Google SecOps: SIEM Settings > Feeds > Add new feed", "field", "value")
    for entry in deployment.outputs["feed_values"]:
        table.add_row(entry["field"], entry["value"])
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column)
    return table


def _keep(console: Console, deployment: Deployment) -> None:
    exports = "\n".join(f"export {name}={value}" for name, value in deployment.aws.credentials().items())
    console.print(
        Panel(
            f"{exports}\n\n"
            f"aws s3 ls --recursive s3://{deployment.bucket}/\n"
            f"cd {deployment.terraform.workdir} && terraform show\n\n"
            f"Zoom answers at {deployment.server.api_url}/report/operationlogs",
            title="The world stays up until Ctrl-C: paste this into another shell",
            expand=False,
        )
    )
    _wait_for_ctrl_c(lambda: time.sleep(3600))


def _wait_for_ctrl_c(rest: Callable[[], None]) -> None:
    try:
        while True:
            rest()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    sys.exit(main())
