Feature: In an existing bucket, Google SecOps sees only its own prefix
  For a reader with bucket.create = false and without reader.list_whole_bucket, in addition to
  reader.feature or reader_deletes.feature. A bucket that the module creates holds nothing else, and its reader may list all
  of it.

  @noskip
  Scenario: The reader lists the bucket only by the prefix of one folder
    Given I have aws_iam_policy defined
    When its name metadata is reader
    Then it must have policy
    And it must have Statement
    When its Effect is Allow
    And its Action is "s3:ListBucket" regex
    Then it must have s3:prefix
    And its value must match the "[^*?]+/[*]$" regex
