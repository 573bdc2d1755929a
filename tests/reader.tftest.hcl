# Who reads for Google SecOps, and what they may.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  bucket = {
    name   = "zoom-operation-logs"
    prefix = "zoom/operationlogs/"
  }
}

run "the_guides_user_reads_the_feeds_prefix_and_no_more" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  assert {
    condition     = aws_iam_user.reader[0].name == "secops-reader" && aws_iam_user.reader[0].force_destroy && aws_iam_policy.reader[0].name == "secops-reader-policy"
    error_message = "the guide's names; a key made elsewhere does not stop a destroy"
  }

  assert {
    condition     = aws_iam_user_policy_attachment.reader[0].user == "secops-reader" && length(aws_iam_role.reader) == 0
    error_message = "the policy is the user's"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.reader[0].policy)) == jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "ListRecords"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = "arn:aws:s3:::zoom-operation-logs"
          Condition = { StringLike = { "s3:prefix" = ["zoom/operationlogs/*"] } }
        },
        {
          Sid      = "LocateBucket"
          Effect   = "Allow"
          Action   = ["s3:GetBucketLocation"]
          Resource = "arn:aws:s3:::zoom-operation-logs"
        },
        {
          Sid      = "ReadRecords"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
        },
      ]
    })
    error_message = "the reader policy: ${aws_iam_policy.reader[0].policy}"
  }
}

run "a_feed_that_deletes_may_delete_records_only" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    feed_deletes = true
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.reader[0].policy).Statement[3]) == jsonencode({
      Sid      = "DeleteRecordsOnceRead"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
    })
    error_message = "the reader policy: ${aws_iam_policy.reader[0].policy}"
  }
}

run "a_key_may_be_used_for_this_bucket_only" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.key[0].policy).Statement) == jsonencode([{
      Sid       = "UseKeyForRecords"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
      Condition = { StringLike = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::zoom-operation-logs", "arn:aws:s3:::zoom-operation-logs/*"], "kms:ViaService" = ["s3.*.amazonaws.com*"] } }
    }])
    error_message = "the key policy: ${aws_iam_policy.key[0].policy}"
  }

  assert {
    condition     = length(aws_iam_user_policy_attachment.key) == 1
    error_message = "and is attached"
  }
}

run "a_role_is_assumed_by_one_google_identity" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader  = { mode = "role", subject_id = "1234567890" }
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.reader[0].assume_role_policy)) == jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = "accounts.google.com" }
        Condition = { StringEquals = { "accounts.google.com:sub" = "1234567890" } }
      }]
    })
    error_message = "the trust policy: ${aws_iam_role.reader[0].assume_role_policy}"
  }

  assert {
    condition     = length(aws_iam_user.reader) == 0 && length(aws_iam_role_policy_attachment.reader) == 1 && length(aws_iam_role_policy_attachment.key) == 1
    error_message = "the role has both policies, and there is no user"
  }
}

run "nobody_is_made_in_mode_none" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader  = { mode = "none" }
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition     = length(concat(aws_iam_user.reader, aws_iam_role.reader, aws_iam_policy.reader, aws_iam_policy.key)) == 0
    error_message = "neither user nor role nor policy"
  }
}

run "rejects_a_google_role_where_google_is_unknown" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-us-gov" }
    override_during = plan
  }

  variables {
    reader = { mode = "role", subject_id = "1234567890" }
  }

  expect_failures = [aws_iam_role.reader]
}

run "accepts_a_google_role_there_by_an_oidc_provider" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-us-gov" }
    override_during = plan
  }

  variables {
    reader = { mode = "role", subject_id = "1234567890", federated_principal = "arn:aws-us-gov:iam::111122223333:oidc-provider/accounts.google.com" }
  }

  assert {
    condition     = jsondecode(aws_iam_role.reader[0].assume_role_policy).Statement[0].Principal.Federated == "arn:aws-us-gov:iam::111122223333:oidc-provider/accounts.google.com"
    error_message = "the role trusts the provider given"
  }
}

run "rejects_a_prefix_without_last_slash" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    bucket = { name = "zoom-operation-logs", prefix = "zoom/operationlogs" }
  }

  expect_failures = [var.bucket]
}

run "rejects_an_unknown_mode" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader = { mode = "key" }
  }

  expect_failures = [var.reader]
}

run "rejects_a_role_for_anybody_at_google" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader = { mode = "role" }
  }

  expect_failures = [var.reader]
}
