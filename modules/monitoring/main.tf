# Whether it works, seen from AWS: an alarm for each way in which it may not, one that sums them up, and who is told.
# What is shown at a glance stands in dashboard.tf; what each alarm means and what to do about it, in docs/operations.md.

locals {
  partition = var.account.partition
  region    = var.account.region
  account   = var.account.id

  recurs           = var.schedule.enabled
  interval_minutes = var.schedule.interval_minutes

  # The longest time from the end of a run to the end of the next, and five minutes for its metrics to arrive.
  pause_minutes = local.interval_minutes + coalesce(var.schedule.flexible_window_minutes, 0) + ceil(var.function.timeout_seconds / 60) + 5

  # Three runs that did not come. CloudWatch looks back a day in periods of less than an hour, and seven days in longer ones.
  silence_minutes        = coalesce(var.monitoring.silence_minutes, min(10080, 2 * local.interval_minutes + local.pause_minutes))
  silence_period_seconds = local.silence_minutes <= 1440 ? 300 : 3600
  silence_periods        = ceil(local.silence_minutes * 60 / local.silence_period_seconds)

  # As many hours as surely hold the end of a run; CloudWatch has no period longer than a day.
  behind_period_seconds = 3600 * min(24, ceil(local.pause_minutes / 60))
  behind_periods        = max(2, min(ceil(var.monitoring.stalled_backlog_hours * 3600 / local.behind_period_seconds), floor(604800 / local.behind_period_seconds) - 1))

  failed_runs = max(1, min(2, floor(60 / local.interval_minutes)))

  metrics_of = {
    collector = { namespace = var.function.metrics_namespace, dimensions = { service = var.function.name } }
    lambda    = { namespace = "AWS/Lambda", dimensions = { FunctionName = var.function.name } }
    queue     = { namespace = "AWS/SQS", dimensions = { QueueName = var.dead_letter_queue.name } }
  }

  # Sums a metric by five minutes and looks back an hour; alarms at the threshold, reached `datapoints` times in it.
  by_default = {
    of             = "collector"
    statistic      = "Sum"
    expression     = null
    period_seconds = 300
    periods        = 12
    datapoints     = 1
    comparison     = "GreaterThanOrEqualToThreshold"
    threshold      = 1
    missing        = "notBreaching"
    lasts          = true
  }

  alarms = { for concern, alarm in merge(
    {
      errors = {
        of         = "lambda"
        metric     = "Errors"
        datapoints = local.failed_runs
        says       = "Runs of the collector fail. Its log says why, in one sentence."
      }
      throttles = {
        of         = "lambda"
        metric     = "Throttles"
        datapoints = 3
        says       = "Lambda refuses to start the collector, for want of concurrency."
      }
      duration = {
        of         = "lambda"
        metric     = "Duration"
        statistic  = "Maximum"
        datapoints = local.failed_runs
        threshold  = 1000 * (var.function.timeout_seconds - 5)
        says       = "Runs come near to the function's timeout of ${var.function.timeout_seconds} s, or are ended by it."
      }
      # A queue that nobody touches stops reporting after six hours, with the letters still in it: keep the state.
      dead_letters = {
        of        = "queue"
        metric    = "ApproximateNumberOfMessagesVisible"
        statistic = "Maximum"
        periods   = 1
        missing   = "ignore"
        says      = "The schedule could not start the collector: the undelivered invocations lie in the queue ${var.dead_letter_queue.name}."
      }
      # One period more than has to be bad, since the first of a series has no difference.
      behind = {
        metric         = "DatesOwed"
        statistic      = "Minimum"
        expression     = "IF(metric > 0 AND DIFF(metric) >= 0, 1, 0)"
        period_seconds = local.behind_period_seconds
        periods        = local.behind_periods + 1
        datapoints     = local.behind_periods
        says           = "Dates are owed, and have not got fewer for ${var.monitoring.stalled_backlog_hours} hours."
      }
      # Every run says it, until Zoom may be asked again; between runs nothing changes.
      daily_limit = {
        metric    = "DailyLimitReached"
        statistic = "Maximum"
        periods   = 1
        missing   = "ignore"
        says      = "Zoom's daily limit of API calls, which all apps of the account share, is reached."
      }
      # These two are no state, but something that happened. They tell of it themselves: the alarm that sums up the
      # states says nothing more while one of them lasts.
      checkpoint_rebuilt = {
        metric = "CheckpointRebuilt"
        lasts  = false
        says   = "The checkpoint was lost or damaged, and was rebuilt from the archive."
      }
      dates_expired = {
        metric = "DatesExpired"
        lasts  = false
        says   = "Dates that were owed are older than Zoom keeps: their records cannot be had any more."
      }
    },
    { for alarm in ["silence"] : alarm => {
      metric         = "RunsSucceeded"
      expression     = "FILL(metric, 0)"
      period_seconds = local.silence_period_seconds
      periods        = local.silence_periods
      datapoints     = local.silence_periods
      comparison     = "LessThanThreshold"
      missing        = "breaching"
      says           = "No run has succeeded for ${local.silence_minutes} minutes."
    } if local.recurs },
    # A new alarm finds silence before the first success. This one says whether there ever was one: it has no data before,
    # is OK from then on, and never in alarm. Periods as long as those of silence, which would else see the success later.
    { for alarm in ["first_run"] : alarm => {
      metric         = "RunsSucceeded"
      period_seconds = local.silence_period_seconds
      periods        = 1
      comparison     = "LessThanThreshold"
      missing        = "ignore"
      says           = "Not an alarm: it is OK once a run has succeeded for the first time, before which silence is none."
    } if local.recurs },
  ) : concern => merge(local.by_default, alarm) }

  names          = { for concern in keys(local.alarms) : concern => "${var.function.name}-${replace(concern, "_", "-")}" }
  composite_name = "${var.function.name}-not-healthy"

  makes_topic = var.monitoring.topic_arns == null
  topic_arn   = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.topic_name}"
  topics      = local.makes_topic ? aws_sns_topic_policy.alarms[*].arn : var.monitoring.topic_arns # once alarms may publish

  # Nobody but this account's alarms of this function.
  from_these_alarms = {
    StringEquals = { "aws:SourceAccount" = local.account }
    ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.function.name}-*" }
  }
}

resource "aws_cloudwatch_metric_alarm" "collector" {
  for_each = local.alarms

  alarm_name        = local.names[each.key]
  alarm_description = "${each.value.says} What to do: docs/operations.md of the module, under ${replace(each.key, "_", "-")}."

  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing

  namespace   = each.value.expression == null ? local.metrics_of[each.value.of].namespace : null
  metric_name = each.value.expression == null ? each.value.metric : null
  dimensions  = each.value.expression == null ? local.metrics_of[each.value.of].dimensions : null
  statistic   = each.value.expression == null ? each.value.statistic : null
  period      = each.value.expression == null ? each.value.period_seconds : null

  dynamic "metric_query" {
    for_each = each.value.expression[*]

    content {
      id          = "watched"
      label       = each.value.metric
      expression  = metric_query.value
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.expression[*]

    content {
      id          = "metric"
      return_data = false

      metric {
        namespace   = local.metrics_of[each.value.of].namespace
        metric_name = each.value.metric
        dimensions  = local.metrics_of[each.value.of].dimensions
        stat        = each.value.statistic
        period      = each.value.period_seconds
      }
    }
  }

  alarm_actions = (var.monitoring.each_alarm_notifies || !each.value.lasts) && each.key != "first_run" ? local.topics : []
  ok_actions    = var.monitoring.each_alarm_notifies && each.key != "first_run" ? local.topics : []
  tags          = var.tags

  # CloudWatch deletes no alarm that a composite one still names: with this, that one is changed first.
  lifecycle {
    create_before_destroy = true
  }
}

# The one that is told of while something is wrong: however much goes wrong at once, it is one message.
resource "aws_cloudwatch_composite_alarm" "not_healthy" {
  alarm_name        = local.composite_name
  alarm_description = "The collector of Zoom's ${var.function.records} is not healthy. Which of its alarms say so: dashboard ${var.function.name}. What to do: docs/operations.md of the module."

  alarm_rule = join(" OR ", concat(
    [for concern, alarm in local.alarms : "ALARM(\"${local.names[concern]}\")" if alarm.lasts && !contains(["silence", "first_run"], concern)],
    [for name in ["silence"] : "(ALARM(\"${local.names.silence}\") AND OK(\"${local.names.first_run}\"))" if local.recurs],
  ))

  alarm_actions = local.topics
  ok_actions    = local.topics
  tags          = var.tags

  depends_on = [aws_cloudwatch_metric_alarm.collector]
}

resource "aws_sns_topic" "alarms" {
  count = local.makes_topic ? 1 : 0

  name              = var.topic_name
  display_name      = "Zoom ${var.function.records}"
  kms_master_key_id = var.kms_key == null ? aws_kms_key.topic[0].arn : var.kms_key.arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "alarms" {
  count = local.makes_topic ? 1 : 0

  arn = aws_sns_topic.alarms[0].arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = local.from_these_alarms
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sns:Publish"
        Resource  = local.topic_arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.monitoring.emails)

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = each.value
}

# A key of its own, because the one that AWS keeps for SNS cannot be opened to CloudWatch, whose messages then are lost.
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
resource "aws_kms_key" "topic" {
  count = local.makes_topic && var.kms_key == null ? 1 : 0

  description         = "Messages of the alarms of ${var.function.name}"
  enable_key_rotation = true
  tags                = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "AlarmsEncrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = local.from_these_alarms
      },
    ]
  })
}

resource "aws_kms_alias" "topic" {
  count = length(aws_kms_key.topic)

  name          = "alias/${var.topic_name}"
  target_key_id = aws_kms_key.topic[0].key_id
}
