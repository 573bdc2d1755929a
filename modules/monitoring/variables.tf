variable "monitoring" {
  type = object({
    topic_arns             = optional(list(string))
    topic_name             = optional(string, "zoom-operationlogs-alarms")
    emails                 = optional(list(string), [])
    each_alarm_notifies    = optional(bool, false)
    silence_minutes        = optional(number)
    behind_hours           = optional(number, 24)
    failed_runs_per_hour   = optional(number, 2)
    timeout_margin_seconds = optional(number, 5)
  })
  description = <<-EOT
    Who is told, and when.
    - `topic_arns`: SNS topics that are told; null makes one, an empty list tells nobody.
    - `topic_name`: of the topic made here, after `name_prefix`.
    - `emails`: addresses subscribed to the topic made here; each has to confirm.
    - `each_alarm_notifies`: tell of each alarm, not only of the one that sums up what lasts and of what happened once.
    - `silence_minutes`: how long without a run that succeeds is silence, 15 to 10080; null takes three intervals, the flexible window, the function's timeout and five minutes.
    - `behind_hours`: how long dates may be owed without getting fewer, 2 to 144.
    - `failed_runs_per_hour`: how many runs of an hour may fail or near their timeout before it is an alarm, 1 to 12; one where an hour has no two runs.
    - `timeout_margin_seconds`: how near to its timeout a run is too near, 1 to 15.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = length(coalesce(var.monitoring.topic_arns, [])) <= 5
    error_message = "monitoring.topic_arns must be at most 5: an alarm tells no more."
  }

  validation {
    condition     = length(var.monitoring.emails) == 0 || var.monitoring.topic_arns == null
    error_message = "monitoring.emails are subscribed to the topic made here: leave them out beside monitoring.topic_arns, and subscribe them to your topic."
  }
}

variable "function" {
  type = object({
    name              = string
    timeout_seconds   = number
    metrics_namespace = string
  })
  description = "The collector's function: its `name`, which is also the dimension `service` of its metrics, their `metrics_namespace`, and its `timeout_seconds`."
  nullable    = false
}

variable "schedule" {
  type = object({
    interval_minutes        = number
    enabled                 = optional(bool, true)
    flexible_window_minutes = optional(number)
  })
  description = "When the function runs: every `interval_minutes` (null if it runs once), within `flexible_window_minutes`, unless `enabled` is false."
  nullable    = false
}

variable "dead_letter_queue" {
  type        = object({ name = string })
  description = "The queue of invocations that could not be delivered, by its `name`."
  nullable    = false
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "KMS key that encrypts the topic made here; its key policy must let cloudwatch.amazonaws.com use it. Null makes a key that does."
  default     = null
}

variable "name_prefix" {
  type        = string
  description = "Goes before the topic's name; the alarms and the dashboard begin with the function's."
  default     = ""
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything made here that takes tags."
  default     = {}
  nullable    = false
}
