# Every input, most of them with a value other than the default, for a platform team with its own rules.

provider "aws" {}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_service" "s3" {
  service_id = "s3" # has the region, in versions 5 and 6 of the provider
}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
}

module "zoom_operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name              = var.bucket_name
  name_prefix              = "emea-"
  iam_path                 = "/security/"
  permissions_boundary_arn = aws_iam_policy.boundary.arn
  kms_key                  = { arn = aws_kms_key.zoom.arn }

  tags = {
    owner       = "security-engineering"
    cost-centre = "4711"
  }

  names = {
    function          = "zoom-operation-logs"
    function_role     = "zoom-operation-logs-collector"
    function_policy   = "zoom-operation-logs-writer"
    schedule          = "zoom-operation-logs"
    schedule_role     = "zoom-operation-logs-scheduler"
    dead_letter_queue = "zoom-operation-logs-undelivered"
    secret            = "zoom/operation-logs"
    reader            = "secops-zoom-reader"
    reader_policy     = "secops-zoom-reader"
    feed              = "Zoom Operation Logs EMEA"
    feed_queue        = "zoom-operation-logs-feed"
    alarm_topic       = "zoom-operation-logs-alarms"
    metrics_namespace = "Security/Zoom"
  }

  bucket = {
    create                     = true
    prefix                     = "audit/zoom/operationlogs/"
    state_key                  = "audit/zoom/state.json"
    versioning                 = true
    encryption                 = "aws:kms"
    force_destroy              = var.force_destroy
    expiration_days            = 2557 # seven years
    noncurrent_expiration_days = 365
    transitions                = [{ days = 90, storage_class = "GLACIER_IR" }]
    access_logs_bucket         = aws_s3_bucket_policy.platform["access-logs"].bucket # after S3 may write there
    lock                       = var.force_destroy ? null : { mode = "GOVERNANCE", days = 365 }
    break_glass_arns           = [] # a role, only while a task of docs/operations.md needs it

    policy_statements = [jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "DenyDeletion"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:DeleteBucket"
        Resource  = "arn:${local.partition}:s3:::${var.bucket_name}"
      }]
    })]

    further_instances = [] # examples/both-reports has one
  }

  zoom = {
    report            = "operationlogs"
    oauth_url         = "https://zoom.us/oauth/token"
    api_url           = "https://api.zoom.us/v2"
    allow_other_hosts = false
    timeout_seconds   = 20
    lookback_days     = 7
    reconcile_hours   = 6
    page_size         = 200
    start_date        = "2026-06-01" # or later, once Zoom no longer has that day
  }
  zoom_credentials = var.zoom_credentials

  secret = {
    credentials_version  = var.credentials_version
    recovery_window_days = 7
  }

  collector = {
    architecture         = "arm64"
    memory_mb            = 1024
    timeout_seconds      = 600
    reserved_concurrency = 2
    log_level            = "INFO"
    log_retention_days   = 731
    tracing              = true
  }

  schedule = {
    expression              = "cron(0/15 * * * ? *)"
    timezone                = "Europe/Madrid"
    enabled                 = true
    flexible_window_minutes = 5
  }

  # The committed package, from a bucket for deployments.
  package = {
    s3_bucket         = aws_s3_object.package.bucket
    s3_key            = aws_s3_object.package.key
    s3_object_version = aws_s3_object.package.version_id
    sha256            = filebase64sha256(var.package_file)
  }

  reader = {
    mode       = "role"
    subject_id = var.secops_subject_id

    list_whole_bucket = false # for an existing bucket; it may list a new one
  }

  feed = {
    source_type       = "AMAZON_SQS_V2"
    instance          = "projects/your-project/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd"
    deletion_option   = "ON_SUCCESS"
    max_lookback_days = 30
    namespace         = "emea"
    labels            = { environment = "production" }
  }

  monitoring = {
    enabled               = true
    emails                = var.alarm_emails
    each_alarm_notifies   = false
    silence_minutes       = 105 # three runs that did not come, and the hour that clocks repeat in autumn
    stalled_backlog_hours = 36
    runbook_url           = "https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs/blob/main/docs/operations.md"
  }
}
