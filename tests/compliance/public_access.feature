Feature: Nothing is open to the world
  For every use of the module. Speaks of everything in the plan, other modules' too.

  # The policy of a VPC endpoint opens nothing: it only narrows what passes.
  @noskip
  Scenario: No policy lets everyone in
    Given I have any resource defined
    When its type metadata is not aws_vpc_endpoint
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And it has Principal
    Then it must have Principal
    And its value must not match the "[*]$" regex

  @noskip
  Scenario: No access list opens a bucket or an object
    Given I have any resource defined
    Then its acl property must not be (public-.*|authenticated-read.*)

  @noskip
  Scenario: No function has an address of its own on the internet
    Given I have any resource defined
    Then its type property must not be aws_lambda_function_url

  @noskip @case-sensitive
  Scenario: No function may be invoked by everyone
    Given I have any resource defined
    Then its principal property must not be [*]
