variable "bucket_name" {
  type        = string
  description = "Name of the bucket."
  default     = "zoom-operation-logs"
}

variable "prefix" {
  type        = string
  description = "S3_PREFIX of the function: the folder that the feed reads; ends with \"/\"."
  default     = "zoom/operationlogs/"
}

variable "function_name" {
  type        = string
  description = "Name of the Lambda function."
  default     = "zoom_operationlogs_to_s3"
}

variable "role_name" {
  type        = string
  description = "Name of the function's role."
  default     = "WriteZoomOperationLogsToS3Role"
}

variable "writer_policy_name" {
  type        = string
  description = "Name of the policy of the role. The guide does not give a name."
}

variable "schedule_name" {
  type        = string
  description = "Name of the schedule, in the group default."
  default     = "zoom-operationlogs-schedule-15min"
}

variable "secret_name" {
  type        = string
  description = "Name of the secret into which `zoomlogs adopt` put the credentials."
  default     = "zoom-operationlogs-credentials"
}

variable "log_group_exists" {
  type        = bool
  description = "Whether the function has a log group already."
  default     = false
}

variable "reader_name" {
  type        = string
  description = "Name of the user of the feed's access key."
  default     = "secops-reader"
}

variable "reader_policy_name" {
  type        = string
  description = "Name of that user's policy."
  default     = "secops-reader-policy"
}

variable "reader_is_shared" {
  type        = bool
  description = "Whether that user has other policies, groups or access keys, which another feed may need: it then keeps its other policies. `zoomlogs adopt` detects it."
  default     = false
}

variable "full_access_user" {
  type        = string
  description = "Name of the guide's other user, which has AmazonS3FullAccess and loses every attached policy; null if there is none, or if the feed uses its key."
  default     = null

  validation {
    condition     = var.full_access_user == null || var.full_access_user != var.reader_name
    error_message = "full_access_user must not be reader_name: the reader loses AmazonS3FullAccess too, and keeps what the feed needs."
  }
}

variable "deletion_option" {
  type        = string
  description = "`ON_SUCCESS` if the feed deletes the files that it has read, else `NEVER`."
  default     = "NEVER"
}

variable "zoom" {
  type = object({
    oauth_url  = optional(string)
    api_url    = optional(string)
    start_date = optional(string)
  })
  description = "The module's input `zoom`."
  default     = {}
}

variable "force_destroy" {
  type        = bool
  description = "Let `terraform destroy` delete the bucket with its records."
  default     = false
}
