Feature: The bucket keeps the records safe
  For a bucket that the module creates (bucket.create = true, the default).
  Scenarios about "every bucket" cover all buckets in the plan, the others the module's bucket.

  @noskip
  Scenario Outline: Every bucket blocks public access: <setting>
    Given I have aws_s3_bucket defined
    Then it must have aws_s3_bucket_public_access_block
    And its <setting> property must be true

    Examples:
      | setting                 |
      | block_public_acls       |
      | block_public_policy     |
      | ignore_public_acls      |
      | restrict_public_buckets |

  @noskip
  Scenario: ACLs are disabled: only policies control access to the records
    Given I have aws_s3_bucket defined
    When its name metadata is archive
    Then it must have aws_s3_bucket_ownership_controls
    And its object_ownership property must be BucketOwnerEnforced

  @noskip
  Scenario: The records are encrypted at rest
    Given I have aws_s3_bucket defined
    When its name metadata is archive
    Then it must have aws_s3_bucket_server_side_encryption_configuration
    And its sse_algorithm property must be (AES256|aws:kms|aws:kms:dsse)

  @noskip
  Scenario: The bucket policy has a statement about unencrypted connections
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Bool
    And it must have aws:SecureTransport
    And its value must be false

  @noskip
  Scenario Outline: Unencrypted connections to the bucket are denied to everyone, for every action: <element>
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And it has aws:SecureTransport
    Then it must have <element>
    And its value must match the "<value>" regex

    Examples:
      | element   | value                          |
      | Principal | [*]$                           |
      | Action    | s3:[*]$                        |
      | Resource  | arn:[^:]+:s3:::[^/*?]+(/[*])?$ |

  @noskip
  Scenario Outline: Unencrypted connections are denied to the bucket and its objects: <what>
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And it has aws:SecureTransport
    Then it must have Resource
    And any of its values must match the "<value>" regex

    Examples:
      | what        | value                      |
      | the bucket  | arn:[^:]+:s3:::[^/]+$      |
      | its objects | arn:[^:]+:s3:::[^/]+/[*]$  |

  @noskip
  Scenario: The bucket policy has a statement about overwriting records
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have s3:if-none-match
    And its value must be true

  @noskip
  Scenario Outline: Nobody can overwrite a record: <element>
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And it has s3:if-none-match
    Then it must have <element>
    And its value must match the "<value>" regex

    Examples:
      | element   | value                          |
      | Principal | [*]$                           |
      | Action    | s3:PutObject$                  |
      | Resource  | arn:[^:]+:s3:::[^/*?]+/.+/[*]$ |

  @noskip
  Scenario: Nobody may delete a version, not even a break-glass role
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And its Action is "s3:DeleteObjectVersion" regex
    Then it must not have Condition

  @noskip
  Scenario: The bucket policy has a statement about who may write records
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And its Action is "s3:ReplicateObject" regex
    Then it must have ArnNotEquals
    And it must have aws:PrincipalArn

  @noskip
  Scenario Outline: Only roles and users named by their full ARNs may write or delete records: <element>
    Given I have aws_s3_bucket_policy defined
    When its name metadata is archive
    Then it must have policy
    And it must have Statement
    When its Effect is Deny
    And it has aws:PrincipalArn
    Then it must have <element>
    And its value must match the "<value>" regex

    Examples:
      | element          | value                                    |
      | Principal        | [*]$                                     |
      | Resource         | arn:[^:]+:s3:::[^/*?]+/.+$               |
      | aws:PrincipalArn | arn:[^:]+:iam::[0-9]{12}:[a-z]+/[^*?$]+$ |
