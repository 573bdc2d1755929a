"""The code stays easy to read: small modules, one tree of errors, and a page that shows both.

`make lint` checks that modules import each other without cycles (pyproject.toml, tool.importlinter).
"""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from zoom_operationlogs import errors

ROOT = Path(__file__).resolve().parents[2]
COLLECTOR = ROOT / "lambda" / "zoom_operationlogs"
COMMANDS = ROOT / "cli" / "zoomlogs"
MODULES = sorted(COLLECTOR.glob("*.py"))
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_collector_modules_are_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("module", sorted(COMMANDS.rglob("*.py")), ids=lambda module: str(module.relative_to(COMMANDS)))
def test_command_line_modules_are_short(module: Path) -> None:
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 350


@pytest.mark.parametrize(
    ("place", "made"),
    [
        ("console.py", r"\bConsole\("),
        ("console.py", r"\bprint\(json\.dumps"),
        ("aws.py", r"boto3\.(Session|client|resource)\("),
        ("zoom.py", r"requests\.Session\(|\bZoom\("),
        ("checkpoint.py", r"checkpoint_format import"),
    ],
)
def test_the_commands_create_the_console_in_one_place(place: str, made: str) -> None:
    makers = {module.name for module in COMMANDS.rglob("*.py") if re.search(made, module.read_text(encoding="utf-8"))}
    assert makers <= {place}


def test_run_py_is_under_150_lines() -> None:
    assert len((COLLECTOR / "run.py").read_text(encoding="utf-8").splitlines()) < 150


def test_every_exception_is_in_errors_py() -> None:
    for module in MODULES:
        defined = re.findall(r"^class (\w+)\((?:\w*Error|\w*Exception)\b", module.read_text(encoding="utf-8"), re.M)
        assert module.name == "errors.py" or not defined, f"move {defined} from {module.name} to errors.py"


def tree(root: type[Exception], indent: str = "") -> list[str]:
    """Return the names of the classes below, drawn as a tree."""
    children = root.__subclasses__()
    lines = []
    for child in children:
        last = child is children[-1]
        lines += [f"{indent}{'└' if last else '├'}── {child.__name__}"]
        lines += tree(child, indent + ("    " if last else "│   "))
    return lines


@pytest.mark.parametrize("text", [errors.__doc__ or "", PAGE], ids=["docstring", "page"])
def test_the_exception_tree_is_drawn_correctly(text: str) -> None:
    drawn = re.findall(r"^([│├└ ]*[├└]── \w+Error)\b", text, re.MULTILINE)
    real = [line for root in (errors.CollectorError, errors.HandledError) for line in tree(root)]
    assert drawn == real


@pytest.mark.parametrize(
    ("package", "heading"),
    [(COLLECTOR, "## Modules\n"), (COMMANDS, "## Modules of the command line\n")],
    ids=["collector", "commands"],
)
def test_the_page_lists_the_modules_in_the_order_of_their_layers(package: Path, heading: str) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    [contract] = [one for one in settings["contracts"] if one.get("containers") == [package.name]]
    layers = [set(re.findall(r"\w+", layer)) for layer in contract["layers"]]
    there = {
        module.stem for module in package.iterdir() if module.suffix == ".py" or (module / "__init__.py").is_file()
    }
    assert set().union(*layers) == there - {"__init__"}
    section = PAGE.partition(heading)[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| .* \|$", section, re.M)
    shown = [set(re.findall(r"`(\w+)`", row)) for row in rows]
    assert set().union(*shown) == set().union(*layers)
    order = {module: at for at, row in enumerate(shown) for module in row}
    for above, below in pairwise(layers):
        assert max(order[module] for module in above) <= min(order[module] for module in below)


def test_no_name_is_exempt_from_the_naming_rule() -> None:
    for folder in ("lambda", "cli", "tests"):
        for file in (ROOT / folder).rglob("*.py"):
            assert "noqa: N8" + "18" not in file.read_text(encoding="utf-8"), file
