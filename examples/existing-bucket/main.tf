# An existing bucket and an existing secret: the module creates and changes neither.

provider "aws" {}

module "zoom_operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = aws_s3_bucket.security_lake.bucket
  kms_key     = { arn = aws_kms_key.security_lake.arn } # the key of the bucket's objects

  bucket = {
    create = false
    prefix = "zoom/operationlogs/"
  }

  secret = {
    existing = {
      arn     = aws_secretsmanager_secret.zoom.arn
      kms_key = { arn = aws_kms_key.security_lake.arn }
    }
  }

  # A queue notifies the feed of new records. The owner of the bucket configures its notifications, see below.
  feed = { source_type = "AMAZON_SQS_V2" }
}

# A bucket has one policy, and you own it: merge the policy of the module into it.
data "aws_iam_policy_document" "security_lake" {
  source_policy_documents = [module.zoom_operation_logs.bucket.policy]

  statement {
    sid       = "DenyDeletion"
    effect    = "Deny"
    actions   = ["s3:DeleteBucket"]
    resources = [aws_s3_bucket.security_lake.arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}

resource "aws_s3_bucket_policy" "security_lake" {
  bucket = aws_s3_bucket.security_lake.bucket
  policy = data.aws_iam_policy_document.security_lake.json
}

# The same applies to notifications: add the module's to those of the bucket.
resource "aws_s3_bucket_notification" "security_lake" {
  bucket = aws_s3_bucket.security_lake.bucket

  queue {
    queue_arn     = module.zoom_operation_logs.secops_feed.queue.arn
    events        = module.zoom_operation_logs.secops_feed.queue.notification.events
    filter_prefix = module.zoom_operation_logs.secops_feed.queue.notification.filter_prefix
  }
}
