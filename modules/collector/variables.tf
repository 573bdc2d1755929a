variable "bucket" {
  type = object({
    name       = string
    arn        = string
    prefix     = string
    state_key  = optional(string)
    encryption = optional(string)
    lock = optional(object({
      mode = string
      days = number
    }))
  })
  description = "Where to write: the archive module's output `bucket`, or a bucket's `name` and `arn`, the records' `prefix` (ends with \"/\") and the checkpoint's `state_key` (outside the prefix; null puts it beside: of `zoom/operationlogs/` it is `zoom/operationlogs-state/state.json`); `encryption` is what each write asks S3 for (`AES256`, or with `kms_key` `aws:kms` or `aws:kms:dsse`; null leaves it to the bucket's default); `lock` is the retention of each object of records, in a bucket that has Object Lock: the `mode` GOVERNANCE or COMPLIANCE, and for how many `days`."
  nullable    = false

  validation {
    condition     = endswith(var.bucket.prefix, "/") && (var.bucket.state_key == null ? true : !startswith(var.bucket.state_key, var.bucket.prefix))
    error_message = "bucket.prefix must end with \"/\" and bucket.state_key must lie outside it, else the feed would ingest the checkpoint as a log."
  }
}

variable "feed_deletes" {
  type        = bool
  description = "Whether the feed deletes objects after reading them (deletion option ON_SUCCESS); the collector then counts deleted versions as delivered."
  default     = false
  nullable    = false
}

variable "zoom" {
  type = object({
    oauth_url           = optional(string, "https://zoom.us/oauth/token")
    api_url             = optional(string, "https://api.zoom.us/v2")
    page_size           = optional(number, 300)
    timeout_seconds     = optional(number, 30)
    lookback_days       = optional(number, 3)
    reconcile_hours     = optional(number, 12)
    start_date          = optional(string)
    credentials_version = optional(number)
  })
  description = "How Zoom is asked; see the root module's variable of this name."
  default     = {}
  nullable    = false
}

variable "zoom_credentials" {
  type = object({
    account_id    = string
    client_id     = string
    client_secret = string
  })
  description = "Zoom's Server-to-Server OAuth credentials, written once into the secret made here whenever `zoom.credentials_version` changes; never kept in plan or state."
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "secret" {
  type = object({
    existing = optional(object({
      arn     = string
      kms_key = optional(object({ arn = string }))
    }))
    name                 = optional(string, "zoom-operationlogs-credentials")
    recovery_window_days = optional(number, 30)
  })
  description = "Where Zoom's credentials lie: `existing` names a secret by ARN (and its KMS key, if it has one of its own); otherwise an empty secret is made."
  default     = {}
  nullable    = false
}

variable "collector" {
  type = object({
    function_name         = optional(string, "zoom_operationlogs_to_s3")
    role_name             = optional(string, "WriteZoomOperationLogsToS3Role")
    policy_name           = optional(string, "WriteZoomOperationLogsToS3Policy")
    architecture          = optional(string, "x86_64")
    memory_mb             = optional(number, 512)
    timeout_seconds       = optional(number, 300)
    reserved_concurrency  = optional(number)
    max_event_age_seconds = optional(number, 900)
    log_level             = optional(string, "INFO")
    log_retention_days    = optional(number, 365)
    metrics_namespace     = optional(string, "ZoomOperationLogs")
    tracing               = optional(bool, false)

    code_signing_config_arn = optional(string)

    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
      https_proxy        = optional(string)
      no_proxy           = optional(string)
      ca_bundle = optional(object({
        layer_arn = string
        path      = optional(string, "/opt/ca-bundle.pem")
      }))
    }))
  })
  description = "The Lambda function; see the root module's variable of this name."
  default     = {}
  nullable    = false
}

variable "schedule" {
  type = object({
    name                    = optional(string, "zoom-operationlogs-schedule-15min")
    role_name               = optional(string, "InvokeZoomOperationLogsRole")
    dead_letter_queue_name  = optional(string, "zoom-operationlogs-dead-letters")
    expression              = optional(string, "rate(15 minutes)")
    timezone                = optional(string, "UTC")
    enabled                 = optional(bool, true)
    flexible_window_minutes = optional(number)
    retry_attempts          = optional(number, 3)
    max_event_age_seconds   = optional(number, 600)
  })
  description = "When the function runs; see the root module's variable of this name."
  default     = {}
  nullable    = false
}

variable "package" {
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    sha256            = optional(string)
  })
  description = "Another package than the committed one: a zip file, or an object in S3 with its SHA-256 in base64; null takes lambda/dist/collector.zip."
  default     = null
}

variable "lambda_directory" {
  type        = string
  description = "The folder of the committed package and its sources, for a fork that keeps them elsewhere; null takes lambda/ of this repository."
  default     = null
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "KMS key of the bucket, which also encrypts the secret, logs, queue and environment made here; null leaves each to its service's own key."
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
  description = "Path of the roles and the policy."
  default     = "/"
  nullable    = false
}

variable "permissions_boundary_arn" {
  type        = string
  description = "Policy that bounds the roles' permissions; null sets none."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything made here that takes tags (a schedule takes none)."
  default     = {}
  nullable    = false
}
