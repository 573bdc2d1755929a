# The existing resources, one block each. Remove the block of a resource that you do not have: Terraform then creates it.
# Remove this file after the apply.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# `zoomlogs adopt` created it. Without it the plan stops here, before it shows the function's variables.
data "aws_secretsmanager_secret" "zoom" {
  name = var.secret_name
}

locals {
  policies_arn      = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:policy"
  writer_policy_arn = "${local.policies_arn}/${var.writer_policy_name}"
  reader_policy_arn = "${local.policies_arn}/${var.reader_policy_name}"
}

# The bucket. The apply sets its encryption, public access block, policy and lifecycle in any case.

import {
  to = module.zoom_operation_logs.module.archive.aws_s3_bucket.archive[0]
  id = var.bucket_name
}

import {
  to = module.zoom_operation_logs.module.archive.aws_s3_bucket_versioning.archive[0]
  id = var.bucket_name
}

# The function, with its role, its secret and its schedule.

import {
  to = module.zoom_operation_logs.module.collector.aws_iam_role.collector
  id = var.role_name
}

import {
  to = module.zoom_operation_logs.module.collector.aws_iam_policy.writer
  id = local.writer_policy_arn
}

import {
  to = module.zoom_operation_logs.module.collector.aws_iam_role_policy_attachment.writer
  id = "${var.role_name}/${local.writer_policy_arn}"
}

import {
  to = module.zoom_operation_logs.module.collector.aws_secretsmanager_secret.zoom[0]
  id = data.aws_secretsmanager_secret.zoom.arn
}

import {
  to = module.zoom_operation_logs.module.collector.aws_lambda_function.collector
  id = var.function_name
}

import {
  to = module.zoom_operation_logs.module.collector.aws_scheduler_schedule.collector
  id = "default/${var.schedule_name}"
}

# Only if the function was allowed to write logs; the guide does not allow it.
import {
  for_each = var.log_group_exists ? toset(["/aws/lambda/${var.function_name}"]) : []
  to       = module.zoom_operation_logs.module.collector.aws_cloudwatch_log_group.collector
  id       = each.value
}

# The user that reads for Google SecOps. Terraform does not manage its access key, so the feed keeps using it.

import {
  to = module.zoom_operation_logs.module.secops_reader.aws_iam_user.reader[0]
  id = var.reader_name
}

import {
  to = module.zoom_operation_logs.module.secops_reader.aws_iam_policy.reader[0]
  id = local.reader_policy_arn
}

import {
  to = module.zoom_operation_logs.module.secops_reader.aws_iam_user_policy_attachment.reader[0]
  id = "${var.reader_name}/${local.reader_policy_arn}"
}
