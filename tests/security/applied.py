"""Two uses of the module applied side by side in one account, with Zoom behind them: tests/fixtures/security."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from standins.clock import Clock
from standins.deployment import Deployment, deployed
from standins.zoom import Account, Zoom

from .leaks import Places, as_json
from .principals import Instance, World

if TYPE_CHECKING:
    from harness.terraform import Terraform
    from standins.lambda_runtime import LambdaRuntime

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
FIRST_DAY = (START - timedelta(days=3)).date()
"""The first day that the collector requests on its own."""

DAYS = range(-6, 9)
"""The days from START on with records in Zoom, which appear as the clock moves."""

RECORDS_A_DAY = 300
ALPHA = Account(id="alpha-account", client_id="alpha-client", client_secret="Alpha7kQ2vXw9LmT4sZr8NbY")
BETA = Account(id="beta-account", client_id="beta-client", client_secret="Beta5hJ3cVd6PfG1tWq0RxKu")


@dataclass
class Applied:
    """The applied fixture: alpha's credentials come from `put-secret-value`, beta's from Terraform.

    `deployment` is alpha's. `kept` is what the tests search for secrets: collected immediately, because not all of it
    stays.
    """

    deployment: Deployment
    world: World
    kept: Places

    def runtime(self, own: Instance) -> LambdaRuntime:
        """Return a sandbox for the package that is deployed as a function, with a session of the function's role."""
        name = own.function_arn.rpartition(":")[2]
        return self.deployment.another_runtime(name)

    def secrets(self) -> dict[str, str]:
        """Return every value that must not appear anywhere: client secrets, token requests, tokens."""
        tokens = {f"access token {number}": token for number, token in enumerate(self.deployment.zoom._tokens._known)}
        assert tokens
        return {
            **{f"client secret of {one.id}": one.client_secret for one in (ALPHA, BETA)},
            **{f"basic authorisation of {one.id}": f"{one.client_id}:{one.client_secret}" for one in (ALPHA, BETA)},
            **tokens,
        }


@contextmanager
def applied_for_two(repository: Path) -> Iterator[Applied]:
    """Apply the fixture from a saved plan; alpha's secret is still empty."""
    zoom = Zoom(ALPHA, BETA, clock=Clock(START))
    for account in (ALPHA, BETA):
        for day in DAYS:
            date = (START + timedelta(days=day)).date()
            zoom.reports[account.id].add_day(date, RECORDS_A_DAY, seed=day + 10, twins=0.02)
    kept: Places = {}
    credentials = {"account_id": BETA.id, "client_id": BETA.client_id, "client_secret": BETA.client_secret}

    def apply(terraform: Terraform, inputs: dict[str, object]) -> None:
        plan = terraform.workdir / "saved.tfplan"
        terraform.plan(inputs, out=plan)
        shown = subprocess.run(
            ["terraform", "show", "-no-color", plan], cwd=terraform.workdir, env=terraform.env, capture_output=True
        )
        kept.update(as_json(**{"plan as JSON": terraform.show_json(plan)}), **{"plan as text": shown.stdout})
        terraform.apply({"zoom_credentials": credentials}, plan=plan)
        kept.update(as_json(**{"state as JSON": terraform.show_json(), "outputs": terraform.output()}))

    variables: dict[str, object] = {"zoom_credentials": credentials, "force_destroy": False}  # records are locked
    folder = "tests/fixtures/security"
    with deployed(repository, zoom, folder=folder, variables=variables, apply=apply, one_provider=True) as deployment:
        yield Applied(deployment, World(deployment.aws, deployment.outputs), kept)
