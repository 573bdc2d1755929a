output "bucket" {
  description = "The bucket, for its writers: its names and settings; `policy`, the JSON policy document to merge into the policy of an existing bucket; and `instance`, for the input `bucket.further_instances` of the instance that creates the bucket."

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
    shared     = length(local.further) > 0

    # Everything that the instance that creates the bucket needs, as one element of a list.
    instance = jsonencode({
      arn          = local.bucket_arn
      account_id   = var.account.id
      prefix       = var.bucket.prefix
      state_key    = local.state_key
      policy       = local.policy
      writer_arn   = var.writer_arn
      notification = local.notifies ? merge(local.notification, { queue_arn = local.queue_arn }) : null
    })

    expiration_days = var.bucket.create ? var.bucket.expiration_days : null

    break_glass_arns = var.bucket.break_glass_arns
  }

  # Writers wait until the bucket keeps versions, denies overwrites, accepts locks, and notifies the feed's queue.
  depends_on = [
    aws_s3_bucket_notification.feed,
    aws_s3_bucket_object_lock_configuration.archive,
    aws_s3_bucket_policy.archive,
    aws_s3_bucket_versioning.archive,
    aws_sqs_queue_policy.feed, # S3 rejects a notification to a queue that does not allow it
  ]
}

output "queue" {
  description = "The queue with notifications of new records: `name`, `arn`, `url`, and the `notification` (`events`, `filter_prefix`) to add to an existing bucket; null without one."

  value = one([for queue in aws_sqs_queue.feed : {
    name         = var.queue_name
    arn          = local.queue_arn # known at plan
    url          = queue.url
    notification = local.notification
  }])

  # S3 can notify the queue only once the queue's policy allows it.
  depends_on = [aws_sqs_queue_policy.feed]
}
