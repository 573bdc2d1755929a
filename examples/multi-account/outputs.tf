output "secret_arns" {
  description = "ARNs of the secrets for Zoom's credentials, by Zoom account."

  value = merge(
    { emea = module.emea.secret.arn },
    { for name, instance in module.americas : name => instance.secret.arn },
  )
}

output "feed_values" {
  description = "Settings of the feeds in Google SecOps, by Zoom account."

  value = merge(
    { emea = module.emea.secops_feed.form },
    { for name, instance in module.americas : name => instance.secops_feed.form },
  )
}

output "zoom_operation_logs" {
  description = "All outputs of the instances, which `zoomlogs` reads: select one, such as with --instance zoom_operation_logs.emea."
  value       = merge({ emea = module.emea }, module.americas)
}
