output "secret_arns" {
  description = "ARNs of the secrets for Zoom's credentials, by report. Both may contain the credentials of one app."
  value       = { operationlogs = module.operation_logs.secret.arn, activities = module.sign_ins.secret.arn }
}

output "operation_logs" {
  description = "The outputs of the module for the operation logs, which `zoomlogs` reads."
  value       = module.operation_logs
}

output "sign_ins" {
  description = "The outputs of the module for the sign-ins, which `zoomlogs` reads."
  value       = module.sign_ins
}
