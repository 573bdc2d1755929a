# At a glance: is it alive, how fresh, how much, what does Zoom refuse. What an alarm watches is a metric; the rest comes
# from the log, by Logs Insights over the line "run ended", whose fields docs/operations.md lists.

locals {
  alarm_arns = { for concern, name in merge(local.alarm_names, { not_healthy = local.composite_name }) :
    concern => "arn:${var.account.partition}:cloudwatch:${var.account.region}:${var.account.id}:alarm:${name}"
  }

  # A metric and its dimensions, as a widget lists them.
  shown_of = { for of, metric in { collector = local.of_collector, lambda = local.of_lambda, queue = local.of_queue } :
    of => { for name in ["RunsSucceeded", "DatesOwed", "Incidents", "Errors", "Throttles", "Duration", "ApproximateNumberOfMessagesVisible"] :
      name => concat([metric.namespace, name], flatten([for dimension, value in metric.dimensions : [dimension, value]]))
    }
  }
  of_runs = "SOURCE '${var.log_group.name}' | filter message = \"run ended\" and ispresent(outcome)"

  about = <<-EOT
    ## ${var.function.name}
    Zoom's ${var.function.records}, every record once. ${var.monitoring.runbook_url == null ? "What each alarm means and what to do: **docs/operations.md** of the module." : "[Runbook: what each alarm means and what to do](${var.monitoring.runbook_url})"}

    Dates owed fall to 0 after a start or a backfill. At night there may be nothing new, so the newest record gets old without anything being wrong. Silence is ${local.recurs ? "${local.silence_minutes} minutes without a run that succeeds" : "not listened for: the schedule is off"}.
  EOT

  # Rows of widgets, each of the same height; a widget is as wide as `width` says, of 24.
  rows = [
    { height = 4, widgets = [
      { type = "text", width = 12, properties = { markdown = local.about } },
      { type = "alarm", width = 12, properties = {
        title  = "Is it healthy?"
        alarms = concat([local.alarm_arns.not_healthy], [for concern in keys(local.alarms) : local.alarm_arns[concern]])
      } },
    ] },
    { height = 4, widgets = [
      { type = "metric", width = 12, properties = {
        title  = "In this time: runs and incidents"
        region = var.account.region
        view   = "singleValue"
        metrics = [
          concat(local.shown_of.collector.RunsSucceeded, [{ stat = "Sum", label = "runs that succeeded" }]),
          concat(local.shown_of.lambda.Errors, [{ stat = "Sum", label = "runs that failed" }]),
          concat(local.shown_of.collector.Incidents, [{ stat = "Sum", label = "incidents" }]),
        ]
        setPeriodToTimeRange = true
        sparkline            = false
      } },
      { type = "metric", width = 12, properties = {
        title  = "Now: dates owed, undelivered invocations"
        region = var.account.region
        view   = "singleValue"
        period = 900
        metrics = [
          concat(local.shown_of.collector.DatesOwed, [{ stat = "Minimum", label = "dates owed" }]),
          concat(local.shown_of.queue.ApproximateNumberOfMessagesVisible, [{ stat = "Maximum", label = "undelivered invocations" }]),
        ]
        sparkline = true
      } },
    ] },
    { height = 6, widgets = [
      { type = "log", width = 12, properties = {
        title  = "The last failures and incidents, as the log has them"
        region = var.account.region
        view   = "table"
        query  = "SOURCE '${var.log_group.name}' | fields @timestamp, coalesce(failure, message, concat(\"Lambda ended the run: \", record.status)) as sentence | filter ispresent(failure) or ispresent(incident) or (type = \"platform.report\" and record.status in [\"timeout\", \"failure\"]) | sort @timestamp desc | limit 20"
      } },
      { type = "log", width = 12, properties = {
        title  = "The last runs"
        region = var.account.region
        view   = "table"
        query  = "${local.of_runs} | fields @timestamp, outcome, action, written, late, pages, owed, zoom_calls, zoom_calls_left, seconds | sort @timestamp desc | limit 20"
      } },
    ] },
    { height = 6, widgets = [
      { type = "metric", width = 12, properties = {
        title   = "Runs that succeed (left), fail or do not start (right)"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        period  = 900
        metrics = [
          concat(local.shown_of.collector.RunsSucceeded, [{ stat = "Sum", label = "succeeded" }]),
          concat(local.shown_of.lambda.Errors, [{ stat = "Sum", label = "failed", yAxis = "right" }]),
          concat(local.shown_of.lambda.Throttles, [{ stat = "Sum", label = "throttled", yAxis = "right" }]),
          concat(local.shown_of.queue.ApproximateNumberOfMessagesVisible, [{ stat = "Maximum", label = "undelivered", yAxis = "right" }]),
        ]
        yAxis = { left = { label = "runs", min = 0, showUnits = false }, right = { label = "runs", min = 0, showUnits = false } }
      } },
      { type = "log", width = 12, properties = {
        title   = "Runs that got nothing, number of runs"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats sum(strcontains(outcome, \"held up\")) as held_up, sum(strcontains(outcome, \"waiting\")) as waiting_for_credentials, sum(strcontains(outcome, \"left\")) as left_to_another by bin(1h)"
      } },
    ] },
    { height = 6, widgets = [
      { type = "metric", width = 12, properties = {
        title   = "Duration of a run: mean (left), longest and its limits (right)"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        period  = 900
        metrics = [
          concat(local.shown_of.lambda.Duration, [{ stat = "Average", label = "mean" }]),
          concat(local.shown_of.lambda.Duration, [{ stat = "Maximum", label = "longest", yAxis = "right" }]),
        ]
        yAxis = { left = { label = "ms", min = 0, showUnits = false }, right = { label = "ms", min = 0, showUnits = false } }
        annotations = { horizontal = [
          { label = "too near the timeout", value = local.slow_milliseconds, yAxis = "right" },
          { label = "timeout", value = 1000 * var.function.timeout_seconds, yAxis = "right" },
        ] }
      } },
      { type = "metric", width = 12, properties = {
        title   = "What is left to do: dates owed"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        period  = 900
        metrics = [concat(local.shown_of.collector.DatesOwed, [{ stat = "Minimum", label = "dates owed" }])]
        yAxis   = { left = { label = "dates", min = 0, showUnits = false } }
      } },
    ] },
    { height = 6, widgets = [
      { type = "log", width = 12, properties = {
        title   = "How fresh? Age of the newest record, hours"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats min(newest_record_seconds / 3600) as newest_record_hours by bin(1h)"
      } },
      { type = "log", width = 12, properties = {
        title   = "How late? The latest record that Zoom showed, hours"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats max(late_seconds / 3600) as late_hours by bin(1h)"
      } },
    ] },
    { height = 6, widgets = [
      { type = "log", width = 12, properties = {
        title   = "How much? Number of records"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats sum(written) as records, sum(late) as late_records by bin(1h)"
      } },
      { type = "log", width = 12, properties = {
        title   = "In how many objects? Number of objects, and of numbers that another run wrote first"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats sum(objects) as objects_written, sum(races_lost) as races by bin(1h)"
      } },
    ] },
    { height = 6, widgets = [
      { type = "log", width = 12, properties = {
        title   = "What does it ask Zoom for? Number of calls, pages and refusals"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats sum(zoom_calls) as calls, sum(pages) as pages_read, sum(rate_limited) as answers_429, sum(sweeps_unfinished) as sweeps_broken_off by bin(1h)"
      } },
      { type = "log", width = 12, properties = {
        title   = "What is left of Zoom's daily limit? Number of calls, of all apps"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats min(zoom_calls_left) as calls_left by bin(1h)"
      } },
    ] },
    { height = 6, widgets = [
      { type = "log", width = 24, properties = {
        title   = "What is wrong with records? Number of rows, dates and objects"
        region  = var.account.region
        view    = "timeSeries"
        stacked = false
        query   = "${local.of_runs} | stats max(unreadable_rows) as rows_set_aside, sum(expired) as dates_expired, sum(incomplete) as dates_incomplete, max(behind_markers) as objects_behind_delete_markers by bin(1h)"
      } },
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "collector" {
  dashboard_name = var.function.name

  dashboard_body = jsonencode({
    widgets = flatten([for row, of in local.rows : [for column, widget in of.widgets : merge(widget, {
      x      = sum(concat([0], [for before in slice(of.widgets, 0, column) : before.width]))
      y      = sum(concat([0], [for above in slice(local.rows, 0, row) : above.height]))
      height = of.height
    })]])
  })
}
