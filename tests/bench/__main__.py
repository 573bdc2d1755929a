"""Runs as `python tests/bench` and as `python -m bench` with `tests` on the path."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # a folder that runs as a script has itself on the path, not its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from bench.app import main

if __name__ == "__main__":
    main()
