# The root module passes every value and validates the inputs.

variable "bucket_name" {
  type        = string
  description = "Name of the S3 bucket."
}

variable "bucket" {
  type = object({
    create                     = bool
    prefix                     = string
    state_key                  = string
    versioning                 = bool
    encryption                 = string
    force_destroy              = bool
    expiration_days            = number
    noncurrent_expiration_days = number
    transitions                = list(object({ days = number, storage_class = string }))
    access_logs_bucket         = string
    lock                       = object({ mode = string, days = number })
    break_glass_arns           = list(string)
    policy_statements          = list(string)
    further_instances          = list(string)
  })
  description = "The root module's input `bucket`."
}

variable "queue_name" {
  type        = string
  description = "Name of the SQS queue that S3 notifies of new records; null for a feed that lists the bucket."
}

variable "writer_arn" {
  type        = string
  description = "ARN of the collector's IAM role, the only principal that may put records and the checkpoint. The role need not exist yet."
}

variable "deleter_arns" {
  type        = list(string)
  description = "ARNs of the IAM roles or users that may delete records."
}

variable "account" {
  type        = object({ id = string, region = string, partition = string })
  description = "The account, its region and its partition."
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "The root module's input `kms_key`."
}

variable "tags" {
  type        = map(string)
  description = "Tags of all resources."
}
