# The schedule, and the queue for invocations that it could not deliver. Failed runs are not in the queue: Lambda counts
# them.

locals {
  function_arn = "arn:${var.account.partition}:lambda:${var.account.region}:${var.account.id}:function:${var.names.function}"
  queue_arn    = "arn:${var.account.partition}:sqs:${var.account.region}:${var.account.id}:${var.names.dead_letter_queue}"

  scheduler_statements = [
    {
      Sid      = "InvokeCollector"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = local.function_arn
    },
    {
      Sid      = "KeepUndelivered"
      Effect   = "Allow"
      Action   = ["sqs:SendMessage"]
      Resource = local.queue_arn
    },
  ]
  scheduler_key_statements = [for key in var.kms_key[*].arn : {
    Sid       = "UseKeyForUndelivered"
    Effect    = "Allow"
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = key
    Condition = { StringLike = { "kms:ViaService" = ["sqs.${var.account.region}.${var.account.dns_suffix}"] } }
  }]
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = var.names.dead_letter_queue
  message_retention_seconds = 14 * 24 * 60 * 60 # the maximum
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  kms_master_key_id         = local.kms_key
  tags                      = var.tags
}

resource "aws_sqs_queue_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.queue_arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_iam_role" "scheduler" {
  name                 = var.names.schedule_role
  description          = "Lets EventBridge Scheduler invoke ${var.names.function}"
  path                 = var.iam_path
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  # The source is the schedule group: AWS advises against a schedule here.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = {
        "aws:SourceAccount" = var.account.id
        "aws:SourceArn"     = "arn:${var.account.partition}:scheduler:${var.account.region}:${var.account.id}:schedule-group/default"
      } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "invoke-collector"
  role   = aws_iam_role.scheduler.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.scheduler_statements })
}

resource "aws_iam_role_policy" "scheduler_key" {
  count = length(local.scheduler_key_statements)

  name   = "use-kms-key"
  role   = aws_iam_role.scheduler.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.scheduler_key_statements })
}

resource "aws_scheduler_schedule" "collector" {
  #checkov:skip=CKV_AWS_297:Its input is {}
  name                         = var.names.schedule
  description                  = "Runs ${var.names.function}"
  state                        = var.schedule.enabled ? "ENABLED" : "DISABLED"
  schedule_expression          = var.schedule.expression
  schedule_expression_timezone = var.schedule.timezone

  flexible_time_window {
    mode                      = var.schedule.flexible_window_minutes == null ? "OFF" : "FLEXIBLE"
    maximum_window_in_minutes = var.schedule.flexible_window_minutes
  }

  target {
    arn      = aws_lambda_function.collector.arn
    role_arn = aws_iam_role.scheduler.arn
    input    = jsonencode({})

    retry_policy {
      maximum_retry_attempts       = 3
      maximum_event_age_in_seconds = 600
    }

    dead_letter_config {
      arn = aws_sqs_queue.dead_letters.arn
    }
  }

  depends_on = [
    aws_iam_role_policy.scheduler,
    aws_iam_role_policy.scheduler_key,
    aws_lambda_function_event_invoke_config.collector,
  ]
}
