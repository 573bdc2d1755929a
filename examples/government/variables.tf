variable "bucket_name" {
  type        = string
  description = "Name of the bucket."
  default     = "zoom-operation-logs-gov"
}

variable "region" {
  type        = string
  description = "GovCloud region."
  default     = "us-gov-west-1"

  validation {
    condition     = startswith(var.region, "us-gov-")
    error_message = "region must be a GovCloud region, such as \"us-gov-west-1\"."
  }
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the bucket with its records."
  default     = false
}
