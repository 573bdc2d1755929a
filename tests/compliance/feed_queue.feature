Feature: The feed's queue takes messages only from the bucket
  For feed.source_type "AMAZON_SQS_V2".

  @noskip
  Scenario Outline: The feed's queue allows only S3 to send, for one bucket of one account: <element>
    Given I have aws_sqs_queue_policy defined
    When its name metadata is feed
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have <element>
    And its value must match the "<value>" regex

    Examples:
      | element           | value                      |
      | Principal         | s3[.]amazonaws[.]com$      |
      | Action            | sqs:SendMessage$           |
      | aws:SourceArn     | arn:[^:]+:s3:::[^/*?]+$    |
      | aws:SourceAccount | [0-9]{12}$                 |

  @noskip
  Scenario Outline: Unencrypted connections to the feed's queue are denied to everyone, for every action: <element>
    Given I have aws_sqs_queue_policy defined
    When its name metadata is feed
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

  @noskip
  Scenario: Messages to the feed are kept for two weeks, the longest that SQS allows
    Given I have aws_sqs_queue defined
    When its name metadata is feed
    Then it must have message_retention_seconds
    And I expect the result is more and equal than 1209600

  @noskip
  Scenario: Encryption of the feed's queue is not disabled
    Given I have aws_sqs_queue defined
    When its name metadata is feed
    Then its sqs_managed_sse_enabled property must not be false
