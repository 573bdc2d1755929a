# Operation logs and sign-ins of one Zoom account, side by side in one bucket: a module block for each report.

provider "aws" {}

# This block creates the bucket. A bucket has one policy, one set of lifecycle rules and one notification configuration,
# so this block writes those of both.
module "operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name

  bucket = {
    force_destroy     = var.force_destroy
    further_instances = [module.sign_ins.bucket.instance]
  }

  zoom = var.zoom
}

# This block has the bucket's name as text: a reference to the first block's output would be a cycle. Its records are
# under zoom/activities/, and name_prefix gives its function, role, schedule and secret other names.
module "sign_ins" {
  source = "../.."

  name_prefix = "sign-ins-"
  bucket_name = var.bucket_name
  bucket      = { create = false, encryption = "AES256" } # the default of the first block; remove it with kms_key

  zoom = merge(var.zoom, { report = "activities" })
}
