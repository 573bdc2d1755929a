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

  collector = {
    function_name = var.function_name
    role_name     = var.role_name
    policy_name   = var.writer_policy_name
  }

  schedule = { name = var.schedule_name }
  secret   = { name = var.secret_name }
  zoom     = var.zoom
  feed     = { deletion_option = var.deletion_option }

  reader = {
    name        = var.reader_name
    policy_name = var.reader_policy_name
  }
}
