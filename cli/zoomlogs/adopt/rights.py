"""What `zoomlogs adopt` needs to be allowed, as IAM statements; its example's README.md lists the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .move import Names

Statement = dict[str, Any]


def statements(names: Names, role: str, *, account: str, region: str, partition: str = "aws") -> list[Statement]:
    """Return the IAM statements for one set-up, whose function runs as `role`."""

    def arn(service: str, resource: str, where: str = region) -> str:
        return f"arn:{partition}:{service}:{where}:{account}:{resource}"

    function, secret = arn("lambda", f"function:{names.function}"), arn("secretsmanager", f"secret:{names.secret}")
    return [
        {
            "Sid": "SwitchScheduleOff",
            "Effect": "Allow",
            "Action": ["scheduler:GetSchedule", "scheduler:UpdateSchedule"],
            "Resource": [arn("scheduler", f"schedule/default/{names.schedule}")],
        },
        # Whoever updates a schedule hands over its role again.
        {
            "Sid": "KeepRoleOfSchedule",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": [arn("iam", "role/*", "")],
            "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
        },
        {
            "Sid": "TakeCredentialsOutOfFunction",
            "Effect": "Allow",
            "Action": [
                "lambda:GetFunctionConfiguration",
                "lambda:ListVersionsByFunction",
                "lambda:UpdateFunctionConfiguration",
            ],
            "Resource": [function],
        },
        # Secrets Manager adds a hyphen and six characters to the name; a secret that is not there yet has none.
        {
            "Sid": "PutCredentialsIntoSecret",
            "Effect": "Allow",
            "Action": [
                "secretsmanager:CreateSecret",
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
            ],
            "Resource": [secret, f"{secret}-??????"],
        },
        {
            "Sid": "SeeWhatTerraformShallImport",
            "Effect": "Allow",
            "Action": ["iam:ListAttachedRolePolicies"],
            "Resource": [arn("iam", f"role/{role}", "")],
        },
        {
            "Sid": "SeeWhatElseTheReaderServes",
            "Effect": "Allow",
            "Action": [
                "iam:ListAccessKeys",
                "iam:ListAttachedUserPolicies",
                "iam:ListGroupsForUser",
                "iam:ListUserPolicies",
            ],
            "Resource": [arn("iam", f"user/{names.reader}", "")],
        },
        {
            "Sid": "SeeWhatTheReadersPolicyOpens",
            "Effect": "Allow",
            "Action": ["iam:GetPolicy", "iam:GetPolicyVersion", "iam:ListEntitiesForPolicy"],
            "Resource": [arn("iam", f"policy/{names.reader_policy}", "")],
        },
        {
            "Sid": "SeeWhetherThereIsALogGroup",
            "Effect": "Allow",
            "Action": ["logs:DescribeLogGroups"],
            "Resource": [arn("logs", "log-group:*")],
        },
    ]
