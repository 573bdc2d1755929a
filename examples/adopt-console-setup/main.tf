# The set-up that somebody made by hand after the written guide, taken over as it stands: its names are the module's.
# imports.tf says what is there already, retire.tf takes away what the guide gave too much.

provider "aws" {}

module "zoom_operation_logs" {
  # In a repository of your own, take the module from its git address, at a version:
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
