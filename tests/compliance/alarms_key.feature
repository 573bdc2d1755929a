Feature: The topic's own key is rotated, and only CloudWatch alarms may use it
  In addition to alarms_topic.feature, without kms_key. Covers the key that the module creates for its topic.

  @noskip
  Scenario: The topic's key is rotated
    Given I have aws_kms_key defined
    When its name metadata is topic
    Then it must have enable_key_rotation
    And its value must be true

  @noskip
  Scenario: CloudWatch is the only AWS service that may use the topic's key
    Given I have aws_kms_key defined
    When its name metadata is topic
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And it has Service
    Then it must have Service
    And its value must match the "cloudwatch[.]amazonaws[.]com$" regex

  @noskip
  Scenario: CloudWatch may use the topic's key only for alarms in this account
    Given I have aws_kms_key defined
    When its name metadata is topic
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And it has Service
    Then it must have Condition
    And it must have aws:SourceAccount
    And its value must match the "[0-9]{12}$" regex
