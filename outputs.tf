output "bucket" {
  description = "The bucket: `name`, `arn`, `prefix`, `state_key`, `uri` (the feed's S3 URI), whether the module `created` it, `break_glass_arns`, `encryption` (what each write asks for; null for the bucket's default), `lock` (the retention of an object of records; null without one), `expiration_days` (after which S3 deletes records; null if it keeps them, or in an existing bucket), `policy`, the JSON policy document to merge into the policy of an existing bucket, `instance`, for the input `bucket.further_instances` of the module block that creates the bucket, and whether it is `shared` with such blocks."
  value       = module.archive.bucket
}

output "function" {
  description = "The Lambda function: `name`, `arn`, its `environment` (which contains no secret), and `code_sha256`, the SHA-256 of its package in base64, as Lambda shows it."
  value       = module.collector.function
}

output "role" {
  description = "The function's IAM role: `name`, `arn`, and `policy_arn` of its policy."
  value       = module.collector.role
}

output "schedule" {
  description = "The schedule: `name`, `arn`, `expression`, `interval_minutes` (of a cron expression, the longest time between two runs), `flexible_window_minutes`, `enabled`, and `role_name` and `role_arn` of its role."
  value       = module.collector.schedule
}

output "dead_letter_queue" {
  description = "The queue for invocations that the schedule could not deliver: `name`, `arn`, `url`."
  value       = module.collector.dead_letter_queue
}

output "log_group" {
  description = "The function's log group: `name`, `arn`."
  value       = module.collector.log_group
}

output "secret" {
  description = "The secret with Zoom's credentials: `arn`, whether the module `created` it, and its `name` if so. Never its value."
  value       = module.collector.secret
}

output "reader" {
  description = "The reader for Google SecOps: `mode`, and the user's or role's `name` and `arn`, `policy_arn`, `subject_id`, `tags` (the provider's `default_tags` among them), and `policy`, the JSON policy document that a reader needs; null where the mode has none."
  value       = module.secops_reader.reader
}

output "monitoring" {
  description = "Monitoring: `alarms` (alarm names by what they watch), `composite_alarm_name`, `dashboard_name`, `topic_arns` (the topics that are notified), and `topic_arn` of the topic that the module creates, null without one. Null with `monitoring.enabled = false`."
  value       = one(module.monitoring[*].monitoring)
}

output "secops_feed" {
  description = "The feed in Google SecOps: `body` (for Google's API, without an access key), `form` (for the console under SIEM Settings > Feeds: a list of `field` and `value`), `instance`, `key_secret_name` (in mode `user`, the secret from which `zoomlogs feed apply` reads the access key), `region_supported` (whether Google reads Amazon S3 in this region), and with source type AMAZON_SQS_V2 `queue`: `name`, `arn`, `url`, and the `notification` (`events`, `filter_prefix`) to add to an existing bucket."
  value       = module.secops_reader.feed
}
