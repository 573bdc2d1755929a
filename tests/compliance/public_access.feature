Feature: Nothing is public
  For every use of the module. Covers everything in the plan, including other modules.

  # The policy of a VPC endpoint grants nothing: it only restricts.
  @noskip
  Scenario: No policy grants access to everyone
    Given I have any resource defined
    When its type metadata is not aws_vpc_endpoint
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And it has Principal
    Then it must have Principal
    And its value must not match the "[*]$" regex

  @noskip
  Scenario: No ACL makes a bucket or an object public
    Given I have any resource defined
    Then its acl property must not be (public-.*|authenticated-read.*)

  @noskip
  Scenario: No function has a function URL
    Given I have any resource defined
    Then its type property must not be aws_lambda_function_url

  @noskip @case-sensitive
  Scenario: No function may be invoked by everyone
    Given I have any resource defined
    Then its principal property must not be [*]
