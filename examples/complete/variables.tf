variable "bucket_name" {
  type        = string
  description = "Name of the bucket, and the beginning of the names of the buckets for access logs and packages."
  default     = "zoom-operation-logs"
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the buckets with their objects."
  default     = false
}

variable "zoom_credentials" {
  type        = object({ account_id = string, client_id = string, client_secret = string })
  description = "Credentials of the Zoom app, to write them; together with `credentials_version`."
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "credentials_version" {
  type        = number
  description = "1 to write the credentials for the first time, one more at each change; null after that."
  default     = null
}

variable "secops_subject_id" {
  type        = string
  description = "Subject ID of the feed's Google identity."
  default     = "012345678901234567890"
}

variable "package_file" {
  type        = string
  description = "The package for the bucket for packages."
  default     = "../../lambda/dist/collector.zip"
}

variable "alarm_emails" {
  type        = list(string)
  description = "Email addresses for the alarms; each has to confirm."
  default     = ["soc@example.com"]
}
