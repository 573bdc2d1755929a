# Monitoring: alarms, notifications, dashboard. tests/monitoring tests the behaviour of the alarms.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

# The root module's arguments with the defaults of its inputs.
variables {
  function          = { name = "collect", timeout_seconds = 300, metrics_namespace = "Zoom", records = "operation logs" }
  log_group         = { name = "/aws/lambda/collect" }
  schedule          = { interval_minutes = 15, enabled = true, flexible_window_minutes = null }
  dead_letter_queue = { name = "lost" }
  monitoring = {
    topic_arns            = null
    emails                = []
    each_alarm_notifies   = false
    silence_minutes       = null
    stalled_backlog_hours = 24
    runbook_url           = null
  }
  topic_name = "zoom-operationlogs-alarms"
  account = {
    id         = "111122223333"
    region     = "eu-west-1"
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
  kms_key = null
  tags    = {}
}

run "each_alarm_has_its_thresholds" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  assert {
    condition = jsonencode({ for concern, alarm in aws_cloudwatch_metric_alarm.collector : concern => [
      alarm.comparison_operator, alarm.threshold, alarm.datapoints_to_alarm, alarm.evaluation_periods, alarm.treat_missing_data
      ] }) == jsonencode({
      behind       = ["GreaterThanOrEqualToThreshold", 1, 24, 25, "notBreaching"]
      daily_limit  = ["GreaterThanOrEqualToThreshold", 1, 1, 1, "ignore"]
      dead_letters = ["GreaterThanOrEqualToThreshold", 1, 1, 1, "ignore"]
      duration     = ["GreaterThanOrEqualToThreshold", 295000, 2, 12, "notBreaching"]
      errors       = ["GreaterThanOrEqualToThreshold", 1, 2, 12, "notBreaching"]
      incidents    = ["GreaterThanOrEqualToThreshold", 1, 1, 12, "notBreaching"]
      silence      = ["LessThanThreshold", 1, 11, 11, "breaching"]
      throttles    = ["GreaterThanOrEqualToThreshold", 1, 3, 12, "notBreaching"]
    })
    error_message = "the alarms: ${jsonencode({ for concern, alarm in aws_cloudwatch_metric_alarm.collector : concern => [alarm.comparison_operator, alarm.threshold, alarm.datapoints_to_alarm, alarm.evaluation_periods, alarm.treat_missing_data] })}"
  }

  assert {
    condition = jsonencode({ for concern, alarm in aws_cloudwatch_metric_alarm.collector : concern => [length(coalesce(alarm.alarm_actions, [])), length(coalesce(alarm.ok_actions, []))] }) == jsonencode({
      behind       = [0, 0]
      daily_limit  = [0, 0]
      dead_letters = [0, 0]
      duration     = [0, 0]
      errors       = [0, 0]
      incidents    = [1, 0]
      silence      = [0, 0]
      throttles    = [0, 0]
    })
    error_message = "the composite alarm notifies for all states, and the incidents alarm for itself"
  }

  assert {
    condition     = alltrue([for concern, alarm in aws_cloudwatch_metric_alarm.collector : strcontains(aws_cloudwatch_composite_alarm.not_healthy.alarm_rule, "\"${alarm.alarm_name}\"") != (concern == "incidents")])
    error_message = "the composite alarm has all alarms for states"
  }

  assert {
    condition     = length(aws_cloudwatch_composite_alarm.not_healthy.alarm_actions) == 1 && length(aws_cloudwatch_composite_alarm.not_healthy.ok_actions) == 1
    error_message = "it notifies of a failure and of its end"
  }
}

run "the_topic_has_a_key_that_cloudwatch_may_use" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    topic_name = "emea-zoom-operationlogs-alarms"
    monitoring = merge(var.monitoring, { emails = ["soc@example.com"] })
  }

  assert {
    condition     = aws_sns_topic.alarms[0].name == "emea-zoom-operationlogs-alarms" && aws_sns_topic.alarms[0].kms_master_key_id == aws_kms_key.topic[0].arn && aws_kms_key.topic[0].enable_key_rotation
    error_message = "the topic is encrypted with a rotated key"
  }

  assert {
    condition = jsonencode([for statement in jsondecode(aws_kms_key.topic[0].policy).Statement : statement if statement.Sid == "AlarmsEncrypt"]) == jsonencode([{
      Sid       = "AlarmsEncrypt"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
      Resource  = "*"
      Condition = {
        StringEquals = { "aws:SourceAccount" = "111122223333" }
        ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-1:111122223333:alarm:collect-*" }
      }
    }])
    error_message = "CloudWatch may use the key for these alarms"
  }

  assert {
    condition     = aws_sns_topic_subscription.email["soc@example.com"].protocol == "email" && output.monitoring.topic_arns == tolist([output.monitoring.topic_arn])
    error_message = "the address is subscribed"
  }
}

run "the_callers_key_encrypts_the_topic" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/own" }
  }

  assert {
    condition     = length(aws_kms_key.topic) + length(aws_kms_alias.topic) == 0 && aws_sns_topic.alarms[0].kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/own"
    error_message = "no other key is created"
  }
}

run "the_callers_topics_are_notified" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    monitoring = merge(var.monitoring, { topic_arns = ["arn:aws:sns:eu-west-1:111122223333:alerts"], each_alarm_notifies = true })
  }

  assert {
    condition     = length(aws_sns_topic.alarms) + length(aws_kms_key.topic) == 0 && output.monitoring.topic_arn == null
    error_message = "no topic is created"
  }

  assert {
    condition = alltrue([for alarm in concat(values(aws_cloudwatch_metric_alarm.collector), [aws_cloudwatch_composite_alarm.not_healthy]) :
    alarm.alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:alerts"]) && alarm.ok_actions == alarm.alarm_actions])
    error_message = "each alarm notifies the given topic"
  }
}

run "an_empty_list_notifies_nobody" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    monitoring = merge(var.monitoring, { topic_arns = [] })
  }

  assert {
    condition     = length(aws_sns_topic.alarms) == 0 && length(coalesce(aws_cloudwatch_composite_alarm.not_healthy.alarm_actions, [])) == 0
    error_message = "there are alarms without notifications"
  }
}

run "a_paused_schedule_has_no_silence_alarm" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule = merge(var.schedule, { interval_minutes = 15, enabled = false })
  }

  assert {
    condition     = !contains(keys(output.monitoring.alarms), "silence") && !contains(keys(output.monitoring.alarms), "daily_limit") && !strcontains(aws_cloudwatch_composite_alarm.not_healthy.alarm_rule, "silence")
    error_message = "no silence alarm without a schedule"
  }

  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.collector.dashboard_body, "Silence is not monitored")
    error_message = "and the dashboard says so"
  }
}

run "silence_is_three_intervals_the_window_and_a_run" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule = merge(var.schedule, { interval_minutes = 60, flexible_window_minutes = 17 })
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["silence"].evaluation_periods == 42 && one([for query in aws_cloudwatch_metric_alarm.collector["silence"].metric_query : query.metric[0].period if query.id == "metric"]) == 300
    error_message = "207 minutes in periods of five"
  }

  # Each hour has only one run, so the first failure raises the alarm.
  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["errors"].datapoints_to_alarm == 1 && aws_cloudwatch_metric_alarm.collector["duration"].datapoints_to_alarm == 1
    error_message = "one failed run is enough"
  }
}

run "a_rare_schedule_has_longer_periods" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule   = merge(var.schedule, { interval_minutes = 1440 })
    monitoring = merge(var.monitoring, { stalled_backlog_hours = 144 })
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["silence"].evaluation_periods == 73 && one([for query in aws_cloudwatch_metric_alarm.collector["silence"].metric_query : query.metric[0].period if query.id == "metric"]) == 3600
    error_message = "slightly more than three days, in hours"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["behind"].evaluation_periods == 7 && one([for query in aws_cloudwatch_metric_alarm.collector["behind"].metric_query : query.metric[0].period if query.id == "metric"]) == 86400
    error_message = "six days, and one for the difference"
  }
}

run "an_hourly_schedule_leaves_no_period_without_a_run" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule = merge(var.schedule, { interval_minutes = 60 })
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["behind"].datapoints_to_alarm == 12 && one([for query in aws_cloudwatch_metric_alarm.collector["behind"].metric_query : query.metric[0].period if query.id == "metric"]) == 7200
    error_message = "runs that end just before or after the hour leave hours without one; two hours always have one"
  }
}

run "a_flexible_window_leaves_no_period_without_a_run" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule = merge(var.schedule, { interval_minutes = 15, flexible_window_minutes = 60 })
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["behind"].datapoints_to_alarm == 12 && one([for query in aws_cloudwatch_metric_alarm.collector["behind"].metric_query : query.metric[0].period if query.id == "metric"]) == 7200
    error_message = "85 minutes may pass between two runs"
  }
}

run "a_rate_of_more_than_an_hour_stays_within_seven_days" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule   = merge(var.schedule, { interval_minutes = 1200 })
    monitoring = merge(var.monitoring, { stalled_backlog_hours = 144 })
  }

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.collector : alarm.evaluation_periods * (
    coalesce(alarm.period, 0) == 0 ? one([for query in alarm.metric_query : query.metric[0].period if query.id == "metric"]) : alarm.period) <= 604800])
    error_message = "CloudWatch evaluates at most seven days"
  }
}

run "the_minutes_given_replace_the_defaults" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    schedule   = merge(var.schedule, { interval_minutes = 13 })
    monitoring = merge(var.monitoring, { silence_minutes = 40 })
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.collector["silence"].evaluation_periods == 8
    error_message = "the given minutes"
  }
}

run "a_schedule_by_cron_is_watched_for_silence" {
  command = plan

  variables {
    bucket_name = "zoom-operation-logs"
    schedule    = { expression = "cron(0/15 * * * ? *)" }
    monitoring  = { silence_minutes = 45, emails = ["soc@example.com"] }
  }

  assert {
    condition     = contains(keys(output.monitoring.alarms), "silence") && contains(keys(output.monitoring.alarms), "daily_limit")
    error_message = "its interval follows from silence_minutes: ${jsonencode(keys(output.monitoring.alarms))}"
  }
}

run "monitoring_can_be_disabled" {
  command = plan

  variables {
    bucket_name = "zoom-operation-logs"
    schedule    = { expression = "rate(15 minutes)" }
    monitoring  = { enabled = false }
  }

  assert {
    condition     = output.monitoring == null
    error_message = "no monitoring"
  }
}

run "every_arn_has_the_partition" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    account = merge(var.account, { region = "us-gov-west-1", partition = "aws-us-gov" })
  }

  assert {
    condition = alltrue([for document in [
      aws_sns_topic_policy.alarms[0].policy,
      aws_kms_key.topic[0].policy,
      aws_cloudwatch_dashboard.collector.dashboard_body,
    ] : strcontains(document, "arn:aws-us-gov:") && !strcontains(document, "arn:aws:")])
    error_message = "no ARN has a fixed partition"
  }

  assert {
    condition     = strcontains(aws_kms_key.topic[0].policy, "arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:collect-*")
    error_message = "and of the region"
  }
}
