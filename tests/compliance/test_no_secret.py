"""The search of the whole plan finds a secret anywhere, prints where, and never prints the secret."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("no_secret.py")
SECRET = "Sentinel1Sentinel1Sentinel1Senti"


def look(plan: dict[str, Any], folder: Path) -> tuple[int, str]:
    file = folder / "plan.json"
    file.write_text(json.dumps(plan), encoding="utf-8")
    done = subprocess.run([sys.executable, SCRIPT, file], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def resource(**values: Any) -> dict[str, Any]:
    return {"address": "a.b", "values": values}


@pytest.mark.parametrize(
    ("plan", "place"),
    [
        ({"variables": {"zoom_credentials": {"value": {"client_secret": SECRET}}}}, "variables.zoom_credentials.value"),
        ({"variables": {"password": {"value": SECRET}}}, "variables.password"),
        ({"output_changes": {"zoom": {"after": {"client_secret": SECRET}}}}, "output_changes.zoom.after"),
        ({"output_changes": {"zoom": {"after": f'{{"client_secret": "{SECRET}"}}'}}}, "output_changes.zoom.after"),
        ({"prior_state": {"values": {"resources": [resource(secret_string=SECRET)]}}}, "resources[a.b].values"),
        ({"planned_values": {"resources": [resource(ZOOM_CLIENT_SECRET=SECRET)]}}, "planned_values.resources[a.b]"),
        ({"resource_changes": [{"address": "a.b", "change": {"before": {"password": SECRET}}}]}, "change.before"),
        ({"resource_drift": [{"address": "a.b", "change": {"after": [f"client_secret={SECRET}"]}}]}, "after[0]"),
        ({"variables": {"key": {"value": "-----BEGIN EC PRIVATE KEY-----\n" + SECRET}}}, "variables.key.value"),
    ],
)
def test_a_secret_is_found_anywhere_and_never_printed(plan: dict[str, Any], place: str, tmp_path: Path) -> None:
    status, said = look(plan, tmp_path)
    assert status == 1
    assert place in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "plan",
    [
        {"variables": {"password": {"value": None}, "zoom_credentials": {}}},
        {
            "resource_changes": [
                {"change": {"after": {"secret_string": None}, "after_sensitive": {"secret_string": True}}}
            ]
        },
        {
            "planned_values": {
                "resources": [resource(description='The app: {"account_id", "client_id", "client_secret"}')]
            }
        },
        {"configuration": {"root_module": {"variables": {"password": {"description": "of the database"}}}}},
        {},
    ],
)
def test_text_about_secrets_is_not_a_secret(plan: dict[str, Any], tmp_path: Path) -> None:
    assert look(plan, tmp_path) == (0, "No secret was found in the plan.\n")
