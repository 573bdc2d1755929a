Feature: Lambda joins the network, the function's code does not
  For collector.vpc. Speaks of the rights with which Lambda puts the function into the VPC: they are on every resource.

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
  Scenario: The denial speaks of one function, and of everything that it could ask for
    Given I have aws_iam_role_policy defined
    When its name metadata is network
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And its Resource is "[*]$" regex
    Then it must have lambda:SourceFunctionArn
    And its value must match the "arn:[^:*?]+:lambda:[^:*?]+:[0-9]{12}:function:[^*?:]+$" regex
