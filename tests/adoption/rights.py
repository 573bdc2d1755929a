"""The IAM statements that `zoomlogs adopt` needs; the README of examples/adopt-console-setup lists the actions."""

from __future__ import annotations

from typing import Any


def _allow(sid: str, actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def of_adopt(
    *,
    function: str,
    schedule: str,
    secret: str,
    reader: str,
    reader_policy: str,
    role: str,
    account: str,
    region: str,
    partition: str = "aws",
) -> list[dict[str, Any]]:
    """Return the statements of `zoomlogs adopt` for one set-up; `role` is the function's."""

    def arn(service: str, resource: str, where: str = region) -> str:
        return f"arn:{partition}:{service}:{where}:{account}:{resource}"

    secret_arn = arn("secretsmanager", f"secret:{secret}")
    return [
        _allow(
            "SwitchScheduleOff",
            ["scheduler:GetSchedule", "scheduler:UpdateSchedule"],
            [arn("scheduler", f"schedule/default/{schedule}")],
        ),
        # UpdateSchedule passes the schedule's role again.
        {
            "Sid": "KeepRoleOfSchedule",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": [arn("iam", "role/*", "")],
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
        _allow(
            "TakeCredentialsOutOfFunction",
            ["lambda:GetFunctionConfiguration", "lambda:ListVersionsByFunction", "lambda:UpdateFunctionConfiguration"],
            [arn("lambda", f"function:{function}")],
        ),
        # The ARN of an existing secret ends with a hyphen and six random characters.
        _allow(
            "PutCredentialsIntoSecret",
            [
                "secretsmanager:CreateSecret",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
            ],
            [secret_arn, f"{secret_arn}-??????"],
        ),
        _allow("SeeWhatTerraformShallImport", ["iam:ListAttachedRolePolicies"], [arn("iam", f"role/{role}", "")]),
        _allow(
            "SeeWhatElseTheReaderServes",
            ["iam:ListAccessKeys", "iam:ListAttachedUserPolicies", "iam:ListGroupsForUser", "iam:ListUserPolicies"],
            [arn("iam", f"user/{reader}", "")],
        ),
        _allow(
            "SeeWhatTheReadersPolicyOpens",
            ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"],
            [arn("iam", f"policy/{reader_policy}", "")],
        ),
        _allow("SeeWhetherThereIsALogGroup", ["logs:DescribeLogGroups"], [arn("logs", "log-group:*")]),
    ]
