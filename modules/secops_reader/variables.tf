variable "bucket" {
  type = object({
    name    = string
    prefix  = string
    created = optional(bool, false)
  })
  description = "What is read: the bucket's `name` and the feed's `prefix`, which ends with \"/\"; `created` says that the bucket is made by the same configuration, so that its notifications may be set here, and the reader may list all of it."
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
    key_secret_name     = optional(string, "zoom-operationlogs-reader-key")
    access_key          = optional(object({ pgp_key = string }))
    subject_id          = optional(string)
    federated_principal = optional(string)
    list_whole_bucket   = optional(bool, false)
    principal_arns      = optional(list(string), [])
  })
  description = <<-EOT
    Who reads.
    - `mode`: `user` (IAM user with an access key), `role` (keyless, for Google's federated identity) or `none`.
    - `name`: name of the user or the role.
    - `policy_name`: name of its policy.
    - `key_secret_name`: in mode `user`, name of the secret in which `zoomlogs reader-key` puts the access key, and from which `zoomlogs feed apply` takes it.
    - `access_key`: in mode `user`, lets Terraform make the access key, its secret encrypted with the PGP public key `pgp_key` (base64, not armoured) and so never readable in the state; null leaves it to `zoomlogs reader-key`.
    - `subject_id`: in mode `role`, the numeric subject id of the tenant's feed service account.
    - `federated_principal`: in mode `role`, the ARN of an OIDC provider for accounts.google.com where the partition does not know it by itself (GovCloud).
    - `list_whole_bucket`: with a bucket made elsewhere (`bucket.created = false`), whether the reader may list the whole bucket (true) or only its prefix (false). Set it if the feed fails with ACCESS_DENIED. The reader may always list a bucket made here, which holds nothing else.
    - `principal_arns`: in mode `none`, the IAM roles or users that a feed which deletes what it has read signs in with: the bucket's policy lets nobody else delete.
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

  validation {
    condition     = var.reader.access_key == null || var.reader.mode == "user"
    error_message = "reader.access_key is for reader.mode \"user\": a role has no access key."
  }

  validation {
    condition     = var.reader.access_key == null ? true : can(regex("^[A-Za-z0-9+/]{200,}={0,2}$", var.reader.access_key.pgp_key))
    error_message = "reader.access_key.pgp_key must be a PGP public key in base64 on one line, as `gpg --export KEY | base64` prints it, without the line breaks."
  }
}

variable "feed" {
  type = object({
    source_type       = optional(string, "AMAZON_S3_V2")
    name              = optional(string, "Zoom Operation Logs")
    deletion_option   = optional(string, "NEVER")
    max_lookback_days = optional(number, 180)
    namespace         = optional(string)
    labels            = optional(map(string), {})
    queue_name        = optional(string, "zoom-operationlogs-feed")
    instance          = optional(string)
  })
  description = <<-EOT
    The Google SecOps feed, as the outputs spell it out.
    - `source_type`: `AMAZON_S3_V2`, which lists the bucket every 15 minutes, or `AMAZON_SQS_V2`, which makes a queue that tells the feed of new objects: sooner, and without listing, as Google recommends.
    - `name`: of the feed.
    - `deletion_option`: `NEVER`, or `ON_SUCCESS` to let the feed delete what it has read (the reader then may).
    - `max_lookback_days`: maximum file age, 1 to 180.
    - `namespace`: asset namespace of the events.
    - `labels`: ingestion labels of the events.
    - `queue_name`: of the queue, after `name_prefix`.
    - `instance`: the tenant, `projects/PROJECT/locations/REGION/instances/CUSTOMER_ID`, so that the output's body is complete without the command line; null leaves it to `zoomlogs feed`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["AMAZON_S3_V2", "AMAZON_SQS_V2"], var.feed.source_type)
    error_message = "feed.source_type must be \"AMAZON_S3_V2\" or \"AMAZON_SQS_V2\"; Google's older AMAZON_S3 and AMAZON_SQS take the same objects in another way."
  }

  validation {
    condition     = contains(["NEVER", "ON_SUCCESS"], var.feed.deletion_option)
    error_message = "feed.deletion_option must be \"NEVER\" or \"ON_SUCCESS\", the two that an Amazon S3 V2 feed knows."
  }

  validation {
    condition     = alltrue([for value in values(var.feed.labels) : try(length(value), 0) > 0]) && var.feed.namespace != ""
    error_message = "feed.labels and feed.namespace must have values that are not empty: leave out what has none."
  }
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "KMS key that encrypts the bucket's objects, and the feed's queue; null if none does."
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
