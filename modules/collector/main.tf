# The collector: the function that asks Zoom and writes the archive, and all it needs to do so.
# Who may do what stands in iam.tf, which package it runs in package.tf, when it runs in schedule.tf.

locals {
  kms_key = one(var.kms_key[*].arn)

  log_group_name = "/aws/lambda/${var.names.function}"
  secret_arn     = var.secret.existing == null ? aws_secretsmanager_secret.zoom[0].arn : var.secret.existing.arn

  # An ARN that is known after apply only would hide the whole environment from a first plan.
  secret_id = var.secret.existing == null ? var.names.secret : var.secret.existing.arn

  environment = merge(
    {
      REPORT          = var.zoom.report
      S3_BUCKET       = var.bucket.name
      S3_PREFIX       = var.bucket.prefix
      STATE_KEY       = var.bucket.state_key
      FEED_DELETES    = tostring(var.feed_deletes)
      PAGE_SIZE       = "300" # Zoom's largest page
      TIMEOUT         = tostring(var.zoom.timeout_seconds)
      LOOKBACK_DAYS   = tostring(var.zoom.lookback_days)
      RECONCILE_HOURS = tostring(var.zoom.reconcile_hours)
      ZOOM_OAUTH_URL  = var.zoom.oauth_url
      ZOOM_API_URL    = var.zoom.api_url
      ZOOM_SECRET_ID  = local.secret_id

      # The service is a dimension of every metric: the function's name keeps two collectors in one account apart.
      POWERTOOLS_SERVICE_NAME      = var.names.function
      POWERTOOLS_METRICS_NAMESPACE = var.names.metrics_namespace
      POWERTOOLS_LOG_LEVEL         = var.collector.log_level
    },
    var.bucket.encryption == null ? {} : { S3_SSE = var.bucket.encryption },
    try(startswith(var.bucket.encryption, "aws:kms"), false) ? { S3_SSE_KMS_KEY_ARN = local.kms_key } : {},
    var.bucket.lock == null ? {} : { S3_LOCK_MODE = var.bucket.lock.mode, S3_LOCK_DAYS = tostring(var.bucket.lock.days) },
    var.zoom.allow_other_hosts ? { ZOOM_ALLOW_OTHER_HOSTS = "true" } : {},
    var.zoom.start_date == null ? {} : { START_DATE = var.zoom.start_date },
    try(var.collector.vpc.https_proxy, null) == null ? {} : { HTTPS_PROXY = var.collector.vpc.https_proxy },
    try(var.collector.vpc.no_proxy, null) == null ? {} : { NO_PROXY = var.collector.vpc.no_proxy },
    # requests reads the first, boto3 the second.
    try(var.collector.vpc.ca_bundle, null) == null ? {} : {
      REQUESTS_CA_BUNDLE = var.collector.vpc.ca_bundle.path
      AWS_CA_BUNDLE      = var.collector.vpc.ca_bundle.path
    },
  )

  # Lambda measures the environment as JSON.
  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  environment_bytes = length(jsonencode(local.environment))
}

resource "aws_secretsmanager_secret" "zoom" {
  #checkov:skip=CKV_AWS_149:`kms_key` sets a key; without one Secrets Manager encrypts with AWS's
  #checkov:skip=CKV2_AWS_57:Only a person can make a new client secret, in Zoom; the next run uses what is stored then
  count = var.secret.existing == null ? 1 : 0

  name                    = var.names.secret
  description             = "Zoom Server-to-Server OAuth app: {\"account_id\", \"client_id\", \"client_secret\"}"
  kms_key_id              = local.kms_key
  recovery_window_in_days = var.secret.recovery_window_days
  tags                    = var.tags
}

# Only a write-only argument carries the credentials, so they reach neither plan nor state.
resource "aws_secretsmanager_secret_version" "zoom" {
  count = var.secret.credentials_version == null ? 0 : 1

  secret_id                = aws_secretsmanager_secret.zoom[0].id
  secret_string_wo         = jsonencode(var.zoom_credentials)
  secret_string_wo_version = var.secret.credentials_version
}

# Secrets Manager keeps the current value and the one before. After one more rotation it may delete this version, and the
# next apply would write its old value as the current one.
check "credentials_version" {
  assert {
    condition     = alltrue([for version in aws_secretsmanager_secret_version.zoom : contains(version.version_stages, "AWSCURRENT")])
    error_message = "Something else has stored new credentials in the secret since Terraform wrote version ${coalesce(var.secret.credentials_version, 0)}: remove secret.credentials_version and zoom_credentials now. After the next rotation, an apply may write the old credentials again."
  }
}

# Made before the function, which would otherwise make one itself that never expires.
resource "aws_cloudwatch_log_group" "collector" {
  #checkov:skip=CKV_AWS_158:`kms_key` sets a key; without one CloudWatch encrypts with its own
  name              = local.log_group_name
  retention_in_days = var.collector.log_retention_days
  kms_key_id        = local.kms_key
  tags              = var.tags
}

resource "aws_lambda_function" "collector" {
  #checkov:skip=CKV_AWS_50:`collector.tracing` decides
  #checkov:skip=CKV_AWS_116:An event holds nothing to keep: the next run makes up for one that failed
  #checkov:skip=CKV_AWS_117:`collector.vpc` puts it into a VPC; it speaks to a public address, Zoom's
  #checkov:skip=CKV_AWS_173:`kms_key` sets a key; without one Lambda encrypts the environment, which holds no secret, with its own
  #checkov:skip=CKV_AWS_272:`collector.code_signing_config_arn` sets it, for a package that the caller signs; the committed one is known by its hash
  function_name = var.names.function
  description   = substr("Copies Zoom's ${var.zoom.records} to s3://${var.bucket.name}/${var.bucket.prefix}", 0, 256)
  role          = aws_iam_role.collector.arn

  handler       = "zoom_operationlogs.handler.lambda_handler"
  runtime       = "python3.13"
  architectures = [var.collector.architecture]
  memory_size   = var.collector.memory_mb
  timeout       = var.collector.timeout_seconds
  kms_key_arn   = local.kms_key

  filename          = local.package.filename
  s3_bucket         = local.package.s3_bucket
  s3_key            = local.package.s3_key
  s3_object_version = local.package.s3_object_version
  source_code_hash  = local.package_sha256

  # Two collectors at once do no harm (a put that is not the first fails), so none is reserved unless asked for.
  reserved_concurrent_executions = var.collector.reserved_concurrency

  layers = [for vpc in var.collector.vpc[*] : vpc.ca_bundle.layer_arn if vpc.ca_bundle != null]

  environment {
    variables = local.environment
  }

  logging_config {
    log_group  = aws_cloudwatch_log_group.collector.name
    log_format = "JSON"

    # Above INFO, Lambda would drop the metrics that the collector prints.
    application_log_level = var.collector.log_level
    system_log_level      = "WARN"
  }

  code_signing_config_arn = var.collector.code_signing_config_arn

  tracing_config {
    mode = var.collector.tracing ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.collector.vpc[*]

    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  tags = var.tags

  depends_on = [
    aws_iam_role_policy.credentials,
    aws_iam_role_policy.keys,
    aws_iam_role_policy.network,
    aws_iam_role_policy.tracing,
    aws_iam_role_policy_attachment.writer,
    aws_secretsmanager_secret.zoom, # the environment has its name, which no reference ties to it
  ]

  lifecycle {
    replace_triggered_by = [terraform_data.role]

    precondition {
      condition     = local.package_exists
      error_message = "The collector's package is missing: run `make package`, which makes lambda/dist/collector.zip and collector.json, or correct package.filename."
    }

    precondition {
      condition     = local.package_intact
      error_message = "lambda/dist/collector.zip is not the file that collector.json beside it describes: run `make package` and commit both."
    }

    precondition {
      condition     = local.package_fresh
      error_message = "The collector's sources have changed since lambda/dist/collector.zip was built: run `make package` and commit the result."
    }

    precondition {
      condition     = local.environment_bytes <= 4096
      error_message = "The function's environment would be larger than the 4096 bytes that Lambda takes: shorten collector.vpc.no_proxy, or other long inputs, such as bucket.prefix and bucket.state_key."
    }
  }
}

# The next tick of the schedule is the retry: a failed run is counted once, and a run that waited past its turn is dropped.
resource "aws_lambda_function_event_invoke_config" "collector" {
  function_name                = aws_lambda_function.collector.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 900

  # Lambda deletes it with the function.
  lifecycle {
    replace_triggered_by = [aws_lambda_function.collector.arn]
  }
}
