Feature: Google SecOps reads the records, and deletes what it has read
  For reader.mode "user" or "role" with feed.deletion_option "ON_SUCCESS": in place of reader.feature.

  @noskip
  Scenario: The deleting reader may only list, read and delete objects, and receive and delete its queue's messages
    Given I have aws_iam_policy defined
    When its name metadata is reader
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    Then it must have Action
    And its value must match the "(s3:(ListBucket|GetBucketLocation|GetObject|DeleteObject)|sqs:(ReceiveMessage|DeleteMessage|ChangeMessageVisibility))$" regex

  @noskip
  Scenario: The deleting reader reads and deletes objects only in one folder
    Given I have aws_iam_policy defined
    When its name metadata is reader
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "s3:(Get|Delete)Object" regex
    Then it must have Resource
    And its value must match the "arn:[^:]+:s3:::[^/*?]+/[^*?]+/[*]$" regex

  @noskip
  Scenario: The deleting reader lists only one bucket
    Given I have aws_iam_policy defined
    When its name metadata is reader
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "s3:ListBucket" regex
    Then it must have Resource
    And its value must match the "arn:[^:]+:s3:::[^/*?]+$" regex
