Feature: The credentials are encrypted with the KMS key
  For kms_key = { arn = … } of a key that exists before the plan, with a secret that the module creates.

  @noskip
  Scenario: The key encrypts the credentials
    Given I have aws_secretsmanager_secret defined
    When its name metadata is zoom
    Then it must have kms_key_id
    And its value must match the "arn:[^:]+:kms:[^:]+:[0-9]{12}:key/" regex
