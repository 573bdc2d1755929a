Feature: Records are locked
  For a use of the module with bucket.lock, in a bucket that it creates.

  @noskip
  Scenario: Object Lock is enabled on the bucket
    Given I have aws_s3_bucket defined
    When its name metadata is archive
    Then it must have aws_s3_bucket_object_lock_configuration

  @noskip
  Scenario: The bucket has no default retention, which would lock the checkpoint too
    Given I have aws_s3_bucket_object_lock_configuration defined
    When its name metadata is archive
    Then it must not have default_retention

  @noskip
  Scenario: Each object of records is written with a lock
    Given I have aws_lambda_function defined
    When its name metadata is collector
    Then it must have environment
    And it must have S3_LOCK_MODE
    And its value must match the "(GOVERNANCE|COMPLIANCE)$" regex

  @noskip
  Scenario Outline: The collector may lock only in one mode and for one number of days: <condition>
    Given I have aws_iam_policy defined
    When its name metadata is writer
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "s3:PutObjectRetention" regex
    Then it must have <condition>
    And it must have <key>

    Examples:
      | condition                | key                                    |
      | StringEquals             | s3:object-lock-mode                    |
      | NumericLessThanEquals    | s3:object-lock-remaining-retention-days |
      | NumericGreaterThanEquals | s3:object-lock-remaining-retention-days |

  @noskip
  Scenario: Only the collector may lock records, and no break-glass role
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And its Action is "s3:PutObjectRetention" regex
    Then it must have aws:PrincipalArn
    And its value must match the "arn:[^:]+:iam::[0-9]{12}:role/([^/*?$]+/)*[^/*?$]+$" regex

  @noskip
  Scenario: Nobody may bypass a lock or place a legal hold, not even a break-glass role
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And its Action is "s3:BypassGovernanceRetention" regex
    Then it must not have Condition
