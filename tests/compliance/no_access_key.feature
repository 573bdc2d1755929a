Feature: Access keys are created outside Terraform
  For every use of the module: `zoomlogs reader-key` creates the reader's key.

  @noskip
  Scenario: Terraform creates no access key: its secret would be in the state
    Given I have any resource defined
    Then its type property must not be aws_iam_access_key

  @noskip @case-sensitive
  Scenario: No value anywhere has the form of an AWS access key
    Given I have any resource defined
    Then its value must not match the "[\s\S]*A[KS]IA[A-Z2-7]{16}" regex
