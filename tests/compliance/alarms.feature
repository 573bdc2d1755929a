Feature: Anything that stops the collector raises an alarm
  For monitoring = { … } without enabled = false. Covers this module's alarms.

  @noskip
  Scenario Outline: There is an alarm for <what>
    Given I have aws_cloudwatch_metric_alarm defined
    When its metric_name is <metric>
    Then it must have threshold

    Examples:
      | what                               | metric                             |
      | failed runs                        | Errors                             |
      | throttled runs                     | Throttles                          |
      | runs that take too long            | Duration                           |
      | undelivered invocations            | ApproximateNumberOfMessagesVisible |
      | incidents                          | Incidents                          |

  @noskip
  Scenario: No alarm is muted
    Given I have any resource defined
    When its type metadata is "aws_cloudwatch_(metric|composite)_alarm" regex
    Then its actions_enabled property must not be false
