# Your repository: a root module, and a pipeline that plans it and checks the plan.

# Keep the state where the pipeline can read it, such as in a bucket with versioning and a lock:
# terraform {
#   backend "s3" {
#     bucket       = "YOUR-STATE-BUCKET"
#     key          = "zoom-operation-logs/terraform.tfstate"
#     region       = "eu-west-1"
#     encrypt      = true
#     use_lockfile = true
#   }
# }

provider "aws" {
  default_tags {
    tags = {
      owner   = "security"
      service = "zoom-operation-logs"
    }
  }
}

module "zoom_operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name
  bucket      = { force_destroy = var.force_destroy }
}
