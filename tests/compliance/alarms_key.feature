Feature: The topic's own key is rotated, and opened to CloudWatch's alarms alone
  Besides alarms_topic.feature, without kms_key. Speaks of the key that the module makes for its topic.

  @noskip
  Scenario: The topic's key is rotated
    Given I have aws_kms_key defined
    When its name metadata is topic
    Then it must have enable_key_rotation
    And its value must be true

  @noskip
  Scenario: Of AWS's services only CloudWatch uses the topic's key
    Given I have aws_kms_key defined
    When its name metadata is topic
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And it has Service
    Then it must have Service
    And its value must match the "cloudwatch[.]amazonaws[.]com$" regex

  @noskip
  Scenario: CloudWatch uses the topic's key for alarms of this account
    Given I have aws_kms_key defined
    When its name metadata is topic
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And it has Service
    Then it must have Condition
    And it must have aws:SourceAccount
    And its value must match the "[0-9]{12}$" regex
