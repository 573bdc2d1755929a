"""What AWS says when it refuses a request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# IAM User Guide, Troubleshoot access denied error messages. The rest of the message names the caller's session.
POLICY = re.compile(r"with an explicit deny in an? [\w -]*\w|because no [\w -]+ allows the [\w:*]+ action")
ORGANISATION = "the service control policies (SCPs) and the resource control policies (RCPs)"


def denial(error: ClientError) -> str:
    """Return the error's code, and the type of the policy that denies the request if AWS names it."""
    told = error.response.get("Error", {})
    policy = POLICY.search(told.get("Message", ""))
    return ", ".join([told.get("Code", ""), *([policy[0]] if policy else [])])
