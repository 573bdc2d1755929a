"""Write time_zones.tf, the names that `schedule.timezone` may have, from PyPI's tzdata: `make docs`.

Links, which are older names of a zone, are among them: EventBridge Scheduler accepts them too. `Factory` is no zone: it
stands for one that was never set.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "time_zones.tf"
HEAD = "# The names of the time zone database, links included. `make docs` writes this file from PyPI's tzdata.\n\n"


def text() -> str:
    """Give the file's text."""
    names = {*(files("tzdata") / "zones").read_text(encoding="utf-8").split()} - {"Factory"}
    return HEAD + "locals {\n  time_zones = [\n" + "".join(f'    "{name}",\n' for name in sorted(names)) + "  ]\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8", newline="\n")
