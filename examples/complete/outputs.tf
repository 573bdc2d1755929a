output "zoom_operation_logs" {
  description = "Everything that the module tells."
  value       = module.zoom_operation_logs
}

output "feed_values" {
  description = "What to enter under SIEM Settings > Feeds in Google SecOps."
  value       = module.zoom_operation_logs.secops_feed.form
}
