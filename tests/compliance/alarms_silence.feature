Feature: A collector that does not run raises an alarm
  In addition to alarms.feature, unless schedule.enabled = false. Covers this module's alarms.

  @noskip
  Scenario: The silence alarm treats missing data as a failure
    Given I have aws_cloudwatch_metric_alarm defined
    When its treat_missing_data is breaching
    Then it must have metric_query
    And it must have expression
    And its value must match the "FILL\(" regex

  @noskip
  Scenario: There is an alarm for Zoom's daily limit
    Given I have aws_cloudwatch_metric_alarm defined
    When its metric_name is DailyLimitReached
    Then it must have threshold

  @noskip
  Scenario: The composite alarm includes the silence alarm
    Given I have aws_cloudwatch_composite_alarm defined
    When its name metadata is not_healthy
    Then it must have alarm_rule
    And its value must match the "ALARM.*-behind.* OR ALARM.*-errors.* OR \(ALARM.*-silence" regex
