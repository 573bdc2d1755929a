"""Records the state of an earlier version of the module, for the upgrade test: `python tests/upgrade v0.1.0`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

if not __package__:  # a folder that runs as a script has itself on the path, not its parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from harness.scratch import prepare
from standins.aws import AwsStandIn

from upgrade.earlier import FOLDER, REPOSITORY, STATES


def main() -> None:
    """Apply the fixture with the module of a git revision on the stand-in for AWS, and store the state."""
    parser = argparse.ArgumentParser(description="Record the state of an earlier version of the module.")
    parser.add_argument("revision", help="a tag or a commit of this repository")
    revision = parser.parse_args().revision
    with tempfile.TemporaryDirectory() as folder, AwsStandIn() as aws:
        earlier, scratch = Path(folder, "earlier"), Path(folder, "scratch")
        earlier.mkdir()
        archive = subprocess.run(["git", "archive", revision], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", earlier], input=archive.stdout, check=True)
        fixture = earlier / FOLDER
        fixture.mkdir(parents=True, exist_ok=True)
        (fixture / "main.tf").write_bytes((REPOSITORY / FOLDER / "main.tf").read_bytes())
        terraform = prepare(earlier, scratch, aws.env(), folder=FOLDER)
        aws.register_package(scratch / "lambda/dist/collector.zip")
        terraform.init()
        terraform.apply()
        state = (terraform.workdir / "terraform.tfstate").read_text(encoding="utf-8")
        state = json.loads(state.replace(aws.url, "https://sqs.us-east-1.amazonaws.com"))
    file = STATES / f"{revision}.json"
    file.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    print(f"{file.relative_to(REPOSITORY)}: {len(state['resources'])} resources.")


if __name__ == "__main__":
    main()
