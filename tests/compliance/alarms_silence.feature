Feature: A collector that does not run is heard
  Besides alarms.feature, unless schedule.enabled = false. Speaks of this module's alarms.

  @noskip
  Scenario: Silence is an alarm, and not taken for health
    Given I have aws_cloudwatch_metric_alarm defined
    When its treat_missing_data is breaching
    Then it must have metric_query
    And it must have expression
    And its value must match the "FILL\(" regex

  @noskip
  Scenario: An alarm hears of Zoom's daily limit
    Given I have aws_cloudwatch_metric_alarm defined
    When its metric_name is DailyLimitReached
    Then it must have threshold

  @noskip
  Scenario: One alarm sums the others up, silence among them
    Given I have aws_cloudwatch_composite_alarm defined
    When its name metadata is not_healthy
    Then it must have alarm_rule
    And its value must match the "ALARM.*-behind.* OR ALARM.*-errors.* OR \(ALARM.*-silence" regex
