"""One AWS provider for many commands of Terraform, which would start it anew two to four times for each command.

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
# However the owner ends, the pipe from it does. What the provider prints is the provider's alone, so that it ends too.
UNTIL_THE_OWNER_ENDS = 'trap "" INT; "$0" -debug & exec >/dev/null; read _; kill $!; wait'


@contextmanager
def running_provider(terraform: Terraform) -> Iterator[dict[str, str]]:
    """Keep the provider running that a folder was initialised with, and have `terraform` use it.

    Gives the variable that leads any other Terraform to it. The process holds the settings of one `provider` block,
    the last that was read: for a configuration with more of them it is fit for `validate` only. It works in
    `terraform`'s folder and environment.
    Source: Terraform's plugin development, "Debugging providers". Raises RuntimeError when the provider does not start.
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
            raise RuntimeError(f"{binary.name} -debug ended without telling its address.")
        variable = {"TF_REATTACH_PROVIDERS": told}
        terraform.env |= variable
        try:
            yield variable
        finally:
            terraform.env.pop("TF_REATTACH_PROVIDERS")
