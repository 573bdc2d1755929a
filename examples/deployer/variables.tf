variable "repository" {
  type        = string
  description = "The GitHub repository of the pipeline: `ORGANISATION/REPOSITORY`."
  default     = "YOUR-ORGANISATION/YOUR-REPOSITORY"

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be ORGANISATION/REPOSITORY."
  }
}

variable "environment" {
  type        = string
  description = "The GitHub environment in which the pipeline applies; configure reviewers and a branch for it."
  default     = "production"
}

variable "names" {
  type        = map(string)
  description = "The names of docs/deployer.md that differ from the module's defaults, and `bucket_name`."
  default     = { bucket_name = "zoom-operation-logs" }
}

variable "options" {
  type        = map(string)
  description = "The options of docs/deployer.md that the pipeline's root module uses."
  default     = { tags = true }
}

variable "state" {
  type        = object({ bucket = string, key = string, kms_key_arn = optional(string) })
  description = "The state of the pipeline in S3, and its KMS key unless it is an AWS managed key; with null, the roles get no permissions for a state."
  default     = { bucket = "YOUR-STATE-BUCKET", key = "zoom-operation-logs/terraform.tfstate" }
}
