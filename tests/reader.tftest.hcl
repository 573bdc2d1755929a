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

run "a_bucket_made_here_may_be_listed_whole" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    bucket = { name = "zoom-operation-logs", prefix = "zoom/operationlogs/", created = true }
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.reader[0].policy).Statement[0]) == jsonencode({
      Sid      = "ListRecords"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = "arn:aws:s3:::zoom-operation-logs"
    })
    error_message = "the guide's right, without a condition: ${aws_iam_policy.reader[0].policy}"
  }

  assert {
    condition     = jsondecode(aws_iam_policy.reader[0].policy).Statement[2].Resource == "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
    error_message = "and reading stays bound to the prefix"
  }
}

run "a_bucket_made_elsewhere_may_be_listed_whole_if_its_owner_says_so" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader = { list_whole_bucket = true }
  }

  assert {
    condition     = jsonencode(jsondecode(aws_iam_policy.reader[0].policy).Statement[0]) == jsonencode(jsondecode(run.a_bucket_made_here_may_be_listed_whole.reader.policy).Statement[0])
    error_message = "as one made here"
  }
}

run "google_reads_s3_in_govcloud" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "us-gov-east-1" }
    override_during = plan
  }

  assert {
    condition     = output.feed.region_supported
    error_message = "it is on Google's list"
  }
}

run "google_does_not_read_s3_in_china" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "cn-north-1" }
    override_during = plan
  }

  expect_failures = [check.region]
}

run "google_does_not_read_s3_in_mexico" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "mx-central-1" }
    override_during = plan
  }

  expect_failures = [check.region]
}

run "where_google_does_not_read_there_is_no_warning_without_a_reader" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "ap-southeast-7" }
    override_during = plan
  }

  variables {
    reader = { mode = "none" }
  }

  assert {
    condition     = !output.feed.region_supported
    error_message = "the output says it all the same"
  }
}

run "a_feed_that_deletes_may_delete_records_only" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    feed = { deletion_option = "ON_SUCCESS" }
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
      Condition = { StringLike = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::zoom-operation-logs", "arn:aws:s3:::zoom-operation-logs/*"], "kms:ViaService" = ["s3.*.amazonaws.com"] } }
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

run "a_queue_takes_from_this_bucket_only_and_the_reader_may_empty_it" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    name_prefix = "emea-"
    bucket      = { name = "zoom-operation-logs", prefix = "zoom/operationlogs/", created = true }
    feed        = { source_type = "AMAZON_SQS_V2" }
    kms_key     = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition     = aws_sqs_queue.feed[0].name == "emea-zoom-operationlogs-feed" && aws_sqs_queue.feed[0].message_retention_seconds == 1209600 && aws_sqs_queue.feed[0].kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/1234"
    error_message = "named, kept as long as SQS can, encrypted with the key"
  }

  assert {
    condition = jsonencode(jsondecode(aws_sqs_queue_policy.feed[0].policy).Statement) == jsonencode([
      {
        Sid       = "BucketTellsOfRecords"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::zoom-operation-logs" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ])
    error_message = "the queue policy: ${aws_sqs_queue_policy.feed[0].policy}"
  }

  assert {
    condition     = aws_s3_bucket_notification.feed[0].bucket == "zoom-operation-logs" && one(aws_s3_bucket_notification.feed[0].queue).filter_prefix == "zoom/operationlogs/" && one(one(aws_s3_bucket_notification.feed[0].queue).events) == "s3:ObjectCreated:*"
    error_message = "of new records, and of nothing else"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.reader[0].policy).Statement[3]) == jsonencode({
      Sid      = "TakeMessages"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
      Resource = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
    })
    error_message = "the reader policy: ${aws_iam_policy.reader[0].policy}"
  }

  assert {
    condition     = length(aws_iam_policy.key) == 1
    error_message = "one policy about the key, whatever it says"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.key[0].policy).Statement[1]) == jsonencode({
      Sid       = "UseKeyForMessages"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
      Condition = { StringLike = { "kms:ViaService" = ["sqs.eu-west-1.amazonaws.com"] } }
    })
    error_message = "the key policy: ${aws_iam_policy.key[0].policy}"
  }
}

run "a_bucket_made_elsewhere_keeps_its_notifications" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    feed = { source_type = "AMAZON_SQS_V2" }
  }

  assert {
    condition     = length(aws_s3_bucket_notification.feed) == 0 && length(aws_sqs_queue.feed) == 1 && aws_sqs_queue.feed[0].sqs_managed_sse_enabled
    error_message = "the queue is made, the bucket's notifications are its owner's"
  }

  assert {
    condition     = jsonencode(output.feed.queue.notification) == jsonencode({ events = ["s3:ObjectCreated:*"], filter_prefix = "zoom/operationlogs/" })
    error_message = "and the output says what the owner has to add"
  }
}

run "an_access_key_is_made_for_a_pgp_key_only" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader = { access_key = { pgp_key = "${join("", [for _ in range(25) : "bm90YWtl"])}" } }
  }

  assert {
    condition     = startswith(aws_iam_access_key.reader[0].pgp_key, "bm90YWtlbm90YWtl")
    error_message = "encrypted with the key"
  }

  assert {
    condition     = output.reader.access_key != null && contains(output.feed.form, { field = "Secret access key", value = "in the output reader.access_key.encrypted_secret, for the holder of the PGP key" })
    error_message = "and the form says where it is"
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
    condition     = length(concat(aws_iam_user.reader, aws_iam_role.reader, aws_iam_policy.reader, aws_iam_policy.key, aws_iam_access_key.reader, aws_sqs_queue.feed)) == 0
    error_message = "neither user nor role nor policy"
  }
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
