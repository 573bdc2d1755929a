output "reader" {
  description = "The reader: `mode`, and the user's or role's `name` and `arn`, `policy_arn`, `subject_id`, `tags` (the provider's `default_tags` among them), and `policy`, the JSON policy document that a reader needs; null where the mode has none."

  value = {
    mode       = var.reader.mode
    name       = one(concat(aws_iam_user.reader[*].name, aws_iam_role.reader[*].name))
    arn        = one(concat(aws_iam_user.reader[*].arn, aws_iam_role.reader[*].arn))
    policy_arn = one(aws_iam_policy.reader[*].arn)
    policy     = jsonencode({ Version = "2012-10-17", Statement = concat(local.reader_statements, local.key_statements) })
    subject_id = local.is_role ? var.reader.subject_id : null
    tags       = one(concat(aws_iam_user.reader[*].tags_all, aws_iam_role.reader[*].tags_all))
  }
}

output "feed" {
  description = "The feed in Google SecOps: `body`, `form`, `instance`, `key_secret_name`, `region_supported` and `queue`; see the root module's output `secops_feed`."

  value = {
    body             = local.body
    form             = local.form
    instance         = var.feed.instance
    key_secret_name  = local.is_user ? var.names.reader_key_secret : null
    region_supported = local.region_supported
    queue            = var.queue
  }
}
