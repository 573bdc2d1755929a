Feature: The collector reads one secret
  For a secret that the module creates (secret.existing = null, the default), or one whose ARN is known before apply.

  @noskip
  Scenario: The collector may read one secret's value, and do nothing else with secrets
    Given I have aws_iam_role_policy defined
    When its name metadata is credentials
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must match the "secretsmanager:GetSecretValue$" regex

  @noskip
  Scenario: The secret is named by its full ARN
    Given I have aws_iam_role_policy defined
    When its name metadata is credentials
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Resource
    And its value must match the "arn:[^:]+:secretsmanager:[^:*?]+:[0-9]{12}:secret:[^*?]+([?]{6})?$" regex
