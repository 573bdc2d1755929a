variable "bucket_name" {
  type        = string
  description = "Name of the owner's bucket."
  default     = "security-lake"
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the owner's bucket with its objects."
  default     = false
}
