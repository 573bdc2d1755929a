output "function" {
  description = "The Lambda function: `name`, `arn`, its `environment` (which contains no secret), and `code_sha256`, the SHA-256 of its package in base64, as Lambda shows it."

  value = {
    name        = aws_lambda_function.collector.function_name
    arn         = aws_lambda_function.collector.arn
    environment = local.environment
    code_sha256 = local.package_sha256
  }
}

output "role" {
  description = "The function's role: `name`, `arn`, and `policy_arn` of its writer policy."

  value = {
    name       = aws_iam_role.collector.name
    arn        = aws_iam_role.collector.arn
    policy_arn = aws_iam_policy.writer.arn
  }
}

output "schedule" {
  description = "The schedule: `name`, `arn`, `expression`, `interval_minutes`, `flexible_window_minutes`, `enabled`, and `role_name` and `role_arn` of its role."

  value = {
    name                    = aws_scheduler_schedule.collector.name
    arn                     = aws_scheduler_schedule.collector.arn
    expression              = aws_scheduler_schedule.collector.schedule_expression
    enabled                 = var.schedule.enabled
    interval_minutes        = var.schedule.interval_minutes
    flexible_window_minutes = var.schedule.flexible_window_minutes
    role_name               = aws_iam_role.scheduler.name
    role_arn                = aws_iam_role.scheduler.arn
  }
}

output "dead_letter_queue" {
  description = "The queue for invocations that the schedule could not deliver: `name`, `arn`, `url`."

  value = {
    name = aws_sqs_queue.dead_letters.name
    arn  = aws_sqs_queue.dead_letters.arn
    url  = aws_sqs_queue.dead_letters.url
  }
}

output "log_group" {
  description = "The function's log group: `name`, `arn`."

  value = {
    name = aws_cloudwatch_log_group.collector.name
    arn  = aws_cloudwatch_log_group.collector.arn
  }
}

output "secret" {
  description = "The secret with Zoom's credentials: `arn`, whether the module `created` it, and its `name` if so. Never its value."

  value = {
    name    = one(aws_secretsmanager_secret.zoom[*].name)
    arn     = local.secret_arn
    created = var.secret.existing == null
  }
}
