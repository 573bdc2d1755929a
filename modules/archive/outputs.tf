output "bucket" {
  description = "The bucket: `name`, `arn`, `prefix`, `state_key`, `uri` (what a feed reads), `created`, `break_glass_arns`, `encryption` (what each write asks for; null leaves it to the bucket's default), `lock` (the retention of an object of records; null without one), `expiration_days` (after which S3 deletes records; null if it keeps them), and `policy`, the JSON document whose statements a bucket made elsewhere should carry too."

  value = {
    name      = var.bucket.create ? aws_s3_bucket.archive[0].bucket : var.bucket_name
    arn       = local.bucket_arn
    prefix    = var.bucket.prefix
    state_key = local.state_key
    uri       = "s3://${var.bucket_name}/${var.bucket.prefix}"
    created   = var.bucket.create

    encryption = local.encryption
    lock       = var.bucket.lock
    policy     = local.policy

    expiration_days = var.bucket.create ? var.bucket.expiration_days : null

    break_glass_arns = var.bucket.break_glass_arns
  }

  # Nobody writes before the bucket keeps versions, refuses overwriting and takes locks.
  depends_on = [
    aws_s3_bucket_object_lock_configuration.archive,
    aws_s3_bucket_policy.archive,
    aws_s3_bucket_versioning.archive,
  ]
}
