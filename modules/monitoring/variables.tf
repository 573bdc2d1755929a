# The root module passes every value and validates the inputs.

variable "monitoring" {
  type = object({
    topic_arns            = list(string)
    emails                = list(string)
    each_alarm_notifies   = bool
    silence_minutes       = number
    stalled_backlog_hours = number
    runbook_url           = string
  })
  description = "The root module's input `monitoring`."
}

variable "topic_name" {
  type        = string
  description = "Full name of the SNS topic that the module creates without `monitoring.topic_arns`."
}

variable "function" {
  type        = object({ name = string, timeout_seconds = number, metrics_namespace = string, records = string })
  description = "The collector's function: its `name`, which is also the dimension `service` of its metrics, their `metrics_namespace`, its `timeout_seconds`, and what its `records` are called."
}

variable "log_group" {
  type        = object({ name = string })
  description = "The function's log group, by its `name`. It is not part of `function`, so that the alarms do not depend on it."
}

variable "schedule" {
  type        = object({ interval_minutes = number, enabled = bool, flexible_window_minutes = number })
  description = "When the function runs: every `interval_minutes` (null if not known), within `flexible_window_minutes`, unless `enabled` is false."
}

variable "dead_letter_queue" {
  type        = object({ name = string })
  description = "The queue for invocations that the schedule could not deliver, by its `name`."
}

variable "account" {
  type        = object({ id = string, region = string, partition = string })
  description = "The account, its region and its partition."
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "The root module's input `kms_key`; with null, the topic gets a new key."
}

variable "tags" {
  type        = map(string)
  description = "Tags of all resources that support tags."
}
