# The warnings of a plan. They are not errors: someone may be subscribed in another way, a plan must not fail because time
# passes, and the others matter only to large Zoom accounts.

locals {
  # The last year of a cron expression, 0 if there is none.
  years     = try(split(" ", var.schedule.expression)[5], "*")
  last_year = can(regex("[*/]", local.years)) ? 0 : try(max([for year in regexall("[0-9]+", local.years) : tonumber(year)]...), 0)

  # Zoom's page tokens live 15 minutes, and the collector resumes from those younger than 14.
  token_minutes   = 14
  interval_shown  = try(min(local.run_gaps...), 0) # not the pauses of a cron expression
  fitting_minutes = floor(local.token_minutes + var.collector.timeout_seconds / 60)
  fitting_timeout = 60 * (local.interval_shown - local.token_minutes)
}

check "subscribers" {
  assert {
    condition     = !var.monitoring.enabled || var.monitoring.topic_arns != null || length(var.monitoring.emails) > 0
    error_message = "Nobody is subscribed to the SNS topic of the alarms: set monitoring.emails, or set monitoring.topic_arns to a topic with subscribers. With monitoring.topic_arns = [], the alarms notify nobody and this warning goes away."
  }
}

check "years" {
  assert {
    condition     = !var.schedule.enabled || local.last_year == 0 || local.last_year >= tonumber(formatdate("YYYY", plantimestamp()))
    error_message = "The last year of schedule.expression is ${local.last_year}, which is over: the schedule starts no more runs, and without a first run no alarm reports it. Set the year to \"*\"."
  }
}

check "page_tokens" {
  assert {
    condition     = !var.schedule.enabled || 60 * local.interval_shown - var.collector.timeout_seconds <= 60 * local.token_minutes
    error_message = "With a run every ${local.interval_shown} minutes (schedule.expression) of at most ${var.collector.timeout_seconds} seconds (collector.timeout_seconds), Zoom's page tokens expire before the next run can resume from them. This matters only for accounts where one date takes longer than one run: each run would start that date again. For such an account, run every ${local.fitting_minutes} minutes or more often${local.fitting_timeout > 900 ? "" : ", or set collector.timeout_seconds to ${local.fitting_timeout} or more"}."
  }
}
