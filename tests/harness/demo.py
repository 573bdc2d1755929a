"""`make demo`: the real module and the real package, with stand-ins for AWS, Lambda, Zoom and SecOps around them.

Exit status: 0 if every record is in the archive and in SecOps once and the guide's loop shows why, 1 if a number is
wrong or Terraform fails, 130 after Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich import box
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from standins import zoom as zoom_standin
from standins.clock import Clock
from standins.deployment import deployed
from zoomlogs.console import console, prepare_streams

from . import kept, story
from .applying import Applying
from .arrival import arrived
from .guide import GuideLoop
from .outcome import Outcome
from .story import Figures
from .terraform import TerraformError

if TYPE_CHECKING:
    from rich.console import Console
    from standins.deployment import Deployment, StoredObject

    from .story import Played, Plot

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "build" / "demo-verify.html"
LOOKBACK = timedelta(days=3)  # what the first run reads before its own day


def main(arguments: list[str] | None = None) -> int:
    """Run the demo as its options say; return the exit status."""
    signal.signal(signal.SIGTERM, _interrupt)
    parser = argparse.ArgumentParser(description="Show the module at work on this computer, without AWS or Zoom.")
    parser.add_argument("--keep", action="store_true", help="keep everything running after the last run (or KEEP=1)")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON, and the rest on standard error")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page that zoomlogs verify writes (%(default)s)")
    options = parser.parse_args(arguments)
    return show(keep=options.keep, as_json=options.json, page=options.page)


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def show(*, keep: bool = False, as_json: bool = False, page: Path = PAGE) -> int:
    """Run the demo; return the exit status. `as_json` leaves standard output to the result."""
    prepare_streams()
    out = console(stderr=as_json)
    keep = keep or os.environ.get("KEEP", "").lower() in ("1", "true", "yes")
    out.print(
        "Zoom operation logs → S3 → Google SecOps: a day of the collector in two minutes.\n\n"
        "Terraform applies examples/minimal for real, and the package runs as it was\n"
        "deployed. AWS, Lambda, Zoom and Google SecOps are stand-ins on this computer:\n"
        "nothing leaves it. Beside the collector runs the loop of Google's written guide,\n"
        "modelled in tests/bench, on the same Zoom.\n"
    )
    began = time.monotonic()
    zoom = zoom_standin.Zoom(clock=Clock(datetime.now(UTC)))
    try:
        with Applying(out) as applying, deployed(REPOSITORY, zoom, say=applying.say, on_progress=applying.step) as made:
            applying.done()
            plot = story.Plot(datetime.now(UTC).replace(microsecond=0))
            outcome = _perform(out, made, plot, page)
            problems = outcome.problems()
            out.print("docs/bench.md compares whole days, of up to 100,000 records.")
            out.print(f"Took {time.monotonic() - began:.0f} s. The page of zoomlogs verify:\n{page}", soft_wrap=True)
            if as_json:
                print(json.dumps(outcome.document(time.monotonic() - began), indent=2), flush=True)
            if keep:
                _keep(out, made, plot, outcome.played)
    except TerraformError as error:
        out.say(f"Terraform: {error}", "bold red")
        return 1
    except KeyboardInterrupt:
        out.print("Interrupted: everything is taken down.")
        return 130  # 128 + SIGINT, as shells count it
    return 1 if problems else 0


def _perform(out: Console, deployment: Deployment, plot: Plot, page: Path) -> Outcome:
    """Let the runs happen, and show what came of them."""
    out.print(f"\n{_resources(deployment)}")
    deployment.store_credentials()
    out.print(f"The secret has Zoom's credentials, the schedule is {deployment.target.expression}.")
    out.print(f"{deployment.runtime.kind}\n")
    story.fill(deployment.zoom, plot)
    guide = GuideLoop(deployment.zoom)
    played = _play(out, deployment, plot, guide)
    with out.status("A feed reads the archive, and zoomlogs verify asks Zoom again …"):
        objects = deployment.objects()
        outcome = _compare(deployment, objects, plot, played, guide, page)
    out.print(_archive(deployment, objects))
    out.print("Feed: `zoomlogs feed show` lists what to enter under SIEM Settings > Feeds.")
    out.print("Sign-ins are another report of Zoom's: examples/both-reports collects both.\n")
    problems = outcome.problems()
    out.print(f"The same Zoom, the same {len(played.runs)} runs, since {plot.start:%d %b %H:%M} UTC:")
    out.print(outcome.table())
    style = "red" if problems else "green"
    out.print(Panel("\n".join([outcome.verdict(), *problems]), box=box.ASCII, border_style=style, expand=False))
    return outcome


def _compare(
    deployment: Deployment, objects: list[StoredObject], plot: Plot, played: Played, guide: GuideLoop, page: Path
) -> Outcome:
    """Compare Zoom with the archive, with SecOps and with what the guide's loop wrote."""
    zoom, first = deployment.zoom, plot.start.date()
    begin = f"{deployment.prefix}{first:%Y/%m/%d}/"
    own = [record for stored in objects if stored.key >= begin for record in stored.records]
    return Outcome(
        Figures.of(zoom.records(first - LOOKBACK), chain.from_iterable(one.records for one in objects), played.calls),
        arrived(deployment.bucket, deployment.prefix, objects, zoom.clock.now()),
        played,
        Figures.of(zoom.records(first), own, played.calls),
        Figures.of(zoom.records(first), guide.lines(), guide.calls),
        _verify(deployment, plot, page),  # the last one: it sets Zoom's clock, and more records show
    )


def _play(out: Console, deployment: Deployment, plot: Plot, guide: GuideLoop) -> Played:
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=30), MofNCompleteColumn())
    with Progress(*columns, console=out, transient=True, disable=not out.is_terminal) as progress:
        task = progress.add_task("The schedule runs the collector", total=len(plot.moments))

        def tell(at: datetime, sentence: str) -> None:
            out.print(f"{at:%d %b %H:%M}  {sentence}")

        return story.play(deployment, plot, guide, tell, lambda: progress.advance(task))


def _resources(deployment: Deployment) -> str:
    """Say in a line what Terraform created."""
    paths = [address.split(".")[:-2] for address in deployment.terraform.state_list()]
    by_module = Counter(path[-1] for path in paths if path and "data" not in path)
    modules = ", ".join(f"{name.removesuffix('[0]')} {count}" for name, count in by_module.items())
    return f"Created {by_module.total()} resources: {modules}."


def _archive(deployment: Deployment, objects: list[StoredObject]) -> str:
    """Say in a line what the archive holds."""
    where = f"s3://{deployment.bucket}/{deployment.prefix}"
    return f"\nArchive: {len(objects)} objects in {where}, {sum(stored.size for stored in objects) // 1000} kB"


def _verify(deployment: Deployment, plot: Plot, page: Path) -> str:
    """Let `zoomlogs verify` compare the archive with Zoom and write its page; return what is wrong, "" if nothing."""
    page.parent.mkdir(parents=True, exist_ok=True)
    page.unlink(missing_ok=True)
    deployment.zoom.clock.set(datetime.now(UTC))
    dates = ["--from", str(plot.start.date() - LOOKBACK), "--to", str(plot.end.date())]
    verified = subprocess.run(
        [sys.executable, "-m", "zoomlogs", "verify", "--outputs", "-", *dates, "--html", str(page), "--json"],
        env=deployment.aws.env(),
        input=kept.outputs(deployment),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if verified.returncode == 0 and page.is_file():
        return ""
    return f"zoomlogs verify ended with status {verified.returncode}: see {page}. {verified.stderr.strip()}"


def _keep(out: Console, deployment: Deployment, plot: Plot, played: Played) -> None:
    """Keep everything up until Ctrl-C."""
    with kept.kept(deployment, played.runs, plot.end) as env:
        out.print(kept.TEXT.format(env=env), soft_wrap=True)
        kept.until_interrupted(deployment)


if __name__ == "__main__":
    sys.exit(main())
