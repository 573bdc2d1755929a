Feature: Stored data is encrypted with the KMS key
  For kms_key = { arn = … } of a key that exists before the plan.

  @noskip
  Scenario Outline: The key encrypts <what>
    Given I have <type> defined
    When its name metadata is <name>
    Then it must have <attribute>
    And its value must match the "arn:[^:]+:kms:[^:]+:[0-9]{12}:key/" regex

    Examples:
      | what                     | type                     | name         | attribute         |
      | the logs                 | aws_cloudwatch_log_group | collector    | kms_key_id        |
      | the dead letters         | aws_sqs_queue            | dead_letters | kms_master_key_id |
      | the function's settings  | aws_lambda_function      | collector    | kms_key_arn       |

  @noskip
  Scenario: A key may be used only to encrypt and decrypt
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And its Action is "kms:" regex
    Then it must have Action
    And its value must match the "kms:(Decrypt|GenerateDataKey)$" regex

  @noskip
  Scenario: A condition limits each use of a key to one resource or one service
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And its Action is "kms:" regex
    Then it must have Condition
    And its value must match the "(arn:[^:]+:(lambda|s3|secretsmanager):|(s3|secretsmanager|sqs)[.])" regex
