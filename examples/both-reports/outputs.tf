output "bucket" {
  description = "The bucket's name."
  value       = module.operation_logs.bucket.name
}

output "secret_arns" {
  description = "The secrets that wait for Zoom's credentials, by report. Both may hold those of one app."
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
