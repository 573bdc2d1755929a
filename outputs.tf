output "bucket" {
  description = "The bucket: `name`, `arn`, `prefix`, `state_key`, `uri` (what the feed reads), `created`, and `policy`, the JSON document whose statements a bucket made elsewhere should carry too."
  value       = module.archive.bucket
}

output "function" {
  description = "The Lambda function: `name`, `arn`, and the `environment` it runs with (no secret in it)."
  value       = module.collector.function
}

output "role" {
  description = "The function's role: `name`, `arn`, and `policy_arn` of its writer policy."
  value       = module.collector.role
}

output "schedule" {
  description = "The schedule: `name`, `arn`, `expression`, `enabled`, and the `role_name` and `role_arn` it invokes with."
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
  description = "Who reads for Google SecOps: `mode`, and the user's or role's `name` and `arn`, `policy_arn` and `subject_id` (null where the mode has none)."
  value       = module.secops_reader.reader
}

output "monitoring" {
  description = "What watches: `alarm_names`, `alarms` (their names by what they watch), `composite_alarm_name` (the one that is told of), `dashboard_name`, `topic_arns` (who is told), and `topic_arn` of the topic made here (null if none is). Null with `monitoring.enabled = false`."
  value       = one(module.monitoring[*].monitoring)
}

output "secops_feed_values" {
  description = "What to enter under SIEM Settings > Feeds, in the order of the form: a list of `field` and `value`."

  value = concat(
    [
      { field = "Feed name", value = var.feed.name },
      { field = "Source type", value = "Amazon S3 V2" },
      { field = "Log type", value = "Zoom Operation Logs (ZOOM_OPERATION_LOGS)" },
      { field = "S3 URI", value = module.archive.bucket.uri },
      { field = "Source deletion option", value = local.feed_deletes ? "Delete transferred files and empty directories (ON_SUCCESS)" : "Never delete files (NEVER)" },
      { field = "Maximum file age (days)", value = tostring(var.feed.max_lookback_days) },
    ],
    local.feed_authentication,
    [
      { field = "Asset namespace", value = coalesce(var.feed.namespace, "(none)") },
      { field = "Ingestion labels", value = coalesce(join(", ", [for key, value in var.feed.labels : "${key}=${value}"]), "(none)") },
    ],
  )
}
