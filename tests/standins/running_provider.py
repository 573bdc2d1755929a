"""One AWS provider for many Terraform commands, which would otherwise start it two to four times for each command.

with running_provider(terraform):
    terraform.plan()
"""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.terraform import Terraform

PLACE = ".terraform/providers/*/hashicorp/aws/*/*/terraform-provider-aws*"
# When the owner ends, its pipe closes. Only the provider has the output's other end, so that closes too.
UNTIL_THE_OWNER_ENDS = 'trap "" INT; "$0" -debug & exec >/dev/null; read _; kill $!; wait'


@contextmanager
def running_provider(terraform: Terraform) -> Iterator[dict[str, str]]:
    """Keep a folder's provider running, and make `terraform` use it.

    Yields the variable with which any other Terraform uses it. The process has the settings of only one `provider`
    block, the last that was read: with more of them it is good only for `validate`. It runs in `terraform`'s folder and
    environment. Source: Terraform's plugin development, "Debugging providers". Raises RuntimeError when the provider
    does not start.
    """
    [binary] = terraform.workdir.glob(PLACE)
    with subprocess.Popen(
        ["sh", "-c", UNTIL_THE_OWNER_ENDS, binary.absolute()],
        cwd=terraform.workdir,
        env=terraform.env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        found = (re.search(r"TF_REATTACH_PROVIDERS='(.*)'$", line) for line in process.stdout)
        told = next((one[1] for one in found if one), None)
        if told is None:
            raise RuntimeError(f"{binary.name} -debug ended without printing its address.")
        variable = {"TF_REATTACH_PROVIDERS": told}
        terraform.env |= variable
        try:
            yield variable
        finally:
            terraform.env.pop("TF_REATTACH_PROVIDERS")
