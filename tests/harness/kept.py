"""The demo's world kept up: commands to paste into another shell, and a Zoom that refuses when asked to."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from standins.lambda_runtime import log_group, system_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from standins.deployment import Deployment
    from standins.lambda_runtime import Invocation
    from standins.zoom import Request, Zoom

TICK_SECONDS = 0.5
EVENTS_AT_ONCE = 1_000
FORGET_AWS = """for name in $(env | sed -n 's/^\\(AWS_[A-Z_]*\\)=.*/\\1/p'); do unset "$name"; done"""


TEXT = """
This world stays up until Ctrl-C. In another shell:

  . {env}

  zoomlogs doctor
  zoomlogs status
  zoomlogs logs --failed --since 2d
  zoomlogs verify
  zoomlogs udm --table $DEMO_RECORDS

doctor finds what a real set-up still needs: a subscriber to the alarms, a key
for the reader, a SecOps tenant. logs shows the run that was killed. verify
calls records late because this bucket is only minutes old. The schedule goes
on, every 15 minutes; `zoomlogs run` starts a run now.

To play an incident, let Zoom refuse, as if the app were deactivated, and follow
docs/operations.md. Alarms are not evaluated here; FUNCTION-errors would go off.

  touch $ZOOM_REFUSES
  zoomlogs run
  zoomlogs doctor --only-problems
  rm $ZOOM_REFUSES
  zoomlogs run
"""


@contextmanager
def kept(deployment: Deployment, runs: Iterable[tuple[datetime, Invocation]], end: datetime) -> Iterator[Path]:
    """Make a file for a shell to read, and put what the runs logged into CloudWatch Logs, at the times of the runs."""
    with tempfile.TemporaryDirectory(prefix="zoomlogs-demo-") as name:
        env, described, refuses = Path(name, "env"), Path(name, "outputs.json"), Path(name, "zoom-refuses")
        described.write_text(outputs(deployment), "utf-8")
        variables = {
            "ZOOMLOGS_OUTPUTS": str(described),
            "ZOOM_REFUSES": str(refuses),
            "DEMO_RECORDS": f"s3://{deployment.bucket}/{deployment.prefix}{end:%Y/%m/%d}/",
        }
        env.write_text(shell(environ(deployment) | variables), "utf-8")
        keep_logs(deployment, runs)
        obey(deployment.zoom, refuses)
        yield env


def outputs(deployment: Deployment) -> str:
    """Return the output that zoomlogs reads, as `terraform output -json` gives it."""
    return json.dumps({"zoom_operation_logs": deployment.outputs["zoom_operation_logs"]})


def environ(deployment: Deployment) -> dict[str, str]:
    """Return the variables with which an SDK works on the stand-in for AWS."""
    return deployment.aws.env({name: os.environ[name] for name in ("NO_PROXY", "no_proxy") if name in os.environ})


def shell(variables: Mapping[str, str]) -> str:
    """Return what a shell reads: other AWS settings are forgotten, these are set, and zoomlogs is found."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    commands = shlex.quote(str(Path(sys.executable).parent))
    return "\n".join([FORGET_AWS, *exports, f'export PATH={commands}:"$PATH"', ""])


def keep_logs(deployment: Deployment, runs: Iterable[tuple[datetime, Invocation]]) -> None:
    """Put the lines of the runs into the function's log group; Lambda sends them while a run lasts."""
    configuration = deployment.runtime.configuration
    place = {"logGroupName": log_group(configuration), "logStreamName": "demo"}
    logs = deployment.aws.client("logs")
    logs.create_log_stream(**place)
    events = []
    for at, run in runs:
        kind = {"Runtime.ExitError": "exit"}.get(run.error.get("errorType", ""), "response" if run.ok else "error")
        lines = [*run.logs, *system_lines(configuration, run.request_id, kind, run.duration_s)]
        events += [{"timestamp": int(at.timestamp() * 1000), "message": line} for line in lines if line]
    for first in range(0, len(events), EVENTS_AT_ONCE):
        logs.put_log_events(**place, logEvents=events[first : first + EVENTS_AT_ONCE])


def obey(zoom: Zoom, refuses: Path) -> None:
    """Let Zoom answer as if the app were deactivated while the file is there."""

    def look(_request: Request) -> None:
        zoom.account.app_active = not refuses.exists()

    zoom.faults.rule = look


def until_interrupted(deployment: Deployment, rest: Callable[[float], None] = time.sleep) -> None:
    """Keep Zoom's clock at now, and invoke the collector on its schedule, until Ctrl-C."""
    client = deployment.aws.client("lambda")
    period = deployment.target.period_s or 900
    due = time.monotonic() + period
    try:
        while True:
            rest(TICK_SECONDS)
            deployment.zoom.clock.set(datetime.now(UTC))
            if time.monotonic() >= due:
                due += period
                client.invoke(
                    FunctionName=deployment.target.function_name,
                    Payload=deployment.target.payload,
                    InvocationType="Event",
                )
    except KeyboardInterrupt:
        pass
