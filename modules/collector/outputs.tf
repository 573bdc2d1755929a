output "function" {
  description = "The Lambda function: `name`, `arn`, and the `environment` it runs with (no secret in it)."

  value = {
    name        = aws_lambda_function.collector.function_name
    arn         = aws_lambda_function.collector.arn
    environment = local.environment
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

output "principal_arn" {
  description = "The role's ARN, from its name alone: a bucket's policy can name the role before it is there."
  value       = "arn:${local.partition}:iam::${local.account}:role${var.iam_path}${var.name_prefix}${var.collector.role_name}"
}

output "schedule" {
  description = "The schedule: `name`, `arn`, `expression`, `flexible_window_minutes`, `enabled`, and the `role_name` and `role_arn` it invokes with."

  value = {
    name                    = aws_scheduler_schedule.collector.name
    arn                     = aws_scheduler_schedule.collector.arn
    expression              = aws_scheduler_schedule.collector.schedule_expression
    enabled                 = var.schedule.enabled
    flexible_window_minutes = var.schedule.flexible_window_minutes
    role_name               = aws_iam_role.scheduler.name
    role_arn                = aws_iam_role.scheduler.arn
  }
}

output "dead_letter_queue" {
  description = "The queue of invocations that could not be delivered: `name`, `arn`, `url`."

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
  description = "The secret that holds Zoom's credentials: `arn`, `created` (by this module), and its `name` if so. Its value is never here."

  value = {
    name    = one(aws_secretsmanager_secret.zoom[*].name)
    arn     = local.secret_arn
    created = var.secret.existing == null
  }
}
