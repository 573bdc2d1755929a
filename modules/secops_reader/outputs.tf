output "reader" {
  description = "Who reads: `mode`, and the user's or role's `name` and `arn`, `policy_arn`, `subject_id`, `tags` (the provider's `default_tags` among them), `policy` (the JSON document of what a reader needs, whoever it is), and `access_key` where Terraform makes it (`id`, and `encrypted_secret`, base64 of a PGP message); null where the mode has none."

  value = {
    mode       = var.reader.mode
    name       = one(concat(aws_iam_user.reader[*].name, aws_iam_role.reader[*].name))
    arn        = one(concat(aws_iam_user.reader[*].arn, aws_iam_role.reader[*].arn))
    policy_arn = one(aws_iam_policy.reader[*].arn)
    policy     = jsonencode({ Version = "2012-10-17", Statement = concat(local.reader_statements, local.key_statements) })
    subject_id = local.is_role ? var.reader.subject_id : null
    tags       = one(concat(aws_iam_user.reader[*].tags_all, aws_iam_role.reader[*].tags_all))
    access_key = one([for key in aws_iam_access_key.reader : { id = key.id, encrypted_secret = key.encrypted_secret }])
  }
}

output "feed" {
  description = "The feed in Google SecOps: `body` (of Google's API, without an access key), `form` (the same for the console: a list of `field` and `value`), `instance` (the tenant, if given), `key_secret_name` (in mode `user`, name of the secret from which `zoomlogs feed apply` takes the access key), `region_supported` (whether Google reads S3 in this region), and `queue` with source type AMAZON_SQS_V2: `name`, `arn`, `url`, and the `notification` (`events`, `filter_prefix`) that a bucket made elsewhere has to send there."

  value = {
    body            = local.body
    form            = local.form
    instance        = var.feed.instance
    key_secret_name = local.is_user ? local.key_secret_name : null

    region_supported = local.region_supported

    queue = one([for queue in aws_sqs_queue.feed : {
      name         = queue.name
      arn          = queue.arn
      url          = queue.url
      notification = local.notification
    }])
  }

  # Whoever has S3 notify the queue comes after S3 may.
  depends_on = [aws_sqs_queue_policy.feed]
}

output "bucket" {
  description = "The bucket as given, once the feed's queue is told of its new objects: what writes them takes it from here."
  value       = var.bucket

  depends_on = [aws_s3_bucket_notification.feed]
}

output "deleter_arns" {
  description = "ARNs of who may delete records: with deletion option `ON_SUCCESS` the reader, by its name alone, or `reader.principal_arns`; else nobody."
  value       = var.feed.deletion_option != "ON_SUCCESS" ? [] : local.reads ? [local.arn] : var.reader.principal_arns
}
