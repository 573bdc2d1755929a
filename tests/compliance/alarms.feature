Feature: Whatever stops the collector is heard
  For monitoring = { … } without enabled = false. Speaks of this module's alarms.

  @noskip
  Scenario Outline: An alarm hears of <what>
    Given I have aws_cloudwatch_metric_alarm defined
    When its metric_name is <metric>
    Then it must have threshold

    Examples:
      | what                               | metric                             |
      | runs that fail                     | Errors                             |
      | runs that Lambda refuses           | Throttles                          |
      | runs that take too long            | Duration                           |
      | invocations that are not delivered | ApproximateNumberOfMessagesVisible |
      | what happens once                  | Incidents                          |

  @noskip
  Scenario: No alarm is muted
    Given I have any resource defined
    When its type metadata is "aws_cloudwatch_(metric|composite)_alarm" regex
    Then its actions_enabled property must not be false
