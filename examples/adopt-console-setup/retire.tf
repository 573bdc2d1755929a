# Removes permissions that the guide grants and nothing needs: these resources detach every managed policy except those
# listed, and delete nothing. They depend on the module, so that the reader gets its new permissions first.

# Not if another feed uses this user too: it would stop.
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

# The guide's other user keeps its key, which then has no permissions. Delete both when nothing needs them.
resource "aws_iam_user_policy_attachments_exclusive" "full_access" {
  count = var.full_access_user == null ? 0 : 1

  user_name   = var.full_access_user
  policy_arns = []

  depends_on = [module.zoom_operation_logs]
}
