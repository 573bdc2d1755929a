Feature: Google SecOps reads without an access key
  For reader.mode "role", in addition to reader.feature or reader_deletes.feature.

  @noskip
  Scenario: Only Google's federated identity may assume the reader's role
    Given I have aws_iam_role defined
    When its name metadata is reader
    Then it must have assume_role_policy
    And it must have Principal
    And its value must match the "(accounts[.]google[.]com|arn:[^:]+:iam::[0-9]{12}:oidc-provider/accounts[.]google[.]com)$" regex

  @noskip
  Scenario: Only one Google service account may assume the reader's role
    Given I have aws_iam_role defined
    When its name metadata is reader
    Then it must have assume_role_policy
    And it must have accounts.google.com:sub
    And its value must match the "[0-9]+$" regex
