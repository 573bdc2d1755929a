# The dashboard: is it alive, how fresh, how much, what does Zoom refuse. Alarms have metrics; the rest comes from Logs
# Insights queries of the line "run ended". docs/operations.md lists its fields.

locals {
  alarm_arns = { for concern, name in merge(local.alarm_names, { not_healthy = local.composite_name }) :
    concern => "arn:${var.account.partition}:cloudwatch:${var.account.region}:${var.account.id}:alarm:${name}"
  }

  # A metric and its dimensions, in the form of a widget.
  shown_of = { for of, metric in { collector = local.of_collector, lambda = local.of_lambda, queue = local.of_queue } :
    of => { for name in ["RunsSucceeded", "DatesOwed", "Incidents", "Errors", "Throttles", "Duration", "ApproximateNumberOfMessagesVisible"] :
      name => concat([metric.namespace, name], flatten([for dimension, value in metric.dimensions : [dimension, value]]))
    }
  }
  of_runs = "SOURCE '${var.log_group.name}' | filter message = \"run ended\" and ispresent(outcome)"

  about = <<-EOT
    ## ${var.function.name}
    Zoom's ${var.function.records}, every record once. ${var.monitoring.runbook_url == null ? "What each alarm means and what to do: **docs/operations.md** of the module." : "[Runbook: what each alarm means and what to do](${var.monitoring.runbook_url})"}

    Dates owed fall to 0 after a start or a backfill. At night there may be nothing new, so an old newest record need not be a problem. ${local.recurs ? "Silence is ${local.silence_minutes} minutes without a successful run." : "Silence is not monitored: the schedule is off."}
  EOT

  # The properties that widgets of one kind share.
  numbers = { region = var.account.region, view = "singleValue" }
  table   = { region = var.account.region, view = "table" }
  graph   = { region = var.account.region, view = "timeSeries", stacked = false }

  # Graphs of the log: the title, and what Logs Insights computes for each hour.
  log_graphs = [for title_and_stats in [
    ["Runs that got nothing, number of runs", "sum(strcontains(outcome, \"held up\")) as held_up, sum(strcontains(outcome, \"waiting\")) as waiting_for_credentials, sum(strcontains(outcome, \"left\")) as left_to_another"],
    ["How fresh? Age of the newest record, hours", "min(newest_record_seconds / 3600) as newest_record_hours"],
    ["How late? The latest record that Zoom showed, hours", "max(late_seconds / 3600) as late_hours"],
    ["How much? Number of records", "sum(written) as records, sum(late) as late_records"],
    ["In how many objects? Number of objects, and of numbers that another run wrote first", "sum(objects) as objects_written, sum(races_lost) as races"],
    ["Requests to Zoom: number of calls, pages and refusals", "sum(zoom_calls) as calls, sum(pages) as pages_read, sum(rate_limited) as answers_429, sum(sweeps_unfinished) as sweeps_broken_off"],
    ["What is left of Zoom's daily limit? Number of calls, of all apps", "min(zoom_calls_left) as calls_left"],
    ["What is wrong with records? Number of rows, dates and objects", "max(unreadable_rows) as rows_set_aside, sum(expired) as dates_expired, sum(incomplete) as dates_incomplete, max(behind_markers) as objects_behind_delete_markers"],
    ] : {
    type = "log"
    properties = merge(local.graph, {
      title = title_and_stats[0]
      query = "${local.of_runs} | stats ${title_and_stats[1]} by bin(1h)"
    })
  }]

  # Rows of widgets from top to bottom. The widgets of a row have the same height and share its width.
  rows = concat(
    [
      { height = 4, widgets = [
        { type = "text", properties = { markdown = local.about } },
        { type = "alarm", properties = {
          title  = "Is it healthy?"
          alarms = concat([local.alarm_arns.not_healthy], [for concern in keys(local.alarms) : local.alarm_arns[concern]])
        } },
      ] },
      { height = 4, widgets = [
        { type = "metric", properties = merge(local.numbers, {
          title = "In this time range: runs and incidents"
          metrics = [
            concat(local.shown_of.collector.RunsSucceeded, [{ stat = "Sum", label = "runs that succeeded" }]),
            concat(local.shown_of.lambda.Errors, [{ stat = "Sum", label = "runs that failed" }]),
            concat(local.shown_of.collector.Incidents, [{ stat = "Sum", label = "incidents" }]),
          ]
          setPeriodToTimeRange = true
          sparkline            = false
        }) },
        { type = "metric", properties = merge(local.numbers, {
          title  = "Now: dates owed, undelivered invocations"
          period = 900
          metrics = [
            concat(local.shown_of.collector.DatesOwed, [{ stat = "Minimum", label = "dates owed" }]),
            concat(local.shown_of.queue.ApproximateNumberOfMessagesVisible, [{ stat = "Maximum", label = "undelivered invocations" }]),
          ]
          sparkline = true
        }) },
      ] },
      { height = 6, widgets = [
        { type = "log", properties = merge(local.table, {
          title = "Latest failures and incidents"
          query = "SOURCE '${var.log_group.name}' | fields @timestamp, coalesce(failure, message, concat(\"Lambda ended the run: \", record.status)) as sentence | filter ispresent(failure) or ispresent(incident) or (type = \"platform.report\" and record.status in [\"timeout\", \"failure\"]) | sort @timestamp desc | limit 20"
        }) },
        { type = "log", properties = merge(local.table, {
          title = "Latest runs"
          query = "${local.of_runs} | fields @timestamp, outcome, action, written, late, pages, owed, zoom_calls, zoom_calls_left, seconds | sort @timestamp desc | limit 20"
        }) },
      ] },
      { height = 6, widgets = [
        { type = "metric", properties = merge(local.graph, {
          title  = "Runs that succeed (left), fail or do not start (right)"
          period = 900
          metrics = [
            concat(local.shown_of.collector.RunsSucceeded, [{ stat = "Sum", label = "succeeded" }]),
            concat(local.shown_of.lambda.Errors, [{ stat = "Sum", label = "failed", yAxis = "right" }]),
            concat(local.shown_of.lambda.Throttles, [{ stat = "Sum", label = "throttled", yAxis = "right" }]),
            concat(local.shown_of.queue.ApproximateNumberOfMessagesVisible, [{ stat = "Maximum", label = "undelivered", yAxis = "right" }]),
          ]
          yAxis = { left = { label = "runs", min = 0, showUnits = false }, right = { label = "runs", min = 0, showUnits = false } }
        }) },
        local.log_graphs[0],
      ] },
      { height = 6, widgets = [
        { type = "metric", properties = merge(local.graph, {
          title  = "Duration of a run: mean (left), longest and its limits (right)"
          period = 900
          metrics = [
            concat(local.shown_of.lambda.Duration, [{ stat = "Average", label = "mean" }]),
            concat(local.shown_of.lambda.Duration, [{ stat = "Maximum", label = "longest", yAxis = "right" }]),
          ]
          yAxis = { left = { label = "ms", min = 0, showUnits = false }, right = { label = "ms", min = 0, showUnits = false } }
          annotations = { horizontal = [
            { label = "too close to the timeout", value = local.slow_milliseconds, yAxis = "right" },
            { label = "timeout", value = 1000 * var.function.timeout_seconds, yAxis = "right" },
          ] }
        }) },
        { type = "metric", properties = merge(local.graph, {
          title   = "What is left to do: dates owed"
          period  = 900
          metrics = [concat(local.shown_of.collector.DatesOwed, [{ stat = "Minimum", label = "dates owed" }])]
          yAxis   = { left = { label = "dates", min = 0, showUnits = false } }
        }) },
      ] },
    ],
    [for pair in chunklist(slice(local.log_graphs, 1, length(local.log_graphs)), 2) : { height = 6, widgets = pair }],
  )
}

resource "aws_cloudwatch_dashboard" "collector" {
  dashboard_name = var.function.name

  dashboard_body = jsonencode({
    widgets = flatten([for row, of in local.rows : [for column, widget in of.widgets : merge(widget, {
      x      = 24 / length(of.widgets) * column
      y      = sum(concat([0], [for above in slice(local.rows, 0, row) : above.height]))
      width  = 24 / length(of.widgets)
      height = of.height
    })]])
  })
}
