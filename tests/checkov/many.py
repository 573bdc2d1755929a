"""Runs checkov several times: the tool takes longer to start than to check a plan.

Needs the Python of checkov's environment. Reads from standard input the arguments of each run, `[[ARGUMENT, …], …]`,
and prints in the same order `[{"status": N, "output": TEXT}, …]`. Each run is a process, forked after the import of the
tool.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

from checkov.main import Checkov


def run(arguments: list[str], output: Path) -> int:
    """Run checkov in a child process, with its output in a file; return its exit status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 70
    try:
        with output.open("w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
        status = Checkov(arguments).run() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def main() -> None:
    """Do all runs."""
    with tempfile.TemporaryDirectory(prefix="checkov-") as folder:
        done = []
        for number, arguments in enumerate(json.load(sys.stdin)):
            output = Path(folder) / str(number)
            done.append({"status": run(arguments, output), "output": output.read_text(encoding="utf-8")})
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    main()
