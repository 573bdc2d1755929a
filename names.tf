# The full names of the resources, and the ARNs that follow from them. A bucket policy can name a role by such an ARN
# before the role exists.

locals {
  # Zoom's reports by name, with what their records and feeds are called. The collector reads the same file.
  reports = jsondecode(file("${path.module}/lambda/zoom_operationlogs/reports.json"))
  report  = lookup(local.reports, var.zoom.report, { records = var.zoom.report, feed = var.zoom.report }) # a wrong name: its validation answers

  # Each report has a prefix of its own, from which its checkpoint's key follows.
  prefix = var.bucket.prefix == null ? "zoom/${var.zoom.report}/" : var.bucket.prefix

  names = merge(
    { for of, name in var.names : of => "${var.name_prefix}${name}" if of != "feed" },
    { feed = var.names.feed == null ? local.report.feed : var.names.feed, metrics_namespace = var.names.metrics_namespace },
  )

  iam_arn            = "arn:${local.account.partition}:iam::${local.account.id}"
  collector_role_arn = "${local.iam_arn}:role${var.iam_path}${local.names.function_role}"
  reader_arn         = "${local.iam_arn}:${var.reader.mode}${var.iam_path}${local.names.reader}"

  # Who may delete records: the reader of a feed that deletes what it has read.
  deleter_arns = var.feed.deletion_option != "ON_SUCCESS" ? [] : var.reader.mode == "none" ? var.reader.principal_arns : [local.reader_arn]
}
