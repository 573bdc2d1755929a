Feature: Every resource is tagged
  For tags = { … }, or a provider with default_tags. Covers everything in the plan that supports tags.

  @noskip
  Scenario: Every resource that supports tags has one
    Given I have resource that supports tags_all defined
    Then it must have tags_all
    And its value must not be null
