# What the feed in Google SecOps is told: as the body of its API and as the console's form. And with source type
# AMAZON_SQS_V2 the queue from which it learns of new objects, instead of listing the bucket.

locals {
  account    = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_service.s3.region

  by_queue   = var.feed.source_type == "AMAZON_SQS_V2"
  queue_name = "${var.name_prefix}${var.feed.queue_name}"
  queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account}:${local.queue_name}"

  # What S3 is to tell the queue: of new records, and of nothing else in the bucket.
  notification = {
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = var.bucket.prefix
  }
}

# The queue

resource "aws_sqs_queue" "feed" {
  count = local.by_queue ? 1 : 0

  name                      = local.queue_name
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  kms_master_key_id         = one(var.kms_key[*].arn)
  message_retention_seconds = 14 * 24 * 60 * 60 # the longest: time to mend a feed that has stopped
  tags                      = var.tags

  # A renamed queue is there before the old one goes, so that at every moment S3 has somebody to tell.
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
        StringEquals = { "aws:SourceAccount" = local.account }
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

# A bucket has one set of notifications, so only a bucket made by this configuration gets it from here; for another the
# output says what its owner is to add.
resource "aws_s3_bucket_notification" "feed" {
  count = local.by_queue && var.bucket.created ? 1 : 0

  bucket = var.bucket.name

  queue {
    id            = "zoom-operation-logs-feed"
    queue_arn     = aws_sqs_queue.feed[0].arn
    events        = local.notification.events
    filter_prefix = local.notification.filter_prefix
  }

  # S3 sends a test message, and refuses a queue that does not take it.
  depends_on = [aws_sqs_queue_policy.feed]
}

# The feed

locals {
  # The regions in which Google reads Amazon S3, as its page lists them (looked up in November 2026). It has GovCloud's, but
  # neither China's nor the European Sovereign Cloud's, nor mx-central-1, ap-southeast-6 and ap-southeast-7.
  # https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions
  regions_of_google = [
    "af-south-1",
    "ap-east-1", "ap-east-2",
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
    "ap-south-1", "ap-south-2",
    "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ca-central-1", "ca-west-1",
    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
    "il-central-1",
    "me-central-1", "me-south-1",
    "sa-east-1",
    "us-east-1", "us-east-2", "us-west-1", "us-west-2",
    "us-gov-east-1", "us-gov-west-1",
  ]
  region_supported = contains(local.regions_of_google, local.region)

  uri = "s3://${var.bucket.name}/${var.bucket.prefix}"

  # An access key is never in the body: `zoomlogs feed apply` takes it from the secret below as it sends it.
  source_settings = {
    queue                = local.by_queue ? local.queue_arn : null
    s3Uri                = local.uri
    sourceDeletionOption = var.feed.deletion_option
    maxLookbackDays      = var.feed.max_lookback_days
    authentication       = local.is_role ? { awsIamRoleAuth = { awsIamRoleArn = local.arn, subjectId = var.reader.subject_id } } : null
  }

  # Proto3 JSON of google.cloud.chronicle.v1.Feed, without what is not set.
  # https://github.com/googleapis/googleapis/blob/master/google/cloud/chronicle/v1/feed.proto
  details = {
    feedSourceType      = var.feed.source_type
    logType             = join("/", compact([var.feed.instance, var.feed.instance == null ? null : "logTypes", "ZOOM_OPERATION_LOGS"]))
    assetNamespace      = var.feed.namespace
    labels              = length(var.feed.labels) == 0 ? null : var.feed.labels
    amazonS3V2Settings  = local.by_queue ? null : { for name, value in local.source_settings : name => value if value != null }
    amazonSqsV2Settings = local.by_queue ? { for name, value in local.source_settings : name => value if value != null } : null
  }

  body = {
    displayName = var.feed.name
    details     = { for name, value in local.details : name => value if value != null }
  }

  key_secret_name = "${var.name_prefix}${var.reader.key_secret_name}"

  form = concat(
    [
      { field = "Feed name", value = var.feed.name },
      { field = "Source type", value = local.by_queue ? "Amazon SQS V2" : "Amazon S3 V2" },
      { field = "Log type", value = "Zoom Operation Logs (ZOOM_OPERATION_LOGS)" },
    ],
    [for by_queue in [local.by_queue] : { field = "SQS queue", value = local.queue_arn } if by_queue],
    [
      { field = "S3 URI", value = local.uri },
      { field = "Source deletion option", value = var.feed.deletion_option == "ON_SUCCESS" ? "Delete transferred files and empty directories (ON_SUCCESS)" : "Never delete files (NEVER)" },
      { field = "Maximum file age (days)", value = tostring(var.feed.max_lookback_days) },
    ],
    {
      user = [
        {
          field = "Access key ID"
          value = var.reader.access_key == null ? "from the secret ${local.key_secret_name}, which `zoomlogs reader-key create` fills" : one(aws_iam_access_key.reader[*].id)
        },
        {
          field = "Secret access key"
          value = var.reader.access_key == null ? "from the same secret" : "in the output reader.access_key.encrypted_secret, for the holder of the PGP key"
        },
      ]
      role = [
        { field = "AWS IAM role ARN", value = local.arn },
        { field = "Subject ID", value = var.reader.subject_id },
      ]
      none = []
    }[var.reader.mode],
    [
      { field = "Asset namespace", value = coalesce(var.feed.namespace, "(none)") },
      { field = "Ingestion labels", value = coalesce(join(", ", [for key, value in var.feed.labels : "${key}=${value}"]), "(none)") },
    ],
  )
}

# With reader.mode "none" somebody else decides who reads, so there is no warning.
check "region" {
  assert {
    condition     = !local.reads || local.region_supported
    error_message = "Google SecOps does not read Amazon S3 in ${local.region}: the region is not on Google's list, https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions. The collector works there, but the feed does not. Make the bucket in a region on the list, or set reader.mode to \"none\" if Google SecOps is not to read it."
  }
}
