Feature: Whatever stops the collector is heard
  For monitoring = { … } without enabled = false. Speaks of this module's alarms.

  @noskip
  Scenario Outline: An alarm hears of <what>
    Given I have aws_cloudwatch_metric_alarm defined
    When its metric_name is <metric>
    Then it must have threshold

    Examples:
      | what                                | metric                             |
      | runs that fail                      | Errors                             |
      | runs that Lambda refuses            | Throttles                          |
      | runs that take too long             | Duration                           |
      | invocations that are not delivered  | ApproximateNumberOfMessagesVisible |
      | Zoom's daily limit                  | DailyLimitReached                  |
      | a lost checkpoint                   | CheckpointRebuilt                  |
      | days that Zoom no longer has        | DatesExpired                       |

  @noskip
  Scenario: Silence is an alarm, and not taken for health
    Given I have aws_cloudwatch_metric_alarm defined
    When its treat_missing_data is breaching
    Then it must have metric_query
    And it must have expression
    And its value must match the "FILL\(" regex

  @noskip
  Scenario: One alarm sums the others up, silence among them
    Given I have aws_cloudwatch_composite_alarm defined
    When its name metadata is not_healthy
    Then it must have alarm_rule
    And its value must match the "ALARM.*-behind.* OR ALARM.*-errors.* OR \(ALARM.*-silence" regex

  @noskip
  Scenario: No alarm is muted
    Given I have any resource defined
    When its type metadata is "aws_cloudwatch_(metric|composite)_alarm" regex
    Then its actions_enabled property must not be false
