# Adopts a set-up that was made by hand after the written guide, with its names. imports.tf has the existing resources,
# retire.tf removes permissions that the guide grants and nothing needs.

provider "aws" {}

module "zoom_operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name

  bucket = {
    prefix        = var.prefix
    force_destroy = var.force_destroy
  }

  names = {
    function        = var.function_name
    function_role   = var.role_name
    function_policy = var.writer_policy_name
    schedule        = var.schedule_name
    secret          = var.secret_name
    reader          = var.reader_name
    reader_policy   = var.reader_policy_name
  }

  zoom = var.zoom
  feed = { deletion_option = var.deletion_option }
}
