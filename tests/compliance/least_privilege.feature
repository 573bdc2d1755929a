Feature: No permission is wider than it has to be
  For every use of the module. Speaks of every IAM policy in the plan, other modules' too.

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

  # X-Ray knows no resource but "*", and Lambda asks for the actions on network interfaces on "*" before it puts a function
  # into a VPC. A statement that holds any other action must name its resources.
  @noskip
  Scenario: No policy speaks of every resource, region or account, save for eight actions that AWS takes on no other
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
  Scenario: No policy speaks of every resource of a kind, such as every key or every function
    Given I have any resource defined
    When its type metadata is "aws_iam_" regex
    And it has Statement
    Then it must have Statement
    When its Effect is Allow
    And it has Resource
    Then it must have Resource
    And its value must not match the "arn:[^:]*:(?!s3:)[^:]*:[^:]*:[^:]*:[a-z-]+[/:][*?]" regex

  @noskip
  Scenario: No policy of AWS that grants everything in a service is attached
    Given I have any resource defined
    Then its policy_arn property must not be arn:[^:]*:iam::aws:policy/.*(FullAccess|AdministratorAccess|PowerUserAccess).*
