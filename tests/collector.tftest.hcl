# The collector: the function, its rights, its schedule, its secret, and which package it runs.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

# All that the root module passes, with the defaults of its inputs.
variables {
  bucket = {
    name       = "zoom-operation-logs"
    arn        = "arn:aws:s3:::zoom-operation-logs"
    prefix     = "zoom/operationlogs/"
    state_key  = "zoom/operationlogs-state/state.json"
    encryption = null
    lock       = null
  }
  feed_deletes    = false
  own_break_glass = []
  zoom = {
    report            = "operationlogs"
    records           = "operation logs"
    oauth_url         = "https://zoom.us/oauth/token"
    api_url           = "https://api.zoom.us/v2"
    allow_other_hosts = false
    page_size         = 300
    timeout_seconds   = 30
    lookback_days     = 3
    reconcile_hours   = 12
    start_date        = null
  }
  zoom_credentials = null
  secret           = { existing = null, credentials_version = null, recovery_window_days = 30 }
  collector = {
    architecture            = "x86_64"
    memory_mb               = 512
    timeout_seconds         = 300
    reserved_concurrency    = null
    log_level               = "INFO"
    log_retention_days      = 365
    tracing                 = false
    code_signing_config_arn = null
    vpc                     = null
  }
  schedule = {
    expression              = "rate(15 minutes)"
    interval_minutes        = 15
    timezone                = "UTC"
    enabled                 = true
    flexible_window_minutes = null
  }
  package          = null
  lambda_directory = "lambda"
  names = {
    function          = "zoom_operationlogs_to_s3"
    function_role     = "WriteZoomOperationLogsToS3Role"
    function_policy   = "WriteZoomOperationLogsToS3Policy"
    schedule          = "zoom-operationlogs-schedule-15min"
    schedule_role     = "InvokeZoomOperationLogsRole"
    dead_letter_queue = "zoom-operationlogs-dead-letters"
    secret            = "zoom-operationlogs-credentials"
    metrics_namespace = "ZoomOperationLogs"
  }
  account = {
    id         = "111122223333"
    region     = "eu-west-1"
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
  kms_key                  = null
  iam_path                 = "/"
  permissions_boundary_arn = null
  tags                     = {}
}

run "it_has_the_guides_values" {
  command = plan

  module {
    source = "./modules/collector"
  }

  # The function is the guide's

  assert {
    condition = jsonencode([
      aws_lambda_function.collector.function_name,
      aws_lambda_function.collector.runtime,
      aws_lambda_function.collector.architectures,
      aws_lambda_function.collector.timeout,
      aws_lambda_function.collector.memory_size,
      aws_lambda_function.collector.handler,
    ]) == jsonencode(["zoom_operationlogs_to_s3", "python3.13", ["x86_64"], 300, 512, "zoom_operationlogs.handler.lambda_handler"])
    error_message = "the function's configuration"
  }

  assert {
    condition     = coalesce(aws_lambda_function.collector.reserved_concurrent_executions, -1) == -1 && !coalesce(aws_lambda_function.collector.publish, false)
    error_message = "no concurrency is reserved and no version published"
  }

  assert {
    condition     = endswith(aws_lambda_function.collector.filename, "lambda/dist/collector.zip") && aws_lambda_function.collector.source_code_hash == filebase64sha256("lambda/dist/collector.zip")
    error_message = "the committed package runs"
  }

  assert {
    condition     = aws_lambda_function_event_invoke_config.collector.maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.collector.maximum_event_age_in_seconds == 900
    error_message = "the schedule is the retry"
  }

  assert {
    condition = jsonencode(aws_lambda_function.collector.environment[0].variables) == jsonencode({
      REPORT    = "operationlogs"
      S3_BUCKET = "zoom-operation-logs"
      S3_PREFIX = "zoom/operationlogs/"
      STATE_KEY = "zoom/operationlogs-state/state.json"
      PAGE_SIZE = "300"
      TIMEOUT   = "30"

      FEED_DELETES    = "false"
      LOOKBACK_DAYS   = "3"
      RECONCILE_HOURS = "12"
      ZOOM_API_URL    = "https://api.zoom.us/v2"
      ZOOM_OAUTH_URL  = "https://zoom.us/oauth/token"
      ZOOM_SECRET_ID  = "zoom-operationlogs-credentials"

      POWERTOOLS_LOG_LEVEL         = "INFO"
      POWERTOOLS_METRICS_NAMESPACE = "ZoomOperationLogs"
      POWERTOOLS_SERVICE_NAME      = "zoom_operationlogs_to_s3"
    })
    error_message = "the environment: ${jsonencode(aws_lambda_function.collector.environment[0].variables)}"
  }

  # Its logs are its own and keep its metrics

  assert {
    condition     = aws_cloudwatch_log_group.collector.name == "/aws/lambda/zoom_operationlogs_to_s3" && aws_cloudwatch_log_group.collector.retention_in_days == 365
    error_message = "the log group is made here and expires"
  }

  assert {
    condition = (
      aws_lambda_function.collector.logging_config[0].log_format == "JSON" &&
      aws_lambda_function.collector.logging_config[0].log_group == "/aws/lambda/zoom_operationlogs_to_s3" &&
      aws_lambda_function.collector.logging_config[0].application_log_level == "INFO"
    )
    error_message = "logs are JSON, at a level that lets metrics pass"
  }

  # The writer may write its prefix and no more

  assert {
    condition = jsonencode(jsondecode(aws_iam_policy.writer.policy)) == jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "WriteAndReadRecords"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
          Resource = "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
        },
        {
          Sid      = "ReadAndReplaceCheckpoint"
          Effect   = "Allow"
          Action   = ["s3:GetObject", "s3:PutObject"]
          Resource = "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs-state/state.json"
        },
        {
          Sid       = "ListRecordsAndCheckpoint"
          Effect    = "Allow"
          Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
          Resource  = "arn:aws:s3:::zoom-operation-logs"
          Condition = { StringLike = { "s3:prefix" = ["zoom/operationlogs/*", "zoom/operationlogs-state/state.json"] } }
        },
        {
          Sid      = "WriteOwnLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/zoom_operationlogs_to_s3:*"
        },
      ]
    })
    error_message = "the writer policy: ${aws_iam_policy.writer.policy}"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.credentials.policy).Statement) == jsonencode([{
      Sid      = "ReadZoomCredentials"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-operationlogs-credentials-??????"
    }])
    error_message = "the credentials policy: ${aws_iam_role_policy.credentials.policy}"
  }

  assert {
    condition     = length(aws_iam_role_policy.keys) == 0 && length(aws_iam_role_policy.scheduler_key) == 0
    error_message = "no key, no right to one"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.collector.assume_role_policy).Statement) == jsonencode([{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }])
    error_message = "Lambda alone assumes the role"
  }

  # The schedule delivers by a role of its own

  assert {
    condition = (
      aws_scheduler_schedule.collector.name == "zoom-operationlogs-schedule-15min" &&
      aws_scheduler_schedule.collector.schedule_expression == "rate(15 minutes)" &&
      aws_scheduler_schedule.collector.state == "ENABLED" &&
      aws_scheduler_schedule.collector.flexible_time_window[0].mode == "OFF" &&
      aws_scheduler_schedule.collector.target[0].input == "{}"
    )
    error_message = "the schedule is the guide's"
  }

  assert {
    condition = (
      aws_scheduler_schedule.collector.target[0].retry_policy[0].maximum_retry_attempts == 3 &&
      aws_scheduler_schedule.collector.target[0].retry_policy[0].maximum_event_age_in_seconds == 600 &&
      aws_scheduler_schedule.collector.target[0].dead_letter_config[0].arn == aws_sqs_queue.dead_letters.arn
    )
    error_message = "a delivery is tried again for less than a period, then kept"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.scheduler.policy).Statement) == jsonencode([
      {
        Sid      = "InvokeCollector"
        Effect   = "Allow"
        Action   = ["lambda:InvokeFunction"]
        Resource = "arn:aws:lambda:eu-west-1:111122223333:function:zoom_operationlogs_to_s3"
      },
      {
        Sid      = "KeepUndelivered"
        Effect   = "Allow"
        Action   = ["sqs:SendMessage"]
        Resource = "arn:aws:sqs:eu-west-1:111122223333:zoom-operationlogs-dead-letters"
      },
    ])
    error_message = "the scheduler's policy: ${aws_iam_role_policy.scheduler.policy}"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.scheduler.assume_role_policy).Statement) == jsonencode([{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = {
        "aws:SourceAccount" = "111122223333"
        "aws:SourceArn"     = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/default"
      } }
    }])
    error_message = "only this account's schedules assume the role"
  }

  assert {
    condition = aws_sqs_queue.dead_letters.sqs_managed_sse_enabled && jsonencode(jsondecode(aws_sqs_queue_policy.dead_letters.policy).Statement) == jsonencode([{
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = "arn:aws:sqs:eu-west-1:111122223333:zoom-operationlogs-dead-letters"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }])
    error_message = "the queue is encrypted, at rest and on the way"
  }

  # The secret is made empty

  assert {
    condition     = length(aws_secretsmanager_secret.zoom) == 1 && length(aws_secretsmanager_secret_version.zoom) == 0 && aws_secretsmanager_secret.zoom[0].recovery_window_in_days == 30
    error_message = "a secret, and nothing in it"
  }

  # Neither network nor traces

  assert {
    condition     = length(aws_lambda_function.collector.vpc_config) == 0 && aws_lambda_function.collector.tracing_config[0].mode == "PassThrough"
    error_message = "the function's defaults"
  }

  assert {
    condition     = length(aws_iam_role_policy.network) + length(aws_iam_role_policy.tracing) == 0
    error_message = "and no rights for what it does not do"
  }
}

run "a_paused_schedule_with_a_window_is_one" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    schedule = merge(var.schedule, { enabled = false, flexible_window_minutes = 5, expression = "cron(0 * * * ? *)", timezone = "Europe/Madrid" })
  }

  assert {
    condition = (
      aws_scheduler_schedule.collector.state == "DISABLED" &&
      aws_scheduler_schedule.collector.flexible_time_window[0].mode == "FLEXIBLE" &&
      aws_scheduler_schedule.collector.flexible_time_window[0].maximum_window_in_minutes == 5 &&
      aws_scheduler_schedule.collector.schedule_expression == "cron(0 * * * ? *)" &&
      aws_scheduler_schedule.collector.schedule_expression_timezone == "Europe/Madrid"
    )
    error_message = "the schedule follows its inputs"
  }
}

run "credentials_are_written_by_a_write_only_argument" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    secret           = merge(var.secret, { credentials_version = 2 })
    zoom_credentials = { account_id = "account", client_id = "client", client_secret = "secret" }
  }

  assert {
    condition     = aws_secretsmanager_secret_version.zoom[0].secret_string_wo_version == 2 && aws_secretsmanager_secret_version.zoom[0].secret_string_wo == null
    error_message = "the version is planned, the value is not kept"
  }
}

run "credentials_that_something_else_has_replaced_are_warned_of" {
  command = plan

  module {
    source = "./modules/collector"
  }

  override_resource {
    target          = aws_secretsmanager_secret_version.zoom
    values          = { version_stages = ["AWSPREVIOUS"] }
    override_during = plan
  }

  variables {
    secret           = merge(var.secret, { credentials_version = 2 })
    zoom_credentials = { account_id = "account", client_id = "client", client_secret = "secret" }
  }

  expect_failures = [check.credentials_version]
}

run "a_secret_of_the_callers_is_only_read" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    secret = merge(var.secret, { existing = {
      arn     = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-XyZxYz"
      kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/5678" }
    } })
  }

  assert {
    condition     = length(aws_secretsmanager_secret.zoom) == 0 && output.secret.name == null && !output.secret.created
    error_message = "no secret is made"
  }

  assert {
    condition     = aws_lambda_function.collector.environment[0].variables.ZOOM_SECRET_ID == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-XyZxYz" && jsondecode(aws_iam_role_policy.credentials.policy).Statement[0].Resource == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-XyZxYz"
    error_message = "the function reads the caller's secret, and only that"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.keys[0].policy).Statement) == jsonencode([{
      Sid       = "UseKeyForCredentials"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = "arn:aws:kms:eu-west-1:111122223333:key/5678"
      Condition = { StringLike = { "kms:EncryptionContext:SecretARN" = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-XyZxYz"], "kms:ViaService" = ["secretsmanager.eu-west-1.amazonaws.com"] } }
    }])
    error_message = "the key of the caller's secret: ${aws_iam_role_policy.keys[0].policy}"
  }
}

run "a_key_encrypts_everything_and_is_granted_for_that" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition = alltrue([for arn in [
      aws_secretsmanager_secret.zoom[0].kms_key_id,
      aws_cloudwatch_log_group.collector.kms_key_id,
      aws_lambda_function.collector.kms_key_arn,
      aws_sqs_queue.dead_letters.kms_master_key_id,
    ] : arn == "arn:aws:kms:eu-west-1:111122223333:key/1234"])
    error_message = "secret, logs, environment and queue are encrypted with the key"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.keys[0].policy).Statement) == jsonencode([
      {
        Sid       = "UseKeyForRecords"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
        Condition = { StringLike = { "kms:EncryptionContext:aws:s3:arn" = ["arn:aws:s3:::zoom-operation-logs", "arn:aws:s3:::zoom-operation-logs/*"], "kms:ViaService" = ["s3.eu-west-1.amazonaws.com"] } }
      },
      {
        Sid       = "UseKeyForEnvironment"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
        Condition = { StringLike = { "kms:EncryptionContext:aws:lambda:FunctionArn" = ["arn:aws:lambda:eu-west-1:111122223333:function:zoom_operationlogs_to_s3"] } }
      },
      {
        Sid       = "UseKeyForCredentials"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
        Condition = { StringLike = { "kms:EncryptionContext:SecretARN" = ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-operationlogs-credentials-??????"], "kms:ViaService" = ["secretsmanager.eu-west-1.amazonaws.com"] } }
      },
    ])
    error_message = "the collector's rights to the key: ${aws_iam_role_policy.keys[0].policy}"
  }

  assert {
    condition     = length([for name in keys(aws_lambda_function.collector.environment[0].variables) : name if startswith(name, "S3_SSE")]) == 0
    error_message = "writes ask for no encryption unless the bucket is given with one"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.scheduler_key[0].policy).Statement) == jsonencode([{
      Sid       = "UseKeyForUndelivered"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
      Condition = { StringLike = { "kms:ViaService" = ["sqs.eu-west-1.amazonaws.com"] } }
    }])
    error_message = "the scheduler's rights to the key: ${aws_iam_role_policy.scheduler_key[0].policy}"
  }
}

run "each_write_asks_for_the_encryption_of_the_bucket" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    bucket  = merge(var.bucket, { name = "zoom-operation-logs", arn = "arn:aws:s3:::zoom-operation-logs", prefix = "zoom/operationlogs/", state_key = "state.json", encryption = "aws:kms:dsse" })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition = (
      aws_lambda_function.collector.environment[0].variables.S3_SSE == "aws:kms:dsse" &&
      aws_lambda_function.collector.environment[0].variables.S3_SSE_KMS_KEY_ARN == "arn:aws:kms:eu-west-1:111122223333:key/1234"
    )
    error_message = "the environment: ${jsonencode(aws_lambda_function.collector.environment[0].variables)}"
  }
}

run "each_object_of_records_is_locked_and_no_longer_than_asked_for" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    bucket = merge(var.bucket, { name = "zoom-operation-logs", arn = "arn:aws:s3:::zoom-operation-logs", prefix = "zoom/operationlogs/", state_key = "state.json", lock = { mode = "GOVERNANCE", days = 90 } })
  }

  assert {
    condition = (
      aws_lambda_function.collector.environment[0].variables.S3_LOCK_MODE == "GOVERNANCE" &&
      aws_lambda_function.collector.environment[0].variables.S3_LOCK_DAYS == "90"
    )
    error_message = "the environment: ${jsonencode(aws_lambda_function.collector.environment[0].variables)}"
  }

  assert {
    condition = jsonencode([for statement in jsondecode(aws_iam_policy.writer.policy).Statement : statement if statement.Sid == "LockRecords"]) == jsonencode([{
      Sid      = "LockRecords"
      Effect   = "Allow"
      Action   = ["s3:PutObjectRetention"]
      Resource = "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
      Condition = {
        StringEquals             = { "s3:object-lock-mode" = "GOVERNANCE" }
        NumericGreaterThanEquals = { "s3:object-lock-remaining-retention-days" = "89" }
        NumericLessThanEquals    = { "s3:object-lock-remaining-retention-days" = "91" }
      }
    }])
    error_message = "the writer policy: ${aws_iam_policy.writer.policy}"
  }
}

run "a_proxys_ca_is_trusted_by_zoom_and_aws_calls" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    collector = merge(var.collector, {
      vpc = {
        subnet_ids         = ["subnet-1"]
        security_group_ids = ["sg-1"]
        https_proxy        = null
        no_proxy           = null
        ca_bundle          = { layer_arn = "arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:3", path = "/opt/ca-bundle.pem" }
      }
    })
  }

  assert {
    condition     = aws_lambda_function.collector.layers == tolist(["arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:3"])
    error_message = "the layer holds the file"
  }

  assert {
    condition = (
      aws_lambda_function.collector.environment[0].variables.REQUESTS_CA_BUNDLE == "/opt/ca-bundle.pem" &&
      aws_lambda_function.collector.environment[0].variables.AWS_CA_BUNDLE == "/opt/ca-bundle.pem"
    )
    error_message = "requests and boto3 read it"
  }
}

run "tags_path_and_boundary_reach_what_takes_them" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    tags                     = { owner = "soc" }
    iam_path                 = "/security/"
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition = alltrue([for tags in [
      aws_cloudwatch_log_group.collector.tags,
      aws_iam_policy.writer.tags,
      aws_iam_role.collector.tags,
      aws_iam_role.scheduler.tags,
      aws_lambda_function.collector.tags,
      aws_secretsmanager_secret.zoom[0].tags,
      aws_sqs_queue.dead_letters.tags,
    ] : tags == tomap({ owner = "soc" })])
    error_message = "everything is tagged"
  }

  assert {
    condition = alltrue([for role in [aws_iam_role.collector, aws_iam_role.scheduler] :
      role.path == "/security/" && role.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    ]) && aws_iam_policy.writer.path == "/security/"
    error_message = "path and boundary"
  }
}

run "a_vpc_is_joined_by_lambda_and_not_by_the_functions_code" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    collector = merge(var.collector, {
      vpc = {
        subnet_ids         = ["subnet-1", "subnet-2"]
        security_group_ids = ["sg-1"]
        https_proxy        = "http://proxy.example.com:3128"
        no_proxy           = ".amazonaws.com"
        ca_bundle          = null
      }
    })
  }

  assert {
    condition     = jsonencode([sort(aws_lambda_function.collector.vpc_config[0].subnet_ids), aws_lambda_function.collector.vpc_config[0].security_group_ids]) == jsonencode([["subnet-1", "subnet-2"], ["sg-1"]])
    error_message = "the function's network"
  }

  assert {
    condition     = aws_lambda_function.collector.environment[0].variables.HTTPS_PROXY == "http://proxy.example.com:3128" && aws_lambda_function.collector.environment[0].variables.NO_PROXY == ".amazonaws.com"
    error_message = "the proxy, by the names that Python's HTTP clients read"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.network[0].policy).Statement) == jsonencode([
      {
        Sid    = "ManageNetworkInterfaces"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = ["*"]
      },
      {
        Sid       = "DenyNetworkToOwnCode"
        Effect    = "Deny"
        Action    = ["ec2:*"]
        Resource  = ["*"]
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = ["arn:aws:lambda:eu-west-1:111122223333:function:zoom_operationlogs_to_s3"] } }
      },
    ])
    error_message = "the rights to join: ${aws_iam_role_policy.network[0].policy}"
  }
}

run "traces_are_sent_when_asked_for" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    collector = merge(var.collector, { tracing = true })
  }

  assert {
    condition     = aws_lambda_function.collector.tracing_config[0].mode == "Active"
    error_message = "the function traces"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.tracing[0].policy).Statement) == jsonencode([
      { Sid = "SendTraces", Effect = "Allow", Action = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource = ["*"] },
    ])
    error_message = "and may send what it traced"
  }
}

run "only_signed_code_runs_when_asked_for" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    collector = merge(var.collector, { code_signing_config_arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" })
    package   = { s3_bucket = "packages", s3_key = "signed/collector.zip", s3_object_version = "1", filename = null, sha256 = "hash of the object" }
  }

  assert {
    condition     = aws_lambda_function.collector.code_signing_config_arn == "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" && aws_lambda_function.collector.s3_key == "signed/collector.zip"
    error_message = "the signed package and the configuration that asks for it"
  }
}

run "accepts_an_environment_of_4096_bytes" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    collector = merge(var.collector, { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], https_proxy = "http://proxy.example.com:3128", no_proxy = substr(join("", [for n in range(1000) : "nnnn"]), 0, 3522), ca_bundle = null } })
  }

  assert {
    condition     = length(jsonencode(aws_lambda_function.collector.environment[0].variables)) == 4096
    error_message = "as Lambda measures it: ${length(jsonencode(aws_lambda_function.collector.environment[0].variables))}"
  }
}

run "a_long_prefix_leaves_descriptions_that_aws_accepts" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    bucket = merge(var.bucket, {
      name      = join("", [for n in range(63) : "b"])
      arn       = "arn:aws:s3:::${join("", [for n in range(63) : "b"])}"
      prefix    = "${join("", [for n in range(899) : "p"])}/"
      state_key = "state.json"
    })
  }

  assert {
    condition     = length(aws_lambda_function.collector.description) == 256 && startswith(aws_lambda_function.collector.description, "Copies Zoom's operation logs to s3://bbb")
    error_message = "the function's: ${aws_lambda_function.collector.description}"
  }

  assert {
    condition     = length(aws_iam_role.collector.description) == 1000 && length(aws_iam_policy.writer.description) == 1000
    error_message = "the role's and the policy's: ${aws_iam_role.collector.description}; ${aws_iam_policy.writer.description}"
  }
}

run "accepts_a_package_built_from_its_sources" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    lambda_directory = "tests/fixtures/packages/fresh"
  }

  assert {
    condition     = aws_lambda_function.collector.source_code_hash == base64sha256("zip")
    error_message = "the hash of the zip decides on an update"
  }
}

run "accepts_a_file_of_the_callers_unchecked" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    lambda_directory = "tests/fixtures/packages/edited_source"
    package          = { filename = "tests/fixtures/packages/other_zip/dist/collector.zip", s3_bucket = null, s3_key = null, s3_object_version = null, sha256 = null }
  }

  assert {
    condition     = aws_lambda_function.collector.filename == "tests/fixtures/packages/other_zip/dist/collector.zip" && aws_lambda_function.collector.source_code_hash == base64sha256("another zip")
    error_message = "the caller's file runs"
  }
}

run "accepts_an_object_in_s3" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    lambda_directory = "tests/fixtures/packages/without_zip"
    package          = { s3_bucket = "packages", s3_key = "collector.zip", s3_object_version = "7", filename = null, sha256 = "hash of the object" }
  }

  assert {
    condition     = aws_lambda_function.collector.s3_bucket == "packages" && aws_lambda_function.collector.s3_key == "collector.zip" && aws_lambda_function.collector.s3_object_version == "7"
    error_message = "the object in S3 runs"
  }

  assert {
    condition     = aws_lambda_function.collector.filename == null && aws_lambda_function.collector.source_code_hash == "hash of the object"
    error_message = "and no file; its hash decides on an update"
  }
}

run "every_arn_is_of_the_partition" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    bucket    = merge(var.bucket, { arn = "arn:aws-us-gov:s3:::zoom-operation-logs" })
    collector = merge(var.collector, { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], https_proxy = null, no_proxy = null, ca_bundle = null } })
    account   = merge(var.account, { region = "us-gov-west-1", partition = "aws-us-gov" })
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
    error_message = "no ARN is written for one partition only"
  }

  assert {
    condition     = strcontains(aws_iam_policy.writer.policy, "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:/aws/lambda/zoom_operationlogs_to_s3:*")
    error_message = "and of the region"
  }
}

# KMS names the service that asks it as the partition writes its addresses.
run "kms_is_asked_by_the_partitions_services" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    bucket  = merge(var.bucket, { arn = "arn:aws-iso:s3:::zoom-operation-logs" })
    account = merge(var.account, { region = "us-iso-east-1", partition = "aws-iso", dns_suffix = "c2s.ic.gov" })
    kms_key = { arn = "arn:aws-iso:kms:us-iso-east-1:111122223333:key/1234" }
  }

  assert {
    condition = toset(flatten([for policy in [aws_iam_role_policy.keys[0].policy, aws_iam_role_policy.scheduler_key[0].policy] :
      [for statement in jsondecode(policy).Statement : lookup(statement.Condition.StringLike, "kms:ViaService", [])]
    ])) == toset(["s3.us-iso-east-1.c2s.ic.gov", "secretsmanager.us-iso-east-1.c2s.ic.gov", "sqs.us-iso-east-1.c2s.ic.gov"])
    error_message = "the collector and the scheduler use the key through the region's services"
  }
}

run "other_hosts_are_allowed_by_a_variable" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    zoom = merge(var.zoom, { allow_other_hosts = true })
  }

  assert {
    condition     = aws_lambda_function.collector.environment[0].variables.ZOOM_ALLOW_OTHER_HOSTS == "true"
    error_message = "the environment: ${jsonencode(aws_lambda_function.collector.environment[0].variables)}"
  }
}
