"""`zoomlogs adopt`: the steps before `terraform plan` of examples/adopt-console-setup, shown as they are taken."""

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
    "switch-schedule-off": ("switch the schedule off", "switched the schedule off"),
    "create-secret": ("make the secret with the credentials", "made the secret with the credentials"),
    "fill-secret": ("put the credentials into the secret", "put the credentials into the secret"),
    "remove-variables": ("remove the credentials from the function", "removed the credentials from the function"),
    "wait-for-last-run": ("wait until a run under way is over", "waited until a run under way was over"),
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
    """Take the steps, or say them; return the exit status 0. Raises `CommandError`."""
    signed_in = session(region)
    if not signed_in.region_name:
        raise CommandError("No AWS region is set: give --region, such as --region eu-west-1.")
    with in_a_sentence("AWS does not say which account you are signed in to"):
        here = account_of(signed_in)
    if account:
        refuse_other_account(here, account)
    elif not dry_run:
        raise CommandError(
            f"You are signed in to the AWS account {here}, and names are the same in every account: give --account with"
            " the number of the one in which the set-up is."
        )
    progress = console(stderr=True)

    def sleep(seconds: float) -> None:
        over = time.monotonic() + seconds
        with progress.status("") as status:
            while (left := over - time.monotonic()) > 0:
                status.update(f"Waiting {left:.0f} s until a run under way is over …")
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
        say(f"The function {names.function} runs this module's collector already: nothing is left to do.")
        return
    for step in report.steps:
        say(f"Would {STEPS[step][0]}." if dry_run else f"✓ {STEPS[step][1]}")
    if not report.steps:
        say("Nothing is left to do before the plan.")
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
        say("  2. terraform apply: it switches the schedule on again.")
        say("  3. Regenerate the client secret in Zoom, because it stood in the function in clear, and store the new")
        say(f"     one in the secret {names.secret}.")
