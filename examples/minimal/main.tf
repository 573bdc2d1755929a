# The least that runs: a bucket name, and the guide's value for everything else.

provider "aws" {}

module "zoom_operation_logs" {
  # In a repository of your own, take the module from its git address, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name
  bucket      = { force_destroy = var.force_destroy }
  zoom        = var.zoom
}
