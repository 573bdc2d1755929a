# The full names of the resources, and the ARNs that follow from them. A bucket policy can name a role by such an ARN
# before the role exists.

locals {
  names = merge(
    { for of, name in var.names : of => "${var.name_prefix}${name}" },
    { feed = var.names.feed, metrics_namespace = var.names.metrics_namespace },
  )

  iam_arn            = "arn:${local.account.partition}:iam::${local.account.id}"
  collector_role_arn = "${local.iam_arn}:role${var.iam_path}${local.names.function_role}"
  reader_arn         = "${local.iam_arn}:${var.reader.mode}${var.iam_path}${local.names.reader}"

  # Who may delete records: the reader of a feed that deletes what it has read.
  deleter_arns = var.feed.deletion_option != "ON_SUCCESS" ? [] : var.reader.mode == "none" ? var.reader.principal_arns : [local.reader_arn]
}
