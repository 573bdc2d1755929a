"""`make bench` in its small version: everything is measured, and the table and the chart are written."""

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_quick_bench_measures_everything_and_writes_table_and_chart(tmp_path: Path) -> None:
    command = [sys.executable, ROOT / "tests" / "bench", "--quick", "--out", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    table = (tmp_path / "bench.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([0-9.,]+)(?: MB| s)? \| .*\| (yes|\*\*no\*\*) \|", table, re.MULTILINE)
    names = [name for name, _, _ in rows]
    assert len(names) == len(set(names)) == 9
    counted = {name: (value, met) for name, value, met in rows if re.search("lines|calls|requests", name)}
    assert len(counted) == 4
    assert counted[names[0]] == ("1.000", "yes")
    assert all(met == "yes" for _, met in counted.values()), counted
    assert "missing of the day: 0" in table
    assert "Made with `--quick`" in table
    chart = ElementTree.fromstring((tmp_path / "bench.svg").read_text())
    assert len(chart.findall(".//{http://www.w3.org/2000/svg}path")) == 5
