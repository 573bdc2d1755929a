# At a glance: is it alive, how fresh, how much, what does Zoom refuse.

locals {
  alarm_arns = { for concern, name in merge(local.names, { not_healthy = local.composite_name }) :
    concern => "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${name}"
  }

  # A graph holds lines, each of a metric with how it is summed up, and marks, each a value with what it means.
  graphs = [
    {
      title = "Is it alive? Runs"
      lines = [
        { of = "collector", metric = "RunsSucceeded", stat = "Sum" },
        { of = "collector", metric = "RunsHeldUp", stat = "Sum" },
        { of = "collector", metric = "RunsFailed", stat = "Sum" },
        { of = "collector", metric = "WaitingForCredentials", stat = "Sum" },
        { of = "lambda", metric = "Errors", stat = "Sum" },
        { of = "lambda", metric = "Throttles", stat = "Sum" },
        { of = "queue", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum" },
      ]
      marks = []
    },
    {
      title = "Is it in time? Duration of a run, ms"
      lines = [
        { of = "lambda", metric = "Duration", stat = "Maximum" },
        { of = "lambda", metric = "Duration", stat = "Average" },
      ]
      marks = [
        { label = "too near the timeout", value = local.alarms.duration.threshold },
        { label = "timeout", value = 1000 * var.function.timeout_seconds },
      ]
    },
    {
      title = "How fresh? Age of the newest record, and of the latest of the late ones, s"
      lines = [
        { of = "collector", metric = "NewestRecordSeconds", stat = "Minimum" },
        { of = "collector", metric = "LateSeconds", stat = "Maximum" },
      ]
      marks = []
    },
    {
      title = "How much? Records and objects"
      lines = [
        { of = "collector", metric = "RecordsPublished", stat = "Sum" },
        { of = "collector", metric = "LateRecords", stat = "Sum" },
        { of = "collector", metric = "ObjectsWritten", stat = "Sum" },
      ]
      marks = []
    },
    {
      title = "What does Zoom refuse?"
      lines = [
        { of = "collector", metric = "RateLimited", stat = "Sum" },
        { of = "collector", metric = "DailyLimitReached", stat = "Maximum" },
        { of = "collector", metric = "SweepsUnfinished", stat = "Sum" },
        { of = "collector", metric = "RowsUnreadable", stat = "Sum" },
        { of = "collector", metric = "DatesExpired", stat = "Sum" },
        { of = "collector", metric = "DatesIncomplete", stat = "Sum" },
      ]
      marks = [{ label = "the daily limit is reached", value = local.alarms.daily_limit.threshold }]
    },
    {
      title = "What does it ask Zoom for?"
      lines = [
        { of = "collector", metric = "ZoomCalls", stat = "Sum" },
        { of = "collector", metric = "PagesRead", stat = "Sum" },
        { of = "collector", metric = "DailyCallsRemaining", stat = "Minimum" },
      ]
      marks = []
    },
    {
      title = "What is left to do? Dates owed"
      lines = [
        { of = "collector", metric = "DatesOwed", stat = "Minimum" },
        { of = "collector", metric = "RacesLost", stat = "Sum" },
        { of = "collector", metric = "CheckpointRebuilt", stat = "Sum" },
      ]
      marks = [{ label = "nothing is owed", value = 0 }]
    },
  ]

  says = <<-EOT
    ## ${var.function.name}
    Zoom's ${var.function.records}, every record once. Dates owed fall to 0 after a start or a backfill; at night there may be nothing new, so the newest record gets old without anything being wrong.

    Silence is ${local.recurs ? "${local.silence_minutes} minutes without a run that succeeds" : "not listened for: the schedule is off"}. What each alarm means and what to do: **docs/operations.md** of the module.
  EOT
}

resource "aws_cloudwatch_dashboard" "collector" {
  dashboard_name = var.function.name

  dashboard_body = jsonencode({
    widgets = concat(
      [
        { type = "text", x = 0, y = 0, width = 12, height = 4, properties = { markdown = local.says } },
        { type = "alarm", x = 12, y = 0, width = 12, height = 4, properties = {
          title  = "Is it healthy?"
          alarms = concat([local.alarm_arns.not_healthy], [for concern in keys(local.alarms) : local.alarm_arns[concern] if concern != "first_run"])
        } },
      ],
      [for number, graph in local.graphs : {
        type = "metric", x = 12 * (number % 2), y = 4 + 6 * floor(number / 2), width = 12, height = 6
        properties = {
          title   = graph.title
          region  = local.region
          view    = "timeSeries"
          stacked = false
          period  = 900
          metrics = [for line in graph.lines : concat(
            [local.metrics_of[line.of].namespace, line.metric],
            flatten([for name, value in local.metrics_of[line.of].dimensions : [name, value]]),
            [{ stat = line.stat }],
          )]
          annotations = { horizontal = graph.marks }
        }
      }],
    )
  })
}
