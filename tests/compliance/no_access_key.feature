Feature: Access keys are made outside Terraform
  For everything but reader.access_key.

  @noskip
  Scenario: Terraform makes no access key, whose secret it would keep in its state
    Given I have any resource defined
    Then its type property must not be aws_iam_access_key
