variable "bucket_name" {
  type        = string
  description = "Name of the S3 bucket."
  nullable    = false
}

variable "bucket" {
  type = object({
    create                       = optional(bool, true)
    prefix                       = optional(string, "zoom/operationlogs/")
    state_key                    = optional(string)
    versioning                   = optional(bool, true)
    encryption                   = optional(string)
    force_destroy                = optional(bool, false)
    expiration_days              = optional(number)
    noncurrent_expiration_days   = optional(number, 200)
    abort_incomplete_upload_days = optional(number, 7)
    transitions = optional(list(object({
      days          = number
      storage_class = string
    })), [])
    access_logs = optional(object({
      bucket = string
      prefix = optional(string, "zoom-operation-logs/")
    }))
    lock = optional(object({
      mode = string
      days = number
    }))
    break_glass_arns  = optional(list(string), [])
    policy_statements = optional(list(string), [])
  })
  description = <<-EOT
    The bucket and what is kept in it.
    - `create`: make the bucket; `false` uses one that exists and changes nothing of it (merge the output `bucket.policy` into its policy).
    - `prefix`: where the records go, and the feed's folder; ends with "/".
    - `state_key`: the collector's checkpoint, outside `prefix`; null puts it beside: of `zoom/operationlogs/` it is `zoom/operationlogs-state/state.json`.
    - `versioning`: keep versions; for a bucket that exists, whether it does.
    - `encryption`: what the collector's writes ask S3 for: `AES256`, `aws:kms` or `aws:kms:dsse`, the last two with `kms_key`; also the default encryption of a bucket made here. Null takes `AES256` there, or `aws:kms` with `kms_key`, and asks for nothing in a bucket that exists, so that its own default holds.
    - `force_destroy`: let `terraform destroy` delete the records with the bucket.
    - `expiration_days`: delete records after so many days; null keeps them.
    - `noncurrent_expiration_days`: delete replaced or deleted versions of records after so many days.
    - `abort_incomplete_upload_days`: drop unfinished multipart uploads after so many days.
    - `transitions`: move records after `days` to the `storage_class` STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR, which are read at once, later ones after more days and 30 or more after STANDARD_IA; S3 leaves objects under 128 KB where they are.
    - `access_logs`: the `bucket` that S3 writes this one's access logs to, and their `prefix` there.
    - `lock`: S3 Object Lock: nobody deletes an object of records for `days` (a whole number) after it was written. In `mode` `GOVERNANCE` anyone with `s3:BypassGovernanceRetention` may lift that, in `COMPLIANCE` nobody may, and AWS Support neither. The checkpoint is not locked. Object Lock cannot be turned off for a bucket: without `lock` again, new objects are not locked. A bucket that exists must have Object Lock turned on. See docs/security.md.
    - `break_glass_arns`: IAM roles or users that may also put and delete records and the checkpoint, for the tasks of docs/operations.md that need it; take them out afterwards. An IAM policy must allow them too.
    - `policy_statements`: JSON policy documents whose statements the policy of a bucket made here takes in, such as the output `bucket.policy` of each further instance in this bucket.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$", var.bucket.prefix))
    error_message = "bucket.prefix must be a folder such as \"zoom/operationlogs/\": it ends with \"/\", does not begin with it, and uses only letters, digits and . _ -."
  }

  validation {
    condition     = var.bucket.state_key == null ? true : !endswith(var.bucket.prefix, "/") || !startswith(var.bucket.state_key, var.bucket.prefix)
    error_message = "bucket.state_key must lie outside bucket.prefix: the feed would ingest the checkpoint as a log, and may delete it."
  }
}

variable "writer_arn" {
  type        = string
  description = "ARN of the IAM role of the collector, which alone may put records and the checkpoint. The role need not be there yet."
  nullable    = false
}

variable "deleter_arns" {
  type        = list(string)
  description = "ARNs of the IAM roles or users that may delete records: the reader of a feed that deletes what it has read."
  default     = []
  nullable    = false
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "KMS key that encrypts the objects of a bucket made here; null means S3's own keys (SSE-S3)."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of the bucket."
  default     = {}
  nullable    = false
}
