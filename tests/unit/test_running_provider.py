"""The running provider: it ends with its owner, and one that does not start is reported immediately."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from harness.terraform import Terraform
from standins.running_provider import running_provider

FOLDER = ".terraform/providers/registry.terraform.io/hashicorp/aws/1.2.3/any_platform"
DEBUG = """#!/bin/sh
[ "$*" = -debug ] || exit 1
echo $$ > "$PID"
echo "Provider started."
echo "	TF_REATTACH_PROVIDERS='{}'"
exec sleep 600
"""


def place(workdir: Path, script: str) -> Terraform:
    binary = workdir / FOLDER / "terraform-provider-aws_v1.2.3_x5"
    binary.parent.mkdir(parents=True)
    binary.write_text(script)
    binary.chmod(0o755)
    return Terraform(workdir, {**os.environ, "PID": str(workdir / "pid")})


def test_the_provider_is_used_and_ends_with_the_block(tmp_path: Path) -> None:
    terraform = place(tmp_path, DEBUG)
    with running_provider(terraform) as variable:
        assert variable == {"TF_REATTACH_PROVIDERS": "{}"}
        assert terraform.env.items() >= variable.items()
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, 0)
    assert "TF_REATTACH_PROVIDERS" not in terraform.env
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_provider_that_does_not_start_is_reported(tmp_path: Path) -> None:
    terraform = place(tmp_path, "#!/bin/sh\nexit 1\n")
    with pytest.raises(RuntimeError, match="ended without printing its address"), running_provider(terraform):
        pass
