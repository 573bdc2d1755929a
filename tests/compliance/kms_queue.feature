Feature: The messages to the feed are encrypted with the KMS key
  For kms_key = { arn = … } of a key that exists before the plan, with feed.source_type "AMAZON_SQS_V2".

  @noskip
  Scenario: The key encrypts the feed's messages
    Given I have aws_sqs_queue defined
    When its name metadata is feed
    Then it must have kms_master_key_id
    And its value must match the "arn:[^:]+:kms:[^:]+:[0-9]{12}:key/" regex
