variable "bucket_name" {
  type        = string
  description = "Name of the bucket; the buckets for access logs and packages are named after it."
  default     = "zoom-operation-logs"
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the buckets with what is in them."
  default     = false
}

variable "zoom" {
  type = object({
    oauth_url  = optional(string, "https://zoom.us/oauth/token")
    api_url    = optional(string, "https://api.zoom.us/v2")
    start_date = optional(string)
  })
  description = "Zoom's addresses, and the first day to fetch: YYYY-MM-DD, at most six months back."
  default     = {}
  nullable    = false
}

variable "zoom_credentials" {
  type        = object({ account_id = string, client_id = string, client_secret = string })
  description = "Credentials of the Zoom app, when they shall be written; together with `credentials_version`."
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "credentials_version" {
  type        = number
  description = "1 when the credentials are first written, one more at each change; null once they lie in the secret."
  default     = null
}

variable "secops_subject_id" {
  type        = string
  description = "Subject id of the Google identity that reads the feed."
  default     = "012345678901234567890"
}

variable "package_file" {
  type        = string
  description = "The package that is put into the bucket for packages."
  default     = "../../lambda/dist/collector.zip"
}

variable "alarm_emails" {
  type        = list(string)
  description = "Who is told when something is wrong; each has to confirm."
  default     = ["soc@example.com"]
}
