# Zoom for Government into AWS GovCloud.

provider "aws" {
  region = var.region

  # If your rules require it, use the FIPS endpoints of AWS:
  # use_fips_endpoint = true
}

module "zoom_operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name
  bucket      = { force_destroy = var.force_destroy }

  zoom = {
    oauth_url = "https://zoomgov.com/oauth/token"
    api_url   = "https://api.zoomgov.com/v2"
  }

  # accounts.google.com is built into the AWS partition "aws" only: in GovCloud, Google reads with a user's access key.
  reader = { mode = "user" }
}
