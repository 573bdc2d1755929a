output "reader" {
  description = "Who reads: `mode`, and the user's or role's `name` and `arn`, `policy_arn` and `subject_id` (null where the mode has none)."

  value = {
    mode       = var.reader.mode
    name       = one(concat(aws_iam_user.reader[*].name, aws_iam_role.reader[*].name))
    arn        = one(concat(aws_iam_user.reader[*].arn, aws_iam_role.reader[*].arn))
    policy_arn = one(aws_iam_policy.reader[*].arn)
    subject_id = local.is_role ? var.reader.subject_id : null
  }
}
