Feature: An access key that Terraform makes is encrypted for somebody's PGP key
  For reader.access_key: in place of no_access_key.feature.

  @noskip
  Scenario: The secret of an access key is kept encrypted only
    Given I have aws_iam_access_key defined
    Then it must have pgp_key
    And its value must match the "[A-Za-z0-9+/]{200,}={0,2}$" regex
