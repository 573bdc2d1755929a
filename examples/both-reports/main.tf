# Operation logs and sign-ins of one Zoom account, side by side in one bucket: a module block for each report.

provider "aws" {}

# This block creates the bucket. A bucket has one policy, one set of lifecycle rules and one notification configuration,
# so the block writes those of both.
module "operation_logs" {
  # In a repository of your own, take the module from its git address, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name

  bucket = {
    force_destroy     = var.force_destroy
    further_instances = [module.sign_ins.bucket.instance]
  }

  zoom = var.zoom
}

# The second block names the bucket as text: taken from the first block's output, it would make a cycle. Its records lie
# under zoom/activities/, and name_prefix keeps its function, role, schedule and secret apart from those of the first.
module "sign_ins" {
  source = "../.."

  name_prefix = "sign-ins-"
  bucket_name = var.bucket_name
  bucket      = { create = false, encryption = "AES256" } # as the first block has it by default

  zoom = merge(var.zoom, { report = "activities" })
}
