# Zoom for Government into AWS GovCloud.

provider "aws" {
  region = var.region

  # Where your rules ask for it, talk to AWS by its FIPS endpoints:
  # use_fips_endpoint = true
}

module "zoom_operation_logs" {
  # In a repository of your own, take the module from its git address, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name
  bucket      = { force_destroy = var.force_destroy }

  zoom = {
    oauth_url = "https://zoomgov.com/oauth/token"
    api_url   = "https://api.zoomgov.com/v2"
  }

  # AWS knows accounts.google.com by itself in its commercial partition only: here Google reads by a user's key.
  reader = { mode = "user" }
}
