output "secret_arn" {
  description = "ARN of the secret for Zoom's credentials."
  value       = module.zoom_operation_logs.secret.arn
}

output "feed_values" {
  description = "Settings of the feed in Google SecOps, under SIEM Settings > Feeds."
  value       = module.zoom_operation_logs.secops_feed.form
}

output "zoom_operation_logs" {
  description = "All outputs of the module, which `zoomlogs` reads."
  value       = module.zoom_operation_logs
}
