# With feed source type AMAZON_SQS_V2: the queue with notifications of new objects, so that the feed need not list the bucket.

locals {
  notifies  = var.queue_name != null
  queue_arn = local.notifies ? "arn:${var.account.partition}:sqs:${var.account.region}:${var.account.id}:${var.queue_name}" : null

  # Only new records.
  notification = {
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = var.bucket.prefix
  }

  # The queues that the bucket notifies: of this instance, and of further instances.
  notified = concat(
    [for arn in local.queue_arn[*] : merge(local.notification, { suffix = "", queue_arn = arn })],
    [for one in local.further : merge(one.notification, { suffix = "-${substr(sha256(one.prefix), 0, 8)}" }) if one.notification != null],
  )
}

resource "aws_sqs_queue" "feed" {
  count = local.notifies ? 1 : 0

  name                      = var.queue_name
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  kms_master_key_id         = one(var.kms_key[*].arn)
  message_retention_seconds = 14 * 24 * 60 * 60 # the maximum: time to repair a feed that has stopped
  tags                      = var.tags

  # A renamed queue is created before the old one is deleted, so that S3 always has a queue to notify.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_sqs_queue_policy" "feed" {
  count = length(aws_sqs_queue.feed)

  queue_url = aws_sqs_queue.feed[0].url

  policy = jsonencode({ Version = "2012-10-17", Statement = [
    {
      Sid       = "BucketTellsOfRecords"
      Effect    = "Allow"
      Principal = { Service = "s3.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = local.queue_arn
      Condition = {
        ArnEquals    = { "aws:SourceArn" = local.bucket_arn }
        StringEquals = { "aws:SourceAccount" = var.account.id }
      }
    },
    {
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
  ] })

  lifecycle {
    create_before_destroy = true
  }
}

# For an existing bucket the output `queue` has what to add to its notification configuration.
resource "aws_s3_bucket_notification" "feed" {
  count = length(local.notified) > 0 && var.bucket.create ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket

  dynamic "queue" {
    for_each = local.notified

    content {
      id            = "zoom-operation-logs-feed${queue.value.suffix}"
      queue_arn     = queue.value.queue_arn
      events        = queue.value.events
      filter_prefix = queue.value.filter_prefix
    }
  }

  # S3 sends a test message, and rejects a queue that does not accept it.
  depends_on = [aws_s3_bucket_policy.archive, aws_sqs_queue_policy.feed]
}
