Feature: What the alarms say reaches the topic, and nobody else speaks there
  Besides alarms.feature, unless monitoring.topic_arns is given. Speaks of this module's topic.

  @noskip
  Scenario: The topic is not encrypted with SNS's own key, with which alarms cannot write
    Given I have aws_sns_topic defined
    When its name metadata is alarms
    Then its kms_master_key_id property must not be alias/aws/sns

  @noskip
  Scenario: Only CloudWatch may write to the topic
    Given I have aws_sns_topic_policy defined
    When its name metadata is alarms
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Principal
    And its value must match the "cloudwatch[.]amazonaws[.]com$" regex

  @noskip
  Scenario: Only alarms of this account write to the topic
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
