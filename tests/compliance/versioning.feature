Feature: The bucket keeps deleted and replaced objects
  For a bucket that the module creates with bucket.versioning = true, the default.

  @noskip
  Scenario: Versioning is enabled: a deletion loses nothing
    Given I have aws_s3_bucket defined
    When its name metadata is archive
    Then it must have aws_s3_bucket_versioning
    And it must have status
    And its value must match the "Enabled$" regex

  @noskip
  Scenario: A deleted record can be restored for at least 200 days
    Given I have aws_s3_bucket_lifecycle_configuration defined
    When its name metadata is archive
    Then it must have rule
    When its id is records
    And it has noncurrent_days
    Then it must have noncurrent_days
    And I expect the result is more and equal than 200
