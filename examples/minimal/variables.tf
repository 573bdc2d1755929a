variable "bucket_name" {
  type        = string
  description = "Name of the bucket; S3 wants it unique in the world, so yours will differ from the guide's."
  default     = "zoom-operation-logs"
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the bucket with the records in it."
  default     = false
}

variable "zoom" {
  type = object({
    oauth_url       = optional(string)
    api_url         = optional(string)
    timeout_seconds = optional(number)
    lookback_days   = optional(number)
    reconcile_hours = optional(number)
    start_date      = optional(string)
  })
  description = "How Zoom is asked, where it differs from the module's defaults: other addresses, the first day to fetch, …"
  default     = {}
}
