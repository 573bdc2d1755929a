Feature: Lambda may manage network interfaces, and the function's code may not
  For collector.vpc. Covers the permissions with which Lambda connects the function to the VPC: they are on every resource.

  @noskip
  Scenario: The function's code is denied all of EC2
    Given I have aws_iam_role_policy defined
    When its name metadata is network
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    Then it must have Action
    And its value must match the "ec2:[*]$" regex

  @noskip
  Scenario: The denial covers one function and every resource
    Given I have aws_iam_role_policy defined
    When its name metadata is network
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And its Resource is "[*]$" regex
    Then it must have lambda:SourceFunctionArn
    And its value must match the "arn:[^:*?]+:lambda:[^:*?]+:[0-9]{12}:function:[^*?:]+$" regex
