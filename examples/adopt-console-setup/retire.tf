# What the guide gave too much: these detach every managed policy but the ones listed, and destroy nothing. They come
# after the module, so that the reader has its new rights before it loses old ones.

# Not where somebody else reads as this user too: their feed would stop.
resource "aws_iam_user_policy_attachments_exclusive" "reader" {
  count = var.reader_is_shared ? 0 : 1

  user_name   = module.zoom_operation_logs.reader.name
  policy_arns = [module.zoom_operation_logs.reader.policy_arn]

  depends_on = [module.zoom_operation_logs]
}

resource "aws_iam_role_policy_attachments_exclusive" "collector" {
  role_name   = module.zoom_operation_logs.role.name
  policy_arns = [module.zoom_operation_logs.role.policy_arn]

  depends_on = [module.zoom_operation_logs]
}

# The guide's other user keeps its key, which then opens nothing. Delete both once nobody misses them.
resource "aws_iam_user_policy_attachments_exclusive" "full_access" {
  count = var.full_access_user == null ? 0 : 1

  user_name   = var.full_access_user
  policy_arns = []

  depends_on = [module.zoom_operation_logs]
}
