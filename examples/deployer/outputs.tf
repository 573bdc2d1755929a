output "role_arns" {
  description = "The roles for the pipeline: `plan` for pull requests, `apply` for the environment."
  value       = { for role, made in aws_iam_role.pipeline : role => made.arn }
}

output "policies" {
  description = "The policies of each role, as JSON documents by purpose."
  value       = { for role, one in local.roles : role => one.policies }
}
