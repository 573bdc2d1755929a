variable "aws_accounts" {
  type        = object({ emea = string, americas = string })
  description = "IDs of the AWS accounts."
  default     = { emea = "111122223333", americas = "444455556666" }
  nullable    = false
}

variable "deployment_role" {
  type        = string
  description = "Name of the role that Terraform assumes in each account."
  default     = "terraform"
}

variable "bucket_prefix" {
  type        = string
  description = "Beginning of the buckets' names."
  default     = "zoom-operation-logs"
}

variable "americas_zoom_accounts" {
  type        = map(object({ start_date = optional(string) }))
  description = "The Zoom accounts of the Americas, by short name, with the first day to fetch."
  default     = { north = {}, south = {} }
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the buckets with their records."
  default     = false
}
