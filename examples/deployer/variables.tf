variable "repository" {
  type        = string
  description = "The repository on GitHub whose pipeline it is: `ORGANISATION/REPOSITORY`."
  default     = "YOUR-ORGANISATION/YOUR-REPOSITORY"

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "repository must be ORGANISATION/REPOSITORY."
  }
}

variable "environment" {
  type        = string
  description = "The environment on GitHub from which the pipeline applies; give it reviewers and a branch."
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
  description = "Where the pipeline keeps its state in S3, and the KMS key that encrypts it there, if it is not one of AWS's; null gives no right on it."
  default     = { bucket = "YOUR-STATE-BUCKET", key = "zoom-operation-logs/terraform.tfstate" }
}
