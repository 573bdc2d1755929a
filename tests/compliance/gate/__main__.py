"""The command line: `../check PLAN.json`."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn

from .judge import Request, judge


class Parser(argparse.ArgumentParser):
    """A parser that exits with status 1 for a wrong command: the check has no third result."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the command."""
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Check a plan and print the findings; return the exit status."""
    parser = Parser(
        prog="check", description="Check a plan that uses this module. Exit status: 0 without findings, else 1."
    )
    parser.add_argument("plan", type=Path, metavar="PLAN.json", help="the output of `terraform show -json tfplan`")
    parser.add_argument("--source", type=Path, metavar="DIR", help="the root module's folder, with its .tf files")
    parser.add_argument("--accepted", type=Path, metavar="FILE", help="the findings that you accept")
    options = parser.parse_args(arguments)
    if options.source and not options.source.is_dir():
        parser.error(f"--source {options.source} is not a folder")

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    request = Request(options.plan, options.source, options.accepted)
    try:
        status, text = judge(request, datetime.now(timezone.utc).date(), say)
    except Exception:  # an unexpected form of plan must not pass
        traceback.print_exc()
        status, text = 1, "The plan was not checked. The check itself failed, as shown above: please report it.\n"
    sys.stdout.write(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
