"""`zoomlogs adopt`: takes and shows the steps before `terraform plan` of examples/adopt-console-setup."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from ..aws import account_of, in_a_sentence, refuse_other_account, session
from ..console import console, print_json
from ..errors import CommandError
from .move import Move

if TYPE_CHECKING:
    from pathlib import Path

    from .steps import Names, Report, Step

STEPS: dict[Step, tuple[str, str]] = {
    "switch-schedule-off": ("disable the schedule", "disabled the schedule"),
    "create-secret": ("create the secret with the credentials", "created the secret with the credentials"),
    "fill-secret": ("put the credentials into the secret", "put the credentials into the secret"),
    "remove-variables": ("remove the credentials from the function", "removed the credentials from the function"),
    "wait-for-last-run": ("wait until the current run has ended", "waited until the current run had ended"),
}
SECOND = 1.0


def main(
    names: Names,
    region: str | None,
    account: str | None = None,
    *,
    dry_run: bool,
    as_json: bool,
    variables: Path | None,
) -> int:
    """Take the steps, or only show them; return 0. Raises `CommandError`."""
    signed_in = session(region)
    if not signed_in.region_name:
        raise CommandError("No AWS region is set: give --region, such as --region eu-west-1.")
    with in_a_sentence("The AWS account you are signed in to is not known"):
        here = account_of(signed_in)
    if account:
        refuse_other_account(here, account)
    elif not dry_run:
        raise CommandError(
            f"You are signed in to the AWS account {here}, and names are the same in every account: give --account with"
            " the ID of the set-up's account."
        )
    progress = console(stderr=True)

    def sleep(seconds: float) -> None:
        over = time.monotonic() + seconds
        with progress.status("") as status:
            while (left := over - time.monotonic()) > 0:
                status.update(f"Waiting {left:.0f} s until the current run has ended …")
                time.sleep(min(SECOND, left))

    report = Move(signed_in, names, sleep=sleep).run(
        dry_run=dry_run, on_step=lambda step: progress.say(f"Now: {STEPS[step][0]}")
    )
    if variables and not dry_run:
        _write(variables, report)
    if as_json:
        print_json({"dry_run": dry_run, **report.__dict__})
    else:
        _tell(report, names, dry_run=dry_run, variables=variables)
    return 0


def _write(file: Path, report: Report) -> None:
    try:
        file.write_text(json.dumps(report.variables, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}.") from None


def _tell(report: Report, names: Names, *, dry_run: bool, variables: Path | None) -> None:
    out = console()
    say = out.say
    if report.adopted:
        say(f"The function {names.function} already runs this module's collector: there is nothing to do.")
        return
    for step in report.steps:
        say(f"Would {STEPS[step][0]}." if dry_run else f"✓ {STEPS[step][1]}")
    if not report.steps:
        say("There is nothing left to do before the plan.")
    for warning in report.warnings:
        say(f"! {warning}")
    if not variables:
        out.print()
        say("Variables for Terraform (--variables FILE writes them):")
        for name, value in report.variables.items():
            say(f"  {name} = {json.dumps(value)}")
    if not dry_run:
        out.print()
        say("Next:")
        say("  1. terraform plan: it must say 0 to destroy.")
        say("  2. terraform apply: it enables the schedule again.")
        say("  3. Regenerate the client secret in Zoom, because the function had it in clear text, and store the new")
        say(f"     one in the secret {names.secret}.")
