# No ARN is written for one partition only: GovCloud and China plan with their own.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

run "archive_in_aws_us_gov" {
  command = plan

  module {
    source = "./modules/archive"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
    override_during = plan
  }

  variables {
    bucket_name = "zoom-operation-logs"
    writer_arn  = "arn:aws-us-gov:iam::111122223333:role/collector"
  }

  assert {
    condition = alltrue([for document in [
      aws_s3_bucket_policy.archive[0].policy,
      output.bucket.arn,
    ] : strcontains(document, "arn:aws-us-gov:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }
}

run "collector_in_aws_us_gov" {
  command = plan

  module {
    source = "./modules/collector"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
    override_during = plan
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "us-gov-west-1" }
    override_during = plan
  }

  variables {
    bucket = {
      name      = "zoom-operation-logs"
      arn       = "arn:aws-us-gov:s3:::zoom-operation-logs"
      prefix    = "zoom/operationlogs/"
      state_key = "zoom/operationlogs-state/state.json"
    }
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } }
  }

  assert {
    condition = alltrue([for document in [
      aws_iam_policy.writer.policy,
      aws_iam_role_policy.credentials.policy,
      aws_iam_role_policy.network[0].policy,
      aws_iam_role_policy.scheduler.policy,
      aws_iam_role.scheduler.assume_role_policy,
      aws_sqs_queue_policy.dead_letters.policy,
    ] : strcontains(document, "arn:aws-us-gov:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }

  assert {
    condition     = strcontains(aws_iam_policy.writer.policy, "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:/aws/lambda/zoom_operationlogs_to_s3:*")
    error_message = "and of the region"
  }
}

run "secops_reader_in_aws_us_gov" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-us-gov", dns_suffix = "amazonaws.com" }
    override_during = plan
  }

  variables {
    bucket = { name = "zoom-operation-logs", prefix = "zoom/operationlogs/" }
    feed   = { source_type = "AMAZON_SQS_V2" }
  }

  assert {
    condition = alltrue([for document in [
      aws_iam_policy.reader[0].policy,
      aws_sqs_queue_policy.feed[0].policy,
      jsonencode(output.feed.body),
    ] : strcontains(document, "arn:aws-us-gov:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }
}

run "archive_in_aws_cn" {
  command = plan

  module {
    source = "./modules/archive"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
    override_during = plan
  }

  variables {
    bucket_name = "zoom-operation-logs"
    writer_arn  = "arn:aws-cn:iam::111122223333:role/collector"
  }

  assert {
    condition = alltrue([for document in [
      aws_s3_bucket_policy.archive[0].policy,
      output.bucket.arn,
    ] : strcontains(document, "arn:aws-cn:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }
}

run "collector_in_aws_cn" {
  command = plan

  module {
    source = "./modules/collector"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
    override_during = plan
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "cn-north-1" }
    override_during = plan
  }

  variables {
    bucket = {
      name      = "zoom-operation-logs"
      arn       = "arn:aws-cn:s3:::zoom-operation-logs"
      prefix    = "zoom/operationlogs/"
      state_key = "zoom/operationlogs-state/state.json"
    }
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } }
  }

  assert {
    condition = alltrue([for document in [
      aws_iam_policy.writer.policy,
      aws_iam_role_policy.credentials.policy,
      aws_iam_role_policy.network[0].policy,
      aws_iam_role_policy.scheduler.policy,
      aws_iam_role.scheduler.assume_role_policy,
      aws_sqs_queue_policy.dead_letters.policy,
    ] : strcontains(document, "arn:aws-cn:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }

  assert {
    condition     = strcontains(aws_iam_policy.writer.policy, "arn:aws-cn:logs:cn-north-1:111122223333:log-group:/aws/lambda/zoom_operationlogs_to_s3:*")
    error_message = "and of the region"
  }
}

run "secops_reader_in_aws_cn" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
    override_during = plan
  }

  variables {
    bucket = { name = "zoom-operation-logs", prefix = "zoom/operationlogs/" }
    feed   = { source_type = "AMAZON_SQS_V2" }
  }

  assert {
    condition = alltrue([for document in [
      aws_iam_policy.reader[0].policy,
      aws_sqs_queue_policy.feed[0].policy,
      jsonencode(output.feed.body),
    ] : strcontains(document, "arn:aws-cn:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }
}

run "monitoring_in_aws_us_gov" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    account           = { id = "111122223333", region = "us-gov-west-1", partition = "aws-us-gov" }
    function          = { name = "zoom_operationlogs_to_s3", timeout_seconds = 300, metrics_namespace = "ZoomOperationLogs" }
    log_group         = { name = "/aws/lambda/zoom_operationlogs_to_s3" }
    schedule          = { interval_minutes = 15, enabled = true, flexible_window_minutes = null }
    dead_letter_queue = { name = "zoom-operationlogs-dead-letters" }
    topic_name        = "zoom-operationlogs-alarms"
    kms_key           = null
    tags              = {}
    monitoring        = { topic_arns = null, emails = [], each_alarm_notifies = false, silence_minutes = null, stalled_backlog_hours = 24, runbook_url = null }
  }

  assert {
    condition = alltrue([for document in [
      aws_sns_topic_policy.alarms[0].policy,
      aws_kms_key.topic[0].policy,
      aws_cloudwatch_dashboard.collector.dashboard_body,
    ] : strcontains(document, "arn:aws-us-gov:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }

  assert {
    condition     = strcontains(aws_kms_key.topic[0].policy, "arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:zoom_operationlogs_to_s3-*")
    error_message = "and of the region"
  }
}

run "monitoring_in_aws_cn" {
  command = plan

  module {
    source = "./modules/monitoring"
  }

  variables {
    account           = { id = "111122223333", region = "cn-north-1", partition = "aws-cn" }
    function          = { name = "zoom_operationlogs_to_s3", timeout_seconds = 300, metrics_namespace = "ZoomOperationLogs" }
    log_group         = { name = "/aws/lambda/zoom_operationlogs_to_s3" }
    schedule          = { interval_minutes = 15, enabled = true, flexible_window_minutes = null }
    dead_letter_queue = { name = "zoom-operationlogs-dead-letters" }
    topic_name        = "zoom-operationlogs-alarms"
    kms_key           = null
    tags              = {}
    monitoring        = { topic_arns = null, emails = [], each_alarm_notifies = false, silence_minutes = null, stalled_backlog_hours = 24, runbook_url = null }
  }

  assert {
    condition = alltrue([for document in [
      aws_sns_topic_policy.alarms[0].policy,
      aws_kms_key.topic[0].policy,
      aws_cloudwatch_dashboard.collector.dashboard_body,
    ] : strcontains(document, "arn:aws-cn:") && !strcontains(document, "arn:aws:")])
    error_message = "every ARN is of the partition"
  }

  assert {
    condition     = strcontains(aws_kms_key.topic[0].policy, "arn:aws-cn:cloudwatch:cn-north-1:111122223333:alarm:zoom_operationlogs_to_s3-*")
    error_message = "and of the region"
  }
}

# KMS names the service that asks it as the partition writes its addresses.

run "collector_asks_kms_in_aws_iso" {
  command = plan

  module {
    source = "./modules/collector"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-iso", dns_suffix = "c2s.ic.gov" }
    override_during = plan
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "us-iso-east-1" }
    override_during = plan
  }

  variables {
    bucket = {
      name   = "zoom-operation-logs"
      arn    = "arn:aws-iso:s3:::zoom-operation-logs"
      prefix = "zoom/operationlogs/"
    }
    kms_key = { arn = "arn:aws-iso:kms:us-iso-east-1:111122223333:key/1234" }
  }

  assert {
    condition = toset(flatten([for policy in [aws_iam_role_policy.keys[0].policy, aws_iam_role_policy.scheduler_key[0].policy] :
      [for statement in jsondecode(policy).Statement : lookup(statement.Condition.StringLike, "kms:ViaService", [])]
    ])) == toset(["s3.us-iso-east-1.c2s.ic.gov", "secretsmanager.us-iso-east-1.c2s.ic.gov", "sqs.us-iso-east-1.c2s.ic.gov"])
    error_message = "collector and scheduler use the key by way of the region's services"
  }
}

run "secops_reader_asks_kms_in_aws_cn" {
  command = plan

  module {
    source = "./modules/secops_reader"
  }

  override_data {
    target          = data.aws_partition.current
    values          = { partition = "aws-cn", dns_suffix = "amazonaws.com.cn" }
    override_during = plan
  }

  override_data {
    target          = data.aws_service.s3
    values          = { region = "cn-north-1" }
    override_during = plan
  }

  variables {
    bucket  = { name = "zoom-operation-logs", prefix = "zoom/operationlogs/" }
    feed    = { source_type = "AMAZON_SQS_V2" }
    kms_key = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/1234" }
  }

  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_policy.key[0].policy).Statement :
      lookup(statement.Condition.StringLike, "kms:ViaService", [])
    ])) == toset(["s3.*.amazonaws.com.cn", "sqs.cn-north-1.amazonaws.com.cn"])
    error_message = "the reader uses the key by way of S3 and SQS"
  }

  expect_failures = [check.region]
}
