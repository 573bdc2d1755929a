output "bucket" {
  description = "The bucket: `name`, `arn`, `prefix`, `state_key`, `uri` (what the feed reads), `created`, `break_glass_arns`, `encryption` (what each write asks for; null leaves it to the bucket's default), `lock` (the retention of an object of records; null without one), `expiration_days` (after which S3 deletes records; null if it keeps them), and `policy`, the JSON document whose statements a bucket made elsewhere should carry too."
  value       = module.archive.bucket
}

output "function" {
  description = "The Lambda function: `name`, `arn`, the `environment` it runs with (no secret in it), and `code_sha256`, the SHA-256 of its package in base64, as Lambda shows it."
  value       = module.collector.function
}

output "role" {
  description = "The function's role: `name`, `arn`, and `policy_arn` of its writer policy."
  value       = module.collector.role
}

output "schedule" {
  description = "The schedule: `name`, `arn`, `expression`, `flexible_window_minutes`, `enabled`, and the `role_name` and `role_arn` it invokes with."
  value       = module.collector.schedule
}

output "dead_letter_queue" {
  description = "The queue of invocations that could not be delivered: `name`, `arn`, `url`."
  value       = module.collector.dead_letter_queue
}

output "log_group" {
  description = "The function's log group: `name`, `arn`."
  value       = module.collector.log_group
}

output "secret" {
  description = "The secret that holds Zoom's credentials: `arn`, `created` (by this module), and its `name` if so. Its value is never here."
  value       = module.collector.secret
}

output "reader" {
  description = "Who reads for Google SecOps: `mode`, and the user's or role's `name` and `arn`, `policy_arn`, `subject_id`, `tags` (the provider's `default_tags` among them), `policy` (the JSON document of what a reader needs, whoever it is), and `access_key` where Terraform makes it (`id`, and `encrypted_secret`, base64 of a PGP message); null where the mode has none."
  value       = module.secops_reader.reader
}

output "monitoring" {
  description = "What watches: `alarms` (their names by what they watch), `composite_alarm_name` (the one that is told of), `dashboard_name`, `topic_arns` (who is told), and `topic_arn` of the topic made here (null if none is). Null with `monitoring.enabled = false`."
  value       = one(module.monitoring[*].monitoring)
}

output "secops_feed" {
  description = "The feed in Google SecOps: `body` (of Google's API, without an access key), `form` (the same for the console under SIEM Settings > Feeds: a list of `field` and `value`), `instance` (the tenant, if given), `key_secret_name` (in mode `user`, name of the secret from which `zoomlogs feed apply` takes the access key), `region_supported` (whether Google reads S3 in this region), and `queue` with source type AMAZON_SQS_V2: `name`, `arn`, `url`, and the `notification` (`events`, `filter_prefix`) that a bucket made elsewhere has to send there."
  value       = module.secops_reader.feed
}
