Feature: Everything can be told whose it is
  For tags = { … }, or a provider with default_tags. Speaks of everything in the plan that takes tags.

  @noskip
  Scenario: Everything that takes tags has one
    Given I have resource that supports tags_all defined
    Then it must have tags_all
    And its value must not be null
