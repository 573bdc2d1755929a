"""One AWS provider for many commands of Terraform, which would start it anew two or three times for each command."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from zoomlogs.terraform import Terraform

PLACE = ".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*"


@contextmanager
def running_provider(terraform: Terraform) -> Iterator[dict[str, str]]:
    """Start the provider that a folder was initialised with; give the variable that leads Terraform to it.

    Fit for `validate` and for `test` with a mocked provider, which ask it for its schemas and rules alone; not for
    what uses the settings of `provider` blocks, because one process holds only the last ones.
    Source: Terraform's plugin development, "Debugging providers".
    """
    [binary] = terraform.workdir.glob(PLACE)
    with subprocess.Popen(
        [binary.absolute(), "-debug"],
        cwd=terraform.workdir,
        env=terraform.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            told = (re.search(r"TF_REATTACH_PROVIDERS='(.*)'$", line) for line in process.stdout)
            yield {"TF_REATTACH_PROVIDERS": next(found[1] for found in told if found)}
        finally:
            process.terminate()
