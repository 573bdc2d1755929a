# The reader of Google SecOps, and its permissions.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

# The root module's arguments with the defaults of its inputs, for an existing bucket.
variables {
  bucket = {
    name    = "zoom-operation-logs"
    prefix  = "zoom/operationlogs/"
    created = false
    shared  = false
  }
  queue = null
  reader = {
    mode                = "user"
    subject_id          = null
    federated_principal = null
    list_whole_bucket   = false
  }
  arn = "arn:aws:iam::111122223333:user/secops-reader"
  feed = {
    source_type       = "AMAZON_S3_V2"
    deletion_option   = "NEVER"
    max_lookback_days = 180
    namespace         = null
    labels            = {}
    instance          = null
  }
  names = {
    reader            = "secops-reader"
    reader_policy     = "secops-reader-policy"
    reader_key_secret = "zoom-operationlogs-reader-key"
    feed              = "Zoom Operation Logs"
  }
  account = {
    id         = "111122223333"
    region     = "eu-west-1"
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
  kms_key                  = null
  iam_path                 = "/"
  permissions_boundary_arn = null
  tags                     = {}
}

run "the_guides_user_reads_only_the_feeds_prefix" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  assert {
    condition     = aws_iam_user.reader[0].name == "secops-reader" && aws_iam_user.reader[0].force_destroy && aws_iam_policy.reader[0].name == "secops-reader-policy"
    error_message = "the guide's names; an access key created elsewhere does not block a destroy"
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

run "the_modules_bucket_may_be_listed_completely" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    bucket = merge(var.bucket, { name = "zoom-operation-logs", prefix = "zoom/operationlogs/", created = true })
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.reader[0].policy).Statement[0]) == jsonencode({
      Sid      = "ListRecords"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = "arn:aws:s3:::zoom-operation-logs"
    })
    error_message = "the guide's permission, without a condition: ${aws_iam_policy.reader[0].policy}"
  }

  assert {
    condition     = jsondecode(aws_iam_policy.reader[0].policy).Statement[2].Resource == "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
    error_message = "and reading is limited to the prefix"
  }
}

run "list_whole_bucket_allows_the_same_for_an_existing_bucket" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    reader = merge(var.reader, { list_whole_bucket = true })
  }

  assert {
    condition     = jsonencode(jsondecode(aws_iam_policy.reader[0].policy).Statement[0]) == jsonencode(jsondecode(run.the_modules_bucket_may_be_listed_completely.reader.policy).Statement[0])
    error_message = "as for the module's bucket"
  }
}

run "google_does_not_read_s3_in_mexico" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    account = merge(var.account, { region = "mx-central-1" })
  }

  expect_failures = [check.region]
}

run "a_feed_that_deletes_may_delete_only_records" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    feed = merge(var.feed, { deletion_option = "ON_SUCCESS" })
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

run "the_reader_may_use_the_key_only_for_this_bucket" {
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
    reader  = merge(var.reader, { mode = "role", subject_id = "1234567890" })
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

run "the_reader_may_receive_and_delete_messages" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    queue = {
      name         = "emea-zoom-operationlogs-feed"
      arn          = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
      url          = "https://sqs.eu-west-1.amazonaws.com/111122223333/emea-zoom-operationlogs-feed"
      notification = { events = ["s3:ObjectCreated:*"], filter_prefix = "zoom/operationlogs/" }
    }
    feed    = merge(var.feed, { source_type = "AMAZON_SQS_V2" })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
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
    error_message = "one policy for the key"
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

run "mode_none_creates_nothing_and_does_not_warn_about_the_region" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    account = merge(var.account, { region = "ap-southeast-7" })
    reader  = merge(var.reader, { mode = "none" })
    kms_key = { arn = "arn:aws:kms:ap-southeast-7:111122223333:key/1234" }
  }

  assert {
    condition     = length(concat(aws_iam_user.reader, aws_iam_role.reader, aws_iam_policy.reader, aws_iam_policy.key)) == 0
    error_message = "neither user nor role nor policy"
  }

  assert {
    condition     = !output.feed.region_supported
    error_message = "the output says that the region is not supported"
  }
}

run "a_role_in_govcloud_may_trust_an_oidc_provider" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    account = merge(var.account, { region = "us-gov-east-1", partition = "aws-us-gov" })
    reader  = merge(var.reader, { mode = "role", subject_id = "1234567890", federated_principal = "arn:aws-us-gov:iam::111122223333:oidc-provider/accounts.google.com" })
  }

  assert {
    condition     = jsondecode(aws_iam_role.reader[0].assume_role_policy).Statement[0].Principal.Federated == "arn:aws-us-gov:iam::111122223333:oidc-provider/accounts.google.com"
    error_message = "the role trusts the given provider"
  }

  assert {
    condition     = output.feed.region_supported
    error_message = "the region is in Google's list"
  }
}

run "every_arn_has_the_partition" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  variables {
    account = merge(var.account, { region = "cn-north-1", partition = "aws-cn", dns_suffix = "amazonaws.com.cn" })
    queue = {
      name         = "zoom-operationlogs-feed"
      arn          = "arn:aws-cn:sqs:cn-north-1:111122223333:zoom-operationlogs-feed"
      url          = "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/zoom-operationlogs-feed"
      notification = { events = ["s3:ObjectCreated:*"], filter_prefix = "zoom/operationlogs/" }
    }
    kms_key = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/1234" }
  }

  assert {
    condition     = strcontains(aws_iam_policy.reader[0].policy, "arn:aws-cn:") && !strcontains(aws_iam_policy.reader[0].policy, "arn:aws:")
    error_message = "no ARN has a fixed partition"
  }

  # kms:ViaService has the partition's DNS suffix.
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_policy.key[0].policy).Statement :
      lookup(statement.Condition.StringLike, "kms:ViaService", [])
    ])) == toset(["s3.*.amazonaws.com.cn", "sqs.cn-north-1.amazonaws.com.cn"])
    error_message = "the reader uses the key through S3 and SQS"
  }

  expect_failures = [check.region]
}
