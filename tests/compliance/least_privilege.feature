Feature: No policy grants more than necessary
  For every use of the module. Covers every IAM policy in the plan, including other modules.

  @noskip
  Scenario: No policy allows actions by a wildcard
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must not match the ".*[*?]" regex

  @noskip
  Scenario: No policy allows everything but what it lists
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    Then it must not have NotAction
    And it must not have NotResource
    And it must not have NotPrincipal

  # X-Ray has no resources, and Lambda requires the actions on network interfaces on "*" before it connects a function to a
  # VPC. A statement with any other action must name its resources.
  @noskip
  Scenario: No policy names every resource, region or account, except for eight actions for which AWS requires it
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And its Action is "(?!(xray:PutTraceSegments|xray:PutTelemetryRecords|ec2:(Create|Delete)NetworkInterface|ec2:Describe(NetworkInterfaces|Subnets)|ec2:(A|Una)ssignPrivateIpAddresses)$)" regex
    And it has Resource
    Then it must have Resource
    And its value must not match the "(([^:]*:){0,4}[^:]*[*?]|([^:]*:){5}[*?])" regex

  # S3's folders are judged in collector.feature and reader.feature.
  @noskip
  Scenario: No policy names every resource of a type, such as every key or every function
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And it has Resource
    Then it must have Resource
    And its value must not match the "arn:[^:]*:(?!s3:)[^:]*:[^:]*:[^:]*:[a-z-]+[/:][*?]" regex

  @noskip
  Scenario: No AWS managed policy that grants full access is attached
    Given I have any resource defined
    Then its policy_arn property must not be arn:[^:]*:iam::aws:policy/.*(FullAccess|AdministratorAccess|PowerUserAccess).*
