"""A pytest plugin that prints the CPU time of a run, by folder, as a table at its end.

CPU time, because it hardly depends on the machine's other load. It counts this process, xdist's workers, and every
process that they start: Terraform, its provider, the stand-ins, the commands. `--cpu-limit` prints a limit for the run,
`--renew-cpu-table` also writes the table into tests/README.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from marked import replaced

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- BEGIN CPU TABLE -->", "<!-- END CPU TABLE -->"
WORKERS = "start and end of the workers"
EARLIER = "before the tests: set-up, linters, types, package"
RUNNER = "the test runner"


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and of all processes that it started, running or ended."""
    own = psutil.Process()
    times = []
    for process in [own, *own.children(recursive=True)]:
        try:
            times.append(process.cpu_times())
        except psutil.NoSuchProcess:
            continue  # it has just ended, and its parent now counts it
    return float(sum(one.user + one.system + one.children_user + one.children_system for one in times))


def cpu_seconds_before() -> float:
    """Return the CPU seconds of `make` before the tests; 0 without `make`."""
    for parent in psutil.Process().parents():
        if "make" in parent.name():
            times = parent.cpu_times()
            return float(times.children_user + times.children_system)
    return 0.0


class Meter:
    """Books CPU seconds under rows, each since the previous booking."""

    def __init__(self) -> None:
        self.rows: defaultdict[str, float] = defaultdict(float)
        self._booked = 0.0

    def book(self, row: str) -> None:
        """Book the time since the last booking under `row`."""
        now = cpu_seconds()
        self.rows[row] += max(0.0, now - self._booked)
        self._booked = now

    @contextmanager
    def booking(self, row: str, before: str) -> Iterator[None]:
        """Book the block under `row`, and the time before it under `before`."""
        self.book(before)
        yield
        self.book(row)


class Plugin:
    """Meters one process; the controlling process also prints."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._meter = Meter()
        self._row = WORKERS
        self._tests: Counter[str] = Counter()
        self._is_worker = hasattr(config, "workerinput")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Book a folder's tests when the next test is in another folder: measuring takes some milliseconds."""
        if self._row == WORKERS:
            self._meter.book(WORKERS)
        self._row = folder(item.nodeid)
        result = yield
        if nextitem is None or folder(nextitem.nodeid) != self._row:
            self._meter.book(self._row)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[object]) -> Generator[None, object, object]:
        """Book shared fixtures under their own row, not under the folder that uses them first."""
        if fixturedef.scope != "session" or fixturedef.func.__module__ != "worlds":
            return (yield)
        with self._meter.booking(f"shared: {fixturedef.argname}", self._row):
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the tests."""
        self._tests[folder(report.nodeid)] += report.when == "call"

    def pytest_sessionfinish(self) -> None:
        """Pass a worker's rows to the process that prints."""
        self._meter.book(WORKERS if self._is_worker else RUNNER)
        if self._is_worker:
            self._config.workeroutput["cpu_seconds"] = dict(self._meter.rows)  # type: ignore[attr-defined]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Add a worker's rows; a crashed worker has none."""
        for row, spent in getattr(node, "workeroutput", {}).get("cpu_seconds", {}).items():
            self._meter.rows[row] += spent

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the table."""
        if self._is_worker:
            return
        rows = self._meter.rows
        workers = sum(spent for row, spent in rows.items() if row != RUNNER)
        if self._config.getoption("numprocesses", None):
            rows[RUNNER] = max(0.0, rows[RUNNER] - workers)
        rows[EARLIER] = cpu_seconds_before()
        terminalreporter.section("CPU seconds by folder")
        for line in table(rows, self._tests, self._config.getoption("cpu_limit")):
            terminalreporter.write_line(line)
        if self._config.getoption("renew_cpu_table"):
            README.write_text(replaced(README.read_text("utf-8"), BEGIN, END, markdown(rows, self._tests)), "utf-8")


def folder(nodeid: str) -> str:
    """Return the folder of a test in the table's form: tests/faults."""
    return nodeid.partition("::")[0].rpartition("/")[0]


def ordered(rows: Mapping[str, float], tests: Mapping[str, int]) -> list[tuple[str, float]]:
    """Sort rows by CPU time, largest first, without rows that have neither tests nor half a second."""
    return sorted(
        ((row, spent) for row, spent in rows.items() if spent >= 0.5 or row in tests), key=lambda row: -row[1]
    )


def table(rows: Mapping[str, float], tests: Mapping[str, int], limit: float | None) -> list[str]:
    """Format the rows for a terminal, with their numbers of tests, and the total last."""
    lines = [f"{spent:8.0f} s  {tests.get(row, 0) or '':>5}  {row}" for row, spent in ordered(rows, tests)]
    total, count = sum(rows.values()), sum(tests.values())
    within = f"; the limit is {limit / 60:.0f} min" if limit else ""
    over = " OVER THE LIMIT" if limit and total > limit else ""
    return [*lines, f"{total:8.0f} s  {count:>5}  in all, {total / 60:.1f} min{within}{over}"]


def markdown(rows: Mapping[str, float], tests: Mapping[str, int]) -> str:
    """Format the rows for tests/README.md."""
    lines = [f"| {row} | {tests.get(row, 0) or ''} | {spent:.0f} |" for row, spent in ordered(rows, tests)]
    total = f"| **in all** | {sum(tests.values())} | {sum(rows.values()):.0f} |"
    return "\n".join(["| folder | tests | CPU seconds |", "|---|---:|---:|", *lines, total])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("CPU seconds")
    group.addoption("--cpu-limit", type=float, help="CPU seconds that the run should not exceed")
    group.addoption("--renew-cpu-table", action="store_true", help="write the table into tests/README.md")


def pytest_configure(config: pytest.Config) -> None:
    """Start metering."""
    config.pluginmanager.register(Plugin(config), "cpu-seconds-meter")
