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
