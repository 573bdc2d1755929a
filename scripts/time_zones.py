"""Write time_zones.tf, the names that `schedule.timezone` may have, from PyPI's tzdata: `make docs`.

They include links, the older names of a zone, which EventBridge Scheduler accepts too. `Factory` is not a zone: it
stands for one that was never set.
"""

from __future__ import annotations

import textwrap
from importlib.resources import files
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "time_zones.tf"
HEAD = "# The names of the time zone database, links included. `make docs` writes this file from PyPI's tzdata.\n\n"


def text() -> str:
    """Return the text of the file."""
    names = sorted({*(files("tzdata") / "zones").read_text(encoding="utf-8").split()} - {"Factory"})
    lines = textwrap.indent(textwrap.fill(" ".join(names), 116, break_on_hyphens=False), "    ")
    return f'{HEAD}locals {{\n  time_zones = regexall("\\\\S+", <<-EOT\n{lines}\n  EOT\n  )\n}}\n'


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8", newline="\n")
