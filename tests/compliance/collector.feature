Feature: The collector does its work, and nothing else
  For every use of the module. Covers the module's function, role, schedule, logs and queue.

  @noskip
  Scenario: The collector may only read, add and lock records, and write its own logs: it never deletes
    Given I have aws_iam_policy defined
    When its name metadata is writer
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must match the "(s3:(GetObject|GetObjectVersion|PutObject|PutObjectRetention|ListBucket|ListBucketVersions)|logs:(CreateLogStream|PutLogEvents))$" regex

  @noskip
  Scenario: The collector reads and writes objects only in one folder and at one other key
    Given I have aws_iam_policy defined
    When its name metadata is writer
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "s3:(Get|Put|Delete)Object" regex
    Then it must have Resource
    And its value must match the "arn:[^:]+:s3:::[^/*?]+/([^*?]+/[*]|[^*?]+[^*?/])$" regex

  @noskip
  Scenario: The collector lists the bucket only by the prefix of its own folder and key
    Given I have aws_iam_policy defined
    When its name metadata is writer
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "s3:ListBucket" regex
    Then it must have s3:prefix
    And its value must match the "[^*?]+(/[*]|[^*?/])$" regex

  @noskip
  Scenario: The collector writes only to its own log group
    Given I have aws_iam_policy defined
    When its name metadata is writer
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "logs:" regex
    Then it must have Resource
    And its value must match the "arn:[^:]+:logs:[^:*?]+:[0-9]+:log-group:/aws/lambda/[^*?:]+:[*]$" regex

  @noskip
  Scenario Outline: Only the AWS service that needs it may assume the role of the <role>
    Given I have aws_iam_role defined
    When its name metadata is <role>
    Then it must have assume_role_policy
    And it must have Principal
    And its value must match the "<service>[.]amazonaws[.]com$" regex

    Examples:
      | role      | service   |
      | collector | lambda    |
      | scheduler | scheduler |

  @noskip
  Scenario: Only schedules in this account may assume the scheduler's role
    Given I have aws_iam_role defined
    When its name metadata is scheduler
    Then it must have assume_role_policy
    And it must have aws:SourceAccount
    And its value must match the "[0-9]{12}$" regex

  @noskip
  Scenario: The scheduler may only invoke a function and send to a queue
    Given I have aws_iam_role_policy defined
    When its name metadata is scheduler
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must match the "(lambda:InvokeFunction|sqs:SendMessage)$" regex

  @noskip
  Scenario: Logs are kept for at least a year, and not forever
    Given I have aws_cloudwatch_log_group defined
    When its name metadata is collector
    Then it must have retention_in_days
    And I expect the result is more and equal than 365

  @noskip
  Scenario: An invocation that cannot be delivered goes to the dead-letter queue
    Given I have any resource defined
    When its type metadata is aws_scheduler_schedule
    And its name metadata is collector
    Then it must have target
    And it must have dead_letter_config

  @noskip
  Scenario: Dead letters are kept for two weeks, the longest that SQS allows
    Given I have aws_sqs_queue defined
    When its name metadata is dead_letters
    Then it must have message_retention_seconds
    And I expect the result is more and equal than 1209600

  @noskip
  Scenario: Encryption of the dead-letter queue is not disabled
    Given I have aws_sqs_queue defined
    When its name metadata is dead_letters
    Then its sqs_managed_sse_enabled property must not be false

  @noskip
  Scenario: The dead-letter queue's policy has a statement about unencrypted connections
    Given I have aws_sqs_queue_policy defined
    When its name metadata is dead_letters
    Then it must have policy
    And it must have Bool
    And it must have aws:SecureTransport
    And its value must be false

  @noskip
  Scenario Outline: Unencrypted connections to the dead-letter queue are denied to everyone, for every action: <element>
    Given I have aws_sqs_queue_policy defined
    When its name metadata is dead_letters
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And it has aws:SecureTransport
    Then it must have <element>
    And its value must match the "<value>" regex

    Examples:
      | element   | value    |
      | Principal | [*]$     |
      | Action    | sqs:[*]$ |
