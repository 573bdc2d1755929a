variable "bucket_name" {
  type        = string
  description = "Name of the bucket, which must be globally unique."
  default     = "zoom-operation-logs"
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the bucket with the records of both reports."
  default     = false
}

variable "zoom" {
  type = object({
    oauth_url     = optional(string)
    api_url       = optional(string)
    lookback_days = optional(number)
    start_date    = optional(string)
  })
  description = "The module's input `zoom`, for both reports."
  default     = {}
}
