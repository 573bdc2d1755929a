Feature: Access keys are made outside Terraform
  Always: `zoomlogs reader-key` makes the key of the reader.

  @noskip
  Scenario: Terraform makes no access key, whose secret it would keep in its state
    Given I have any resource defined
    Then its type property must not be aws_iam_access_key

  @noskip @case-sensitive
  Scenario: No value anywhere has the form of an AWS access key
    Given I have any resource defined
    Then its value must not match the "[\s\S]*A[KS]IA[A-Z2-7]{16}" regex
