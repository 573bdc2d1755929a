"""The CPU time of a test run: what is counted, the table, and its page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cpu_seconds
import pytest
from marked import replaced

TESTS = Path(__file__).resolve().parents[1]
FOLDERS = {f"tests/{file.parent.name}" for file in TESTS.glob("*/test_*.py")}

BURNS = "import time\nwhile time.process_time() < 0.5: pass\n"


@pytest.mark.slow
def test_a_process_counts_while_it_runs_and_after() -> None:
    before = cpu_seconds.cpu_seconds()
    subprocess.run([sys.executable, "-c", BURNS], check=True)
    ended = cpu_seconds.cpu_seconds()
    assert ended - before >= 0.4
    forever = f"{BURNS}print(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", forever], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        assert cpu_seconds.cpu_seconds() - ended >= 0.4
        running.kill()


def test_booked_time_is_the_time_spent_since() -> None:
    meter = cpu_seconds.Meter()
    meter.book("before")
    with meter.booking("shared", "before"):
        subprocess.run([sys.executable, "-c", BURNS], check=True)
    meter.book("after")
    assert 0.4 <= meter.rows["shared"] < 5
    assert meter.rows["after"] < 0.4


def test_the_table_is_sorted_and_shows_whether_the_limit_is_exceeded() -> None:
    rows = {"tests/a": 1.2, "tests/b": 70.0, "tests/c": 0.1}
    tests = {"tests/a": 3, "tests/b": 4, "tests/c": 5}
    assert cpu_seconds.table(rows, tests, 120) == [
        "      70 s      4  tests/b",
        "       1 s      3  tests/a",
        "       0 s      5  tests/c",
        "      71 s     12  in all, 1.2 min; the limit is 2 min",
    ]
    assert cpu_seconds.table(rows, tests, 60)[-1].endswith("in all, 1.2 min; the limit is 1 min OVER THE LIMIT")
    assert cpu_seconds.table(rows, tests, None)[-1].endswith("in all, 1.2 min")


def test_only_the_pages_table_changes() -> None:
    page = f"before\n{cpu_seconds.BEGIN}\nold\n{cpu_seconds.END}\nafter\n"
    drawn = cpu_seconds.markdown({"tests/a": 1.2}, {"tests/a": 3})
    assert replaced(page, cpu_seconds.BEGIN, cpu_seconds.END, drawn) == (
        f"before\n{cpu_seconds.BEGIN}\n| folder | tests | CPU seconds |\n|---|---:|---:|\n"
        f"| tests/a | 3 | 1 |\n| **in all** | 3 | 1 |\n{cpu_seconds.END}\nafter\n"
    )
    with pytest.raises(ValueError, match="BEGIN CPU TABLE"):
        replaced("before", cpu_seconds.BEGIN, cpu_seconds.END, drawn)


@pytest.mark.slow
def test_a_run_prints_its_table(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    plugins = ["-p", "cpu_seconds", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, "--cpu-limit", "6000"]
    for more in ([], ["-n", "2"]):
        done = subprocess.run(
            [*command, *more],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        [line] = [line for line in done.stdout.splitlines() if "in all" in line]
        assert re.match(r" +\d+ s +1  in all, \d+\.\d min; the limit is 100 min$", line)


def test_tests_readme_has_a_row_for_each_folder_and_names_it() -> None:
    page = (TESTS / "README.md").read_text("utf-8")
    table = re.search(f"{cpu_seconds.BEGIN}(.*){cpu_seconds.END}", page, re.DOTALL)
    assert table is not None
    rows = set(re.findall(r"(?m)^\| (tests/\w+) \|", table[1]))
    assert rows == FOLDERS, "run `make cpu-table`, and commit it"
    assert [folder for folder in sorted(FOLDERS) if f"({folder.removeprefix('tests/')}" not in page] == []
