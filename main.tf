# Zoom's operation logs, in the bucket once and for all, and from there to Google SecOps.

# The archive is the log: objects written once and never changed, by the collector alone.
module "archive" {
  source = "./modules/archive"

  bucket_name = var.bucket_name
  bucket      = var.bucket
  kms_key     = var.kms_key
  tags        = var.tags

  # Known by their names: the bucket's policy is there before they are.
  writer_arn   = module.collector.principal_arn
  deleter_arns = module.secops_reader.deleter_arns
}

# The collector asks Zoom on a schedule and adds to the archive what is new.
module "collector" {
  source = "./modules/collector"

  bucket       = merge(module.archive.bucket, module.secops_reader.bucket) # once its new objects are told of
  feed_deletes = var.feed.deletion_option == "ON_SUCCESS"

  zoom             = var.zoom
  zoom_credentials = var.zoom_credentials
  secret           = var.secret
  collector        = var.collector
  schedule         = var.schedule
  package          = var.package

  kms_key                  = var.kms_key
  name_prefix              = var.name_prefix
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# Google SecOps reads the records, and nothing else; what its feed has to be told is an output.
module "secops_reader" {
  source = "./modules/secops_reader"

  bucket = module.archive.bucket
  reader = var.reader
  feed   = var.feed

  kms_key                  = var.kms_key
  name_prefix              = var.name_prefix
  iam_path                 = var.iam_path
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# Whether all that works: alarms, whom they tell, and a dashboard.
module "monitoring" {
  source = "./modules/monitoring"
  count  = var.monitoring.enabled ? 1 : 0

  function = {
    name              = module.collector.function_name
    timeout_seconds   = var.collector.timeout_seconds
    metrics_namespace = var.collector.metrics_namespace
  }
  schedule          = merge(var.schedule, { interval_minutes = local.interval_minutes })
  dead_letter_queue = module.collector.dead_letter_queue
  log_group         = module.collector.log_group
  monitoring        = merge(var.monitoring, { stalled_backlog_hours = var.monitoring.behind_hours })
  topic_name        = "${var.name_prefix}${var.monitoring.topic_name}"

  account = local.account
  kms_key = var.kms_key
  tags    = var.tags
}
