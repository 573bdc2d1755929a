output "role_arns" {
  description = "The roles for the pipeline: `plan` for pull requests, `apply` for the environment."
  value       = { for role, made in aws_iam_role.pipeline : role => made.arn }
}

output "policies" {
  description = "What each role may do, as JSON documents by what they are for."
  value       = { for role, one in local.roles : role => one.policies }
}
