# The settings of the feed in Google SecOps: as the body of its API and as the form of the console.

locals {
  # The regions in which Google reads Amazon S3 (as of November 2026). They include GovCloud, but not China, the European
  # Sovereign Cloud, mx-central-1, ap-southeast-6 and ap-southeast-7.
  # https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions
  regions_of_google = [
    "af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
    "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ca-central-1", "ca-west-1",
    "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3",
    "il-central-1", "me-central-1", "me-south-1", "sa-east-1",
    "us-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1", "us-west-2",
  ]
  region_supported = contains(local.regions_of_google, var.account.region)

  uri = "s3://${var.bucket.name}/${var.bucket.prefix}"

  # The body never contains an access key: `zoomlogs feed apply` reads it from the secret below when it sends the body.
  source_settings = {
    queue                = one(var.queue[*].arn)
    s3Uri                = local.uri
    sourceDeletionOption = var.feed.deletion_option
    maxLookbackDays      = var.feed.max_lookback_days
    authentication       = local.is_role ? { awsIamRoleAuth = { awsIamRoleArn = var.arn, subjectId = var.reader.subject_id } } : null
  }

  # Proto3 JSON of google.cloud.chronicle.v1.Feed, without fields that are not set.
  # https://github.com/googleapis/googleapis/blob/master/google/cloud/chronicle/v1/feed.proto
  details = {
    feedSourceType      = var.feed.source_type
    logType             = join("/", compact([var.feed.instance, var.feed.instance == null ? null : "logTypes", "ZOOM_OPERATION_LOGS"]))
    assetNamespace      = var.feed.namespace
    labels              = length(var.feed.labels) == 0 ? null : var.feed.labels
    amazonS3V2Settings  = var.queue != null ? null : { for name, value in local.source_settings : name => value if value != null }
    amazonSqsV2Settings = var.queue != null ? { for name, value in local.source_settings : name => value if value != null } : null
  }

  body = {
    displayName = var.names.feed
    details     = { for name, value in local.details : name => value if value != null }
  }

  form = concat(
    [
      { field = "Feed name", value = var.names.feed },
      { field = "Source type", value = var.queue != null ? "Amazon SQS V2" : "Amazon S3 V2" },
      { field = "Log type", value = "Zoom Operation Logs (ZOOM_OPERATION_LOGS)" },
    ],
    [for queue in var.queue[*] : { field = "SQS queue", value = queue.arn }],
    [
      { field = "S3 URI", value = local.uri },
      { field = "Source deletion option", value = var.feed.deletion_option == "ON_SUCCESS" ? "Delete transferred files and empty directories (ON_SUCCESS)" : "Never delete files (NEVER)" },
      { field = "Maximum file age (days)", value = tostring(var.feed.max_lookback_days) },
    ],
    {
      user = [
        { field = "Access key ID", value = "from the secret ${var.names.reader_key_secret}, which `zoomlogs reader-key create` fills" },
        { field = "Secret access key", value = "from the same secret" },
      ]
      role = [
        { field = "AWS IAM role ARN", value = var.arn },
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

# With reader.mode "none", Google SecOps may not be the reader, so there is no warning.
check "region" {
  assert {
    condition     = !local.made || local.region_supported
    error_message = "Google SecOps does not read Amazon S3 in ${var.account.region}: the region is not on Google's list, https://cloud.google.com/storage-transfer/docs/source-amazon-s3#supported_regions. The collector works there, but the feed does not. Create the bucket in a region on the list, or set reader.mode to \"none\" if Google SecOps does not read it."
  }
}
