# Monitoring: an alarm for each failure, a composite alarm for those that last, and the topic that they notify.
# docs/operations.md says what to do about each alarm.
#
# CloudWatch's always-free tier has 10 custom metrics and 10 alarms: the collector sends 4 metrics, and there are 9 alarms.

locals {
  recurs           = var.schedule.enabled # a schedule that is off starts no runs
  interval_minutes = var.schedule.interval_minutes

  # The longest time from the end of a run to the end of the next, and five minutes for its metrics to arrive.
  pause_minutes = local.interval_minutes + coalesce(var.schedule.flexible_window_minutes, 0) + ceil(var.function.timeout_seconds / 60) + 5

  # Three missing runs. CloudWatch evaluates one day in periods of less than an hour, and seven days in longer ones.
  silence_minutes = coalesce(var.monitoring.silence_minutes, min(10080, 2 * local.interval_minutes + local.pause_minutes))
  silence_period  = local.silence_minutes <= 1440 ? 300 : 3600
  silence_periods = ceil(local.silence_minutes * 60 / local.silence_period)

  # Enough hours for the end of a run; CloudWatch has no period longer than a day.
  behind_period  = 3600 * min(24, ceil(local.pause_minutes / 60))
  behind_periods = max(2, min(ceil(var.monitoring.stalled_backlog_hours * 3600 / local.behind_period), floor(604800 / local.behind_period) - 1))

  # The next run makes up for a failed one. In an hour with fewer than two runs, the first one counts.
  failed_runs = max(1, min(2, floor(60 / local.interval_minutes)))

  # A run reserves 15 to 20 seconds for its end: a run within 5 seconds of the timeout did not end in time.
  slow_milliseconds = 1000 * (var.function.timeout_seconds - 5)

  of_collector = { namespace = var.function.metrics_namespace, dimensions = { service = var.function.name } }
  of_lambda    = { namespace = "AWS/Lambda", dimensions = { FunctionName = var.function.name } }
  of_queue     = { namespace = "AWS/SQS", dimensions = { QueueName = var.dead_letter_queue.name } }

  # The default arguments of an alarm, under the provider's names: any five minutes of an hour with one or more.
  # `expression` is metric math over the metric.
  any_in_an_hour = {
    statistic           = "Sum"
    expression          = null
    period              = 300
    evaluation_periods  = 12
    datapoints_to_alarm = 1
    comparison_operator = "GreaterThanOrEqualToThreshold"
    threshold           = 1
    treat_missing_data  = "notBreaching"
  }

  alarms = merge(
    {
      errors = merge(local.any_in_an_hour, local.of_lambda, {
        metric_name         = "Errors"
        datapoints_to_alarm = local.failed_runs
        alarm_description   = "Runs of the collector fail. `zoomlogs logs` shows what is wrong and what to change."
      })
      throttles = merge(local.any_in_an_hour, local.of_lambda, {
        metric_name         = "Throttles"
        datapoints_to_alarm = 3
        alarm_description   = "Lambda refuses to start the collector because no concurrency is left. Raise the account's quota, or set collector.reserved_concurrency."
      })
      duration = merge(local.any_in_an_hour, local.of_lambda, {
        metric_name         = "Duration"
        statistic           = "Maximum"
        datapoints_to_alarm = local.failed_runs
        threshold           = local.slow_milliseconds
        alarm_description   = "Runs take nearly as long as the function's timeout of ${var.function.timeout_seconds} s, or are ended by it. Raise collector.timeout_seconds or collector.memory_mb."
      })
      # An idle queue stops sending metrics after six hours, even if it has messages: keep the state.
      dead_letters = merge(local.any_in_an_hour, local.of_queue, {
        metric_name        = "ApproximateNumberOfMessagesVisible"
        statistic          = "Maximum"
        evaluation_periods = 1
        treat_missing_data = "ignore"
        alarm_description  = "The schedule could not start the collector: the undelivered invocations are in the queue ${var.dead_letter_queue.name}. A message's attributes contain the reason; purge the queue afterwards."
      })
      # One more period than has to breach, because the first of a series has no difference.
      behind = merge(local.any_in_an_hour, local.of_collector, {
        metric_name         = "DatesOwed"
        statistic           = "Minimum"
        expression          = "IF(metric > 0 AND DIFF(metric) >= 0, 1, 0)"
        period              = local.behind_period
        evaluation_periods  = local.behind_periods + 1
        datapoints_to_alarm = local.behind_periods
        alarm_description   = "Dates are owed, and their number has not fallen for ${var.monitoring.stalled_backlog_hours} hours. `zoomlogs status` lists them; usually, other apps leave too few of Zoom's calls."
      })
      # One-time events. This alarm notifies by itself: the composite alarm sends nothing more while it is in ALARM.
      incidents = merge(local.any_in_an_hour, local.of_collector, {
        metric_name       = "Incidents"
        alarm_description = "A one-time event needs attention: a lost checkpoint, expired dates, a changed form, or deleted, unreadable or missing records. `zoomlogs logs` and the dashboard ${var.function.name} show the sentence."
      })
    },
    # Each run that Zoom answers sends this metric; between runs the state stays. The rule of the composite alarm also uses
    # it to detect that Zoom has answered a run, so it has the periods of the silence alarm, and needs the schedule as well.
    { for alarm in ["daily_limit"] : alarm => merge(local.any_in_an_hour, local.of_collector, {
      metric_name        = "DailyLimitReached"
      statistic          = "Maximum"
      period             = local.silence_period
      evaluation_periods = 1
      treat_missing_data = "ignore"
      alarm_description  = "Zoom's daily limit of API calls, which all apps of the account share, is reached. It resets at midnight UTC; if this happens again, find the app that uses the calls."
    }) if var.schedule.enabled },
    { for alarm in ["silence"] : alarm => merge(local.any_in_an_hour, local.of_collector, {
      metric_name         = "RunsSucceeded"
      expression          = "FILL(metric, 0)"
      period              = local.silence_period
      evaluation_periods  = local.silence_periods
      datapoints_to_alarm = local.silence_periods
      comparison_operator = "LessThanThreshold"
      treat_missing_data  = "breaching"
      alarm_description   = "No run has succeeded for ${local.silence_minutes} minutes. `zoomlogs logs` shows whether runs start, `zoomlogs doctor` what prevents them."
    }) if local.recurs },
  )

  happens_once   = ["incidents"]
  alarm_names    = { for concern in keys(local.alarms) : concern => "${var.function.name}-${replace(concern, "_", "-")}" }
  composite_name = "${var.function.name}-not-healthy"

  runbook = { for concern in keys(local.alarms) : concern => var.monitoring.runbook_url == null ?
    "Runbook: docs/operations.md of the module, FUNCTION-${replace(concern, "_", "-")}." :
    "Runbook: ${var.monitoring.runbook_url}#function-${replace(concern, "_", "-")}"
  }

  makes_topic = var.monitoring.topic_arns == null
  topic_arn   = "arn:${var.account.partition}:sns:${var.account.region}:${var.account.id}:${var.topic_name}"
  topics      = local.makes_topic ? aws_sns_topic_policy.alarms[*].arn : var.monitoring.topic_arns # once alarms may publish

  # Only this account's alarms of this function.
  from_these_alarms = {
    StringEquals = { "aws:SourceAccount" = var.account.id }
    ArnLike      = { "aws:SourceArn" = "arn:${var.account.partition}:cloudwatch:${var.account.region}:${var.account.id}:alarm:${var.function.name}-*" }
  }
}

resource "aws_cloudwatch_metric_alarm" "collector" {
  for_each = local.alarms

  alarm_name        = local.alarm_names[each.key]
  alarm_description = "${each.value.alarm_description} ${local.runbook[each.key]}"

  comparison_operator = each.value.comparison_operator
  threshold           = each.value.threshold
  evaluation_periods  = each.value.evaluation_periods
  datapoints_to_alarm = each.value.datapoints_to_alarm
  treat_missing_data  = each.value.treat_missing_data

  namespace   = each.value.expression == null ? each.value.namespace : null
  metric_name = each.value.expression == null ? each.value.metric_name : null
  dimensions  = each.value.expression == null ? each.value.dimensions : null
  statistic   = each.value.expression == null ? each.value.statistic : null
  period      = each.value.expression == null ? each.value.period : null

  dynamic "metric_query" {
    for_each = each.value.expression[*]

    content {
      id          = "watched"
      label       = each.value.metric_name
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
        namespace   = each.value.namespace
        metric_name = each.value.metric_name
        dimensions  = each.value.dimensions
        stat        = each.value.statistic
        period      = each.value.period
      }
    }
  }

  alarm_actions = var.monitoring.each_alarm_notifies || contains(local.happens_once, each.key) ? local.topics : []
  ok_actions    = var.monitoring.each_alarm_notifies ? local.topics : []
  tags          = var.tags

  # CloudWatch does not delete an alarm that a composite alarm still names: this changes the composite alarm first.
  lifecycle {
    create_before_destroy = true
  }
}

# One notification while something is wrong, however many alarms fire.
resource "aws_cloudwatch_composite_alarm" "not_healthy" {
  alarm_name        = local.composite_name
  alarm_description = "The collector of Zoom's ${var.function.records} is not healthy. The dashboard ${var.function.name} and `zoomlogs doctor` show which alarms fire. Runbook: ${coalesce(var.monitoring.runbook_url, "docs/operations.md of the module")}"

  # Before the first run, a new alarm is in ALARM for silence, which counts only after Zoom has answered a run.
  alarm_rule = join(" OR ", concat(
    [for concern in keys(local.alarms) : "ALARM(\"${local.alarm_names[concern]}\")" if !contains(concat(local.happens_once, ["silence"]), concern)],
    [for name in ["silence"] : "(ALARM(\"${local.alarm_names.silence}\") AND NOT INSUFFICIENT_DATA(\"${local.alarm_names.daily_limit}\"))" if local.recurs],
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

# The AWS managed key for SNS does not work: CloudWatch cannot use it, and its notifications would be lost.
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
        Principal = { AWS = "arn:${var.account.partition}:iam::${var.account.id}:root" }
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
