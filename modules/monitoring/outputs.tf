output "monitoring" {
  description = "What watches: `alarms` (their names by what they watch), `composite_alarm_name` (the one that is told of), `dashboard_name`, `topic_arns` (who is told), and `topic_arn` of the topic made here (null if none is)."

  value = {
    alarms               = { for concern in keys(local.alarms) : concern => aws_cloudwatch_metric_alarm.collector[concern].alarm_name }
    composite_alarm_name = aws_cloudwatch_composite_alarm.not_healthy.alarm_name
    dashboard_name       = aws_cloudwatch_dashboard.collector.dashboard_name
    topic_arn            = one(aws_sns_topic.alarms[*].arn)
    topic_arns           = local.topics
  }
}
