output "monitoring" {
  description = "The alarms (`alarms`, names by what they watch), `composite_alarm_name`, `dashboard_name`, `topic_arns` (the topics that are notified), and `topic_arn` of the topic that the module creates (null without one)."

  value = {
    alarms               = { for concern in keys(local.alarms) : concern => aws_cloudwatch_metric_alarm.collector[concern].alarm_name }
    composite_alarm_name = aws_cloudwatch_composite_alarm.not_healthy.alarm_name
    dashboard_name       = aws_cloudwatch_dashboard.collector.dashboard_name
    topic_arn            = one(aws_sns_topic.alarms[*].arn)
    topic_arns           = local.topics
  }
}
