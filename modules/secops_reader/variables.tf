variable "bucket" {
  type = object({
    name   = string
    prefix = string
  })
  description = "What is read: the bucket's `name` and the feed's `prefix`, which ends with \"/\"."
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$", var.bucket.prefix))
    error_message = "bucket.prefix must be a folder such as \"zoom/operationlogs/\": it ends with \"/\", or the reader could list and read its neighbours too."
  }
}

variable "reader" {
  type = object({
    mode                = optional(string, "user")
    name                = optional(string, "secops-reader")
    policy_name         = optional(string, "secops-reader-policy")
    subject_id          = optional(string)
    federated_principal = optional(string)
  })
  description = <<-EOT
    Who reads.
    - `mode`: `user` (IAM user; make its access key outside Terraform), `role` (keyless, for Google's federated identity) or `none`.
    - `name`: name of the user or the role.
    - `policy_name`: name of its policy.
    - `subject_id`: in mode `role`, the numeric subject id of the tenant's feed service account.
    - `federated_principal`: in mode `role`, the ARN of an OIDC provider for accounts.google.com where the partition does not know it by itself (GovCloud, China).
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["user", "role", "none"], var.reader.mode)
    error_message = "reader.mode must be \"user\", \"role\" or \"none\"."
  }

  validation {
    condition     = var.reader.mode != "role" || can(regex("^[0-9]+$", var.reader.subject_id))
    error_message = "reader.mode \"role\" needs reader.subject_id, the digits that name your SecOps tenant's feed service account; without it any Google account could assume the role."
  }
}

variable "feed_deletes" {
  type        = bool
  description = "Whether the feed deletes objects after reading them (deletion option ON_SUCCESS) and so needs s3:DeleteObject."
  default     = false
  nullable    = false
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "KMS key that encrypts the bucket's objects; null if none does."
  default     = null
}

variable "name_prefix" {
  type        = string
  description = "Goes before every name made here."
  default     = ""
  nullable    = false
}

variable "iam_path" {
  type        = string
  description = "Path of the user or role and its policies."
  default     = "/"
  nullable    = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Policy that bounds the user's or role's permissions; null sets none."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything made here."
  default     = {}
  nullable    = false
}
