variable "bucket_name" {
  type        = string
  description = "Name of the bucket."
  default     = "zoom-operation-logs"
}

variable "cidr_block" {
  type        = string
  description = "IPv4 addresses of the VPC, at least a /26."
  default     = "10.20.30.0/24"

  validation {
    condition     = can(cidrsubnet(var.cidr_block, 2, 0)) && try(tonumber(split("/", var.cidr_block)[1]) <= 26, false)
    error_message = "cidr_block must be a block of at least /26, such as \"10.20.30.0/24\": AWS's smallest subnet is a /28."
  }
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the bucket with its records."
  default     = false
}
