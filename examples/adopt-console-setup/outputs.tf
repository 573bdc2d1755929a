output "bucket" {
  description = "The bucket's name."
  value       = module.zoom_operation_logs.bucket.name
}

output "function_name" {
  description = "The Lambda function's name."
  value       = module.zoom_operation_logs.function.name
}

output "schedule_name" {
  description = "The schedule's name."
  value       = module.zoom_operation_logs.schedule.name
}

output "secret_arn" {
  description = "The secret with Zoom's credentials."
  value       = module.zoom_operation_logs.secret.arn
}

output "feed_values" {
  description = "What to enter under SIEM Settings > Feeds in Google SecOps."
  value       = module.zoom_operation_logs.secops_feed.form
}

output "zoom_operation_logs" {
  description = "All that the module tells, which `zoomlogs` reads."
  value       = module.zoom_operation_logs
}
