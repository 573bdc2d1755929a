# The root module passes every value and validates the inputs.

variable "bucket" {
  type = object({
    name       = string
    arn        = string
    prefix     = string
    state_key  = string
    encryption = string
    lock       = object({ mode = string, days = number })
  })
  description = "The archive module's output `bucket`."
}

variable "own_break_glass" {
  type        = set(string)
  description = "Those of `bucket.break_glass_arns` that are principals of the module itself, which is an error."
}

variable "feed_deletes" {
  type        = bool
  description = "Whether the feed deletes objects after reading them (`feed.deletion_option` `ON_SUCCESS`). The collector then treats deleted versions as delivered."
}

variable "zoom" {
  type = object({
    report            = string
    records           = string
    oauth_url         = string
    api_url           = string
    allow_other_hosts = bool
    page_size         = number
    timeout_seconds   = number
    lookback_days     = number
    reconcile_hours   = number
    start_date        = string
  })
  description = "The root module's input `zoom`, with the name of the `records` of its report."
}

variable "zoom_credentials" {
  type        = object({ account_id = string, client_id = string, client_secret = string })
  description = "The root module's input `zoom_credentials`."
  ephemeral   = true
  sensitive   = true
}

variable "secret" {
  type = object({
    existing             = object({ arn = string, kms_key = object({ arn = string }) })
    credentials_version  = number
    recovery_window_days = number
  })
  description = "The root module's input `secret`."
}

variable "collector" {
  type = object({
    architecture            = string
    memory_mb               = number
    timeout_seconds         = number
    reserved_concurrency    = number
    log_level               = string
    log_retention_days      = number
    tracing                 = bool
    code_signing_config_arn = string

    vpc = object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
      https_proxy        = string
      no_proxy           = string
      ca_bundle          = object({ layer_arn = string, path = string })
    })
  })
  description = "The root module's input `collector`."
}

variable "schedule" {
  type = object({
    expression              = string
    interval_minutes        = number
    timezone                = string
    enabled                 = bool
    flexible_window_minutes = number
  })
  description = "The root module's input `schedule`, with its `interval_minutes`, null if not known."
}

variable "package" {
  type = object({
    filename          = string
    s3_bucket         = string
    s3_key            = string
    s3_object_version = string
    sha256            = string
  })
  description = "The root module's input `package`."
}

variable "lambda_directory" {
  type        = string
  description = "The folder with the committed package and its sources."
}

variable "names" {
  type = object({
    function          = string
    function_role     = string
    function_policy   = string
    schedule          = string
    schedule_role     = string
    dead_letter_queue = string
    secret            = string
    metrics_namespace = string
  })
  description = "Full names of the resources."
}

variable "account" {
  type        = object({ id = string, region = string, partition = string, dns_suffix = string })
  description = "The account, its region and its partition."
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "The root module's input `kms_key`."
}

variable "iam_path" {
  type        = string
  description = "Path of the roles and the policy."
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the permissions boundary of the roles; null for none."
}

variable "tags" {
  type        = map(string)
  description = "Tags of all resources that support tags; a schedule does not."
}
