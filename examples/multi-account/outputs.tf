output "secret_arns" {
  description = "The secrets that wait for the credentials of each Zoom account."

  value = merge(
    { emea = module.emea.secret.arn },
    { for name, instance in module.americas : name => instance.secret.arn },
  )
}

output "feed_values" {
  description = "What to enter in Google SecOps, a feed for each Zoom account."

  value = merge(
    { emea = module.emea.secops_feed.form },
    { for name, instance in module.americas : name => instance.secops_feed.form },
  )
}

output "zoom_operation_logs" {
  description = "The instances, which `zoomlogs` reads: choose one with --instance zoom_operation_logs.emea, …"
  value       = merge({ emea = module.emea }, module.americas)
}
