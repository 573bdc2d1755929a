"""Renews the facts about the AWS provider's versions in aws_provider.json: `python tests/terraform`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

if not __package__:  # a folder that runs as a script has itself on the path, not its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from harness.provider_mirrors import TESTED_VERSION
from harness.scratch import prepare

from terraform.provider_facts import from_bindings, from_schema
from terraform.provider_use import DEPRECATED_IN_6, FACTS, REPOSITORY, used


def main() -> None:
    """Read the facts about the used types, and store them."""
    types = sorted(used() | DEPRECATED_IN_6.keys())
    with tempfile.TemporaryDirectory() as scratch:
        terraform = prepare(REPOSITORY, Path(scratch), os.environ, folder=".", standin=False)
        terraform.init()
        shown = subprocess.run(
            ["terraform", "providers", "schema", "-json"],
            cwd=terraform.workdir, env=terraform.env, stdout=subprocess.PIPE, check=True,
        )  # fmt: skip
        schemas = json.loads(shown.stdout)["provider_schemas"]
    version, of_6 = from_bindings(types)
    found = {TESTED_VERSION: from_schema(schemas["registry.terraform.io/hashicorp/aws"], types), version: of_6}
    FACTS.write_text(written(found), encoding="utf-8")
    print(f"{FACTS.relative_to(REPOSITORY)}: {len(types)} types of {' and '.join(found)}.")


def written(found: dict[str, dict[str, Any]]) -> str:
    """Write the facts as JSON, a line for each type."""
    versions = [
        f'"{version}": {{\n' + ",\n".join(f' "{name}": {json.dumps(of_it)}' for name, of_it in types.items()) + "\n}"
        for version, types in found.items()
    ]
    return "{" + ",\n".join(versions) + "}\n"


if __name__ == "__main__":
    main()
