Feature: The records are encrypted with the KMS key
  For kms_key = { arn = … } of a key that exists before the plan, with a bucket that the module creates.

  @noskip
  Scenario: The key encrypts the records
    Given I have aws_s3_bucket defined
    When its name metadata is archive
    Then it must have aws_s3_bucket_server_side_encryption_configuration
    And it must have kms_master_key_id
    And its value must match the "arn:[^:]+:kms:[^:]+:[0-9]{12}:key/" regex
