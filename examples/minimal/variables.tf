variable "bucket_name" {
  type        = string
  description = "Name of the bucket, which must be globally unique."
  default     = "zoom-operation-logs"
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the bucket with its records."
  default     = false
}

variable "zoom" {
  type = object({
    oauth_url       = optional(string)
    api_url         = optional(string)
    page_size       = optional(number)
    timeout_seconds = optional(number)
    lookback_days   = optional(number)
    reconcile_hours = optional(number)
    start_date      = optional(string)
  })
  description = "Attributes of the module's input `zoom`. Terraform ignores others."
  default     = {}
}
