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
    """A parser that ends with status 1: the check knows green and red, and nothing else."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with the command."""
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str]) -> int:
    """Judge a plan, and print what is wrong with it; give the exit status."""
    parser = Parser(prog="check", description="Judge a plan that uses this module. Ends with 0 or 1.")
    parser.add_argument("plan", type=Path, metavar="PLAN.json", help="what `terraform show -json tfplan` prints")
    parser.add_argument("--source", type=Path, metavar="DIR", help="the root module's folder, to read its .tf files")
    parser.add_argument("--accepted", type=Path, metavar="FILE", help="what you accept, and until when")
    options = parser.parse_args(arguments)
    if options.source and not options.source.is_dir():
        parser.error(f"--source {options.source} is no folder")

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    request = Request(options.plan, options.source, options.accepted)
    try:
        status, text = judge(request, datetime.now(timezone.utc).date(), say)
    except Exception:  # a plan of a form that nobody foresaw is not judged, and so is not green
        traceback.print_exc()
        status, text = 1, "The plan was not judged. The check itself failed, as shown above: report it.\n"
    sys.stdout.write(text)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
