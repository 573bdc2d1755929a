Feature: Alarms reach the topic, and only CloudWatch publishes to it
  In addition to alarms.feature, unless monitoring.topic_arns is given. Covers this module's topic.

  @noskip
  Scenario: The topic does not use alias/aws/sns, a key with which alarms cannot publish
    Given I have aws_sns_topic defined
    When its name metadata is alarms
    Then its kms_master_key_id property must not be alias/aws/sns

  @noskip
  Scenario: Only CloudWatch may publish to the topic
    Given I have aws_sns_topic_policy defined
    When its name metadata is alarms
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Principal
    And its value must match the "cloudwatch[.]amazonaws[.]com$" regex

  @noskip
  Scenario: Only alarms in this account may publish to the topic
    Given I have aws_sns_topic_policy defined
    When its name metadata is alarms
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Condition
    And it must have aws:SourceAccount
    And its value must match the "[0-9]{12}$" regex

  @noskip
  Scenario: Unencrypted messages to the topic are denied
    Given I have aws_sns_topic_policy defined
    When its name metadata is alarms
    Then it must have policy
    And it must have Bool
    And it must have aws:SecureTransport
    And its value must be false
