"""Runs parliament over policies: its list of AWS's actions takes longer to read than a policy.

Needs the Python of parliament's environment. Reads from standard input policies, `[POLICY, …]`, and prints in the
same order `[[{"issue": NAME, "detail": TEXT}, …], …]`.
"""

from __future__ import annotations

import json
import sys
import warnings

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

from parliament import analyze_policy_string  # noqa: E402


def main() -> None:
    """Check all policies."""
    found = [analyze_policy_string(policy).findings for policy in json.load(sys.stdin)]
    json.dump([[{"issue": one.issue, "detail": str(one.detail)} for one in each] for each in found], sys.stdout)


if __name__ == "__main__":
    main()
