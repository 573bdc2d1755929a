"""`make demo` as a person runs it: to the end, kept up and poked at, and interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

DEMO = [sys.executable, "-m", "harness.demo"]


@contextmanager
def demo(folder: Path, *arguments: str, **environ: str) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Run the demo with a temporary folder of its own; give the process and the file it prints to."""
    printed = folder / "printed"
    (folder / "tmp").mkdir()
    with printed.open("w") as out:
        process = subprocess.Popen(
            [*DEMO, *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(folder / "tmp"), **environ},
            text=True,
        )
        try:
            yield process, printed
        finally:
            process.kill()
            process.wait()


def wait_for(text: str, printed: Path, process: subprocess.Popen[str]) -> str:
    while text not in (shown := printed.read_text()):
        assert process.poll() is None, shown
        time.sleep(0.2)
    return shown


def paste(*commands: str) -> str:
    """Paste commands into a shell; return what they print."""
    return subprocess.run(["sh", "-c", "\n".join(commands)], capture_output=True, text=True, check=False).stdout


def assert_nothing_is_left(folder: Path) -> None:
    """No file in the demo's temporary folder, and no process that was started with it."""
    deadline = time.monotonic() + 120
    while left := [*(folder / "tmp").iterdir(), *processes_of(folder)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.2)


def processes_of(folder: Path) -> list[str]:
    lines = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if str(folder) in line]


def test_it_counts_right_stays_up_when_asked_and_leaves_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    with demo(tmp_path, "--page", str(page), KEEP="1", COLUMNS="80") as (process, printed):
        shown = wait_for("rm $ZOOM_REFUSES", printed, process)
        counted = re.search(r"([\d,]+) in Zoom, \1 in the archive, \1 in SecOps: 0 missing, 0 repeated\.", shown)
        assert counted, shown
        assert int(counted[1].replace(",", "")) > 4500
        assert "The guide's loop lost 1 of " in shown
        assert "killed after it wrote" in shown
        assert "equal" in page.read_text().lower()
        env, *commands = re.findall(r"(?m)^  (\. /\S+|zoomlogs .+|touch .+|rm .+)$", shown)
        assert commands[0] == "zoomlogs doctor"
        doctor = paste(env, "zoomlogs doctor")
        assert {"runs", "metrics", "checkpoint"} <= {*re.findall(r"(?m)^✓ (\w+)", doctor)}
        assert re.findall(r"(?m)^[✗?] (\w+)", doctor) == ["feed", "subscribers", "reader"]
        assert "deactivated" in paste(env, "touch $ZOOM_REFUSES", "zoomlogs run 2>&1")
        folders = [folder for folder in (tmp_path / "tmp").iterdir() if folder.is_dir()]
        assert {oct(folder.stat().st_mode & 0o777) for folder in folders} == {"0o700"}  # nobody else may look into it
        process.send_signal(signal.SIGINT)
        assert process.wait(300) == 0
    assert_nothing_is_left(tmp_path)


def test_interrupted_while_terraform_applies(tmp_path: Path) -> None:
    """By SIGTERM; the test above ends the demo by SIGINT."""
    with demo(tmp_path) as (process, printed):
        wait_for("terraform apply creates", printed, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(300) == 130
        assert "Interrupted: everything is taken down." in printed.read_text()
    assert_nothing_is_left(tmp_path)


def test_a_missing_terraform_is_reported_in_one_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    with demo(tmp_path, PATH=str(empty)) as (process, printed):
        assert process.wait(300) == 1
        shown = " ".join(printed.read_text().split())
    assert "Terraform" in shown
    assert "install" in shown.lower()
    assert "Traceback" not in shown
