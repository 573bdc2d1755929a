output "function" {
  description = "The Lambda function: `name`, `arn`, the `environment` it runs with (no secret in it), and `code_sha256`, the SHA-256 of its package in base64, as Lambda shows it."

  value = {
    name        = aws_lambda_function.collector.function_name
    arn         = aws_lambda_function.collector.arn
    environment = local.environment
    code_sha256 = local.package_sha256
  }
}

# CloudWatch's alarms are created before those they replace are destroyed. If they depended on the function, Terraform
# would replace it in that order too, and Lambda has no two functions of one name.
output "function_name" {
  description = "The function's name, which does not wait for the function: for what only has to know the name."
  value       = local.function_name
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
