# The collector: the function, its permissions, its schedule, its secret, and its package.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

# The root module's arguments with the defaults of its inputs.
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

run "the_defaults_are_the_guides_values" {
  command = plan

  module {
    source = "./modules/collector"
  }

  # The function has the guide's settings

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

  # It has its own log group, with its metrics

  assert {
    condition     = aws_cloudwatch_log_group.collector.name == "/aws/lambda/zoom_operationlogs_to_s3" && aws_cloudwatch_log_group.collector.retention_in_days == 365
    error_message = "the module creates the log group, and its events expire"
  }

  assert {
    condition = (
      aws_lambda_function.collector.logging_config[0].log_format == "JSON" &&
      aws_lambda_function.collector.logging_config[0].log_group == "/aws/lambda/zoom_operationlogs_to_s3" &&
      aws_lambda_function.collector.logging_config[0].application_log_level == "INFO"
    )
    error_message = "logs are JSON, at a level that includes metrics"
  }

  # The writer may write only its prefix

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
    error_message = "without a key there is no permission for one"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role.collector.assume_role_policy).Statement) == jsonencode([{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }])
    error_message = "only Lambda may assume the role"
  }

  # The schedule has its own role

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
    error_message = "a delivery is retried for less than a period, then sent to the dead-letter queue"
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
    error_message = "only schedules in this account may assume the role"
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
    error_message = "the queue is encrypted, at rest and in transit"
  }

  # The secret is created empty

  assert {
    condition     = length(aws_secretsmanager_secret.zoom) == 1 && length(aws_secretsmanager_secret_version.zoom) == 0 && aws_secretsmanager_secret.zoom[0].recovery_window_in_days == 30
    error_message = "a secret without a value"
  }

  # Neither VPC nor tracing

  assert {
    condition     = length(aws_lambda_function.collector.vpc_config) == 0 && aws_lambda_function.collector.tracing_config[0].mode == "PassThrough"
    error_message = "the function's defaults"
  }

  assert {
    condition     = length(aws_iam_role_policy.network) + length(aws_iam_role_policy.tracing) == 0
    error_message = "and no permissions for them"
  }
}

run "the_schedule_and_other_hosts_follow_their_inputs" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    zoom     = merge(var.zoom, { allow_other_hosts = true })
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

  assert {
    condition     = aws_lambda_function.collector.environment[0].variables.ZOOM_ALLOW_OTHER_HOSTS == "true"
    error_message = "the environment: ${jsonencode(aws_lambda_function.collector.environment[0].variables)}"
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
    error_message = "the version is planned, the value is not stored"
  }
}

run "credentials_that_were_replaced_elsewhere_give_a_warning" {
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

run "an_existing_secret_is_only_read" {
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
    error_message = "no secret is created"
  }

  assert {
    condition     = aws_lambda_function.collector.environment[0].variables.ZOOM_SECRET_ID == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-XyZxYz" && jsondecode(aws_iam_role_policy.credentials.policy).Statement[0].Resource == "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-XyZxYz"
    error_message = "the function reads only the caller's secret"
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

run "a_key_encrypts_everything_with_minimal_permissions" {
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
    error_message = "the collector's permissions for the key: ${aws_iam_role_policy.keys[0].policy}"
  }

  assert {
    condition     = length([for name in keys(aws_lambda_function.collector.environment[0].variables) : name if startswith(name, "S3_SSE")]) == 0
    error_message = "writes request no encryption unless the bucket has one"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.scheduler_key[0].policy).Statement) == jsonencode([{
      Sid       = "UseKeyForUndelivered"
      Effect    = "Allow"
      Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource  = "arn:aws:kms:eu-west-1:111122223333:key/1234"
      Condition = { StringLike = { "kms:ViaService" = ["sqs.eu-west-1.amazonaws.com"] } }
    }])
    error_message = "the scheduler's permissions for the key: ${aws_iam_role_policy.scheduler_key[0].policy}"
  }
}

run "writes_request_the_buckets_encryption_and_lock" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    bucket  = merge(var.bucket, { encryption = "aws:kms:dsse", lock = { mode = "GOVERNANCE", days = 90 } })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition = (
      aws_lambda_function.collector.environment[0].variables.S3_SSE == "aws:kms:dsse" &&
      aws_lambda_function.collector.environment[0].variables.S3_SSE_KMS_KEY_ARN == "arn:aws:kms:eu-west-1:111122223333:key/1234" &&
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

run "tags_path_boundary_and_tracing_are_set" {
  command = plan

  module {
    source = "./modules/collector"
  }

  variables {
    collector                = merge(var.collector, { tracing = true })
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

  assert {
    condition     = aws_lambda_function.collector.tracing_config[0].mode == "Active"
    error_message = "the function sends traces"
  }

  assert {
    condition = jsonencode(jsondecode(aws_iam_role_policy.tracing[0].policy).Statement) == jsonencode([
      { Sid = "SendTraces", Effect = "Allow", Action = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource = ["*"] },
    ])
    error_message = "and has the permissions for it"
  }
}

run "lambda_connects_to_the_vpc_and_the_functions_code_may_not" {
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
        ca_bundle          = { layer_arn = "arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:3", path = "/opt/ca-bundle.pem" }
      }
    })
  }

  assert {
    condition     = jsonencode([sort(aws_lambda_function.collector.vpc_config[0].subnet_ids), aws_lambda_function.collector.vpc_config[0].security_group_ids]) == jsonencode([["subnet-1", "subnet-2"], ["sg-1"]])
    error_message = "the function's VPC"
  }

  assert {
    condition     = aws_lambda_function.collector.environment[0].variables.HTTPS_PROXY == "http://proxy.example.com:3128" && aws_lambda_function.collector.environment[0].variables.NO_PROXY == ".amazonaws.com"
    error_message = "the proxy, in the variables that Python's HTTP clients read"
  }

  assert {
    condition     = aws_lambda_function.collector.layers == tolist(["arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:3"])
    error_message = "the layer has the CA bundle"
  }

  assert {
    condition = (
      aws_lambda_function.collector.environment[0].variables.REQUESTS_CA_BUNDLE == "/opt/ca-bundle.pem" &&
      aws_lambda_function.collector.environment[0].variables.AWS_CA_BUNDLE == "/opt/ca-bundle.pem"
    )
    error_message = "requests and boto3 read the CA bundle"
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
    error_message = "the network permissions: ${aws_iam_role_policy.network[0].policy}"
  }
}

run "only_signed_code_runs" {
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
    error_message = "the signed package and the code signing configuration"
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
    error_message = "its length in Lambda's form: ${length(jsonencode(aws_lambda_function.collector.environment[0].variables))}"
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
    error_message = "the hash of the zip triggers an update"
  }
}

run "accepts_the_callers_file_without_a_check" {
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
    error_message = "and no file; its hash triggers an update"
  }
}

run "every_arn_has_the_partition" {
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
    error_message = "no ARN has a fixed partition"
  }

  assert {
    condition     = strcontains(aws_iam_policy.writer.policy, "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:/aws/lambda/zoom_operationlogs_to_s3:*")
    error_message = "and of the region"
  }
}

# kms:ViaService has the partition's DNS suffix.

run "the_key_is_used_through_the_partitions_services" {
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
