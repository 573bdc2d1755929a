# Delivers Zoom's operation logs to S3, each record exactly once, and on to Google SecOps.

# The archive: the bucket with write-once objects of records, and the queue of the feed.
module "archive" {
  source = "./modules/archive"

  bucket_name  = var.bucket_name
  bucket       = merge(var.bucket, { prefix = local.prefix })
  queue_name   = var.feed.source_type == "AMAZON_SQS_V2" ? local.names.feed_queue : null
  writer_arn   = local.collector_role_arn
  deleter_arns = local.deleter_arns

  account = local.account
  kms_key = var.kms_key
  tags    = var.tags
}

# The collector: a function that asks Zoom on a schedule and adds new records to the archive.
module "collector" {
  source = "./modules/collector"

  bucket       = module.archive.bucket
  feed_deletes = var.feed.deletion_option == "ON_SUCCESS"

  own_break_glass  = local.own_break_glass
  zoom             = merge(var.zoom, { records = local.report.records })
  zoom_credentials = var.zoom_credentials
  secret           = var.secret
  collector        = var.collector
  schedule         = merge(var.schedule, { interval_minutes = local.interval_minutes })
  package          = var.package
  lambda_directory = "${path.module}/lambda"

  names                    = local.names
  account                  = local.account
  kms_key                  = var.kms_key
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# The reader: the IAM principal with which Google SecOps reads the records, and the settings of the feed.
module "secops_reader" {
  source = "./modules/secops_reader"

  bucket = module.archive.bucket
  queue  = module.archive.queue
  reader = var.reader
  arn    = local.reader_arn
  feed   = var.feed

  names                    = local.names
  account                  = local.account
  kms_key                  = var.kms_key
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# Monitoring: alarms, notifications, dashboard. It gets only the names of the function and the queue: Terraform creates the
# replacement of an alarm first, and would have to do the same with a function that the alarm depends on.
module "monitoring" {
  source = "./modules/monitoring"
  count  = var.monitoring.enabled ? 1 : 0

  function = {
    name              = local.names.function
    timeout_seconds   = var.collector.timeout_seconds
    metrics_namespace = local.names.metrics_namespace
    records           = local.report.records
  }
  schedule          = merge(var.schedule, { interval_minutes = local.interval_minutes })
  dead_letter_queue = { name = local.names.dead_letter_queue }
  log_group         = module.collector.log_group
  monitoring        = var.monitoring
  topic_name        = local.names.alarm_topic

  account = local.account
  kms_key = var.kms_key
  tags    = var.tags
}
