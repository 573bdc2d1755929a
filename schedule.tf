# The schedule expressions that EventBridge Scheduler accepts, and the interval between two runs.

locals {
  # For each field of a cron expression, the form of its values and of its steps.
  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
  cron_forms = {
    minutes      = ["[0-5]?[0-9]", "(?:[1-9]|[1-5][0-9])"]
    hours        = ["(?:[01]?[0-9]|2[0-3])", "(?:[1-9]|1[0-9]|2[0-3])"]
    day_of_month = ["(?:0?[1-9]|[12][0-9]|3[01])", "(?:[1-9]|[12][0-9]|3[01])"]
    month        = ["(?:0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)", "(?:[1-9]|1[0-2])"]
    year         = ["(?:19[7-9][0-9]|2[01][0-9]{2})", "[1-9][0-9]?"]
  }
  # `*`, or a list of values and ranges; each of these may have a step, such as */15, 8-18/2 or 0/20.
  cron_item  = { for field, form in local.cron_forms : field => "${form[0]}(?:-${form[0]})?(?:/${form[1]})?" }
  cron_field = { for field, form in local.cron_forms : field => "(?:\\*(?:/${form[1]})?|${local.cron_item[field]}(?:,${local.cron_item[field]})*)" }

  # The last day (L), the weekday nearest to a day (15W); the last Friday (6L), the second Tuesday (3#2). Weekdays have no steps.
  weekday         = "(?:[1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
  cron_of_month   = "(?:${local.cron_field.day_of_month}|L|${local.cron_forms.day_of_month[0]}W)"
  cron_of_week    = "(?:\\*|${local.weekday}(?:-${local.weekday})?(?:,${local.weekday}(?:-${local.weekday})?)*|${local.weekday}?L|${local.weekday}#[1-5])"
  cron_days       = "(?:${local.cron_of_month} ${local.cron_field.month} \\?|\\? ${local.cron_field.month} ${local.cron_of_week})"
  cron_expression = "^cron\\(${local.cron_field.minutes} ${local.cron_field.hours} ${local.cron_days} ${local.cron_field.year}\\)$"
  rate_expression = "^rate\\(([1-9][0-9]*) (minute|hour|day)s?\\)$"

  rate         = try(regex(local.rate_expression, var.schedule.expression), null)
  rate_minutes = local.rate == null ? null : tonumber(local.rate[0]) * { minute = 1, hour = 60, day = 1440 }[local.rate[1]]

  # monitoring.silence_minutes is three intervals of a cron expression. Without it the interval is not known.
  cron_minutes     = var.monitoring.silence_minutes == null ? null : max(1, floor(var.monitoring.silence_minutes / 3))
  interval_minutes = startswith(var.schedule.expression, "cron(") ? local.cron_minutes : local.rate_minutes
}
