# With only a bucket name, everything has the guide's value, or a comment says why not.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  bucket_name = "zoom-operation-logs"
  monitoring  = { emails = ["soc@example.com"] }
}

run "the_values_are_the_guides" {
  command = plan

  variables {
    monitoring = {}
  }

  expect_failures = [check.subscribers]

  # Names

  assert {
    condition     = output.bucket.name == "zoom-operation-logs" && output.bucket.prefix == "zoom/operationlogs/"
    error_message = "the bucket and prefix of the guide"
  }

  # The guide keeps its state under the feed's prefix, where it is ingested as a log: the module's is outside.
  assert {
    condition     = output.bucket.state_key == "zoom/operationlogs-state/state.json"
    error_message = "the checkpoint is outside the feed's prefix"
  }

  assert {
    condition     = output.function.name == "zoom_operationlogs_to_s3"
    error_message = "the function's name"
  }

  assert {
    condition     = output.role.name == "WriteZoomOperationLogsToS3Role"
    error_message = "the function's role"
  }

  assert {
    condition     = output.schedule.name == "zoom-operationlogs-schedule-15min" && output.schedule.expression == "rate(15 minutes)" && output.schedule.interval_minutes == 15 && output.schedule.enabled
    error_message = "the schedule"
  }

  assert {
    condition     = output.reader.mode == "user" && output.reader.name == "secops-reader"
    error_message = "the reader"
  }

  assert {
    condition     = output.secret.created && output.secret.name == "zoom-operationlogs-credentials"
    error_message = "the module creates an empty secret for the credentials"
  }

  # The function's environment: the guide's values, and no secret

  assert {
    condition = jsonencode(output.function.environment) == jsonencode({
      REPORT    = "operationlogs"
      S3_BUCKET = "zoom-operation-logs"
      S3_PREFIX = "zoom/operationlogs/"
      STATE_KEY = "zoom/operationlogs-state/state.json"
      PAGE_SIZE = "300"
      TIMEOUT   = "30"

      S3_SSE = "AES256"

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
    error_message = "the environment: ${jsonencode(output.function.environment)}"
  }

  # The feed, in the order of Google's form

  assert {
    condition = jsonencode(output.secops_feed.form) == jsonencode([
      { field = "Feed name", value = "Zoom Operation Logs" },
      { field = "Source type", value = "Amazon S3 V2" },
      { field = "Log type", value = "Zoom Operation Logs (ZOOM_OPERATION_LOGS)" },
      { field = "S3 URI", value = "s3://zoom-operation-logs/zoom/operationlogs/" },
      { field = "Source deletion option", value = "Never delete files (NEVER)" },
      { field = "Maximum file age (days)", value = "180" },
      { field = "Access key ID", value = "from the secret zoom-operationlogs-reader-key, which `zoomlogs reader-key create` fills" },
      { field = "Secret access key", value = "from the same secret" },
      { field = "Asset namespace", value = "(none)" },
      { field = "Ingestion labels", value = "(none)" },
    ])
    error_message = "the feed's values: ${jsonencode(output.secops_feed.form)}"
  }

  # The feed's body for Google's API

  assert {
    condition = jsonencode(output.secops_feed.body) == jsonencode({
      displayName = "Zoom Operation Logs"
      details = {
        feedSourceType = "AMAZON_S3_V2"
        logType        = "ZOOM_OPERATION_LOGS"
        amazonS3V2Settings = {
          s3Uri                = "s3://zoom-operation-logs/zoom/operationlogs/"
          sourceDeletionOption = "NEVER"
          maxLookbackDays      = 180
        }
      }
    })
    error_message = "the body: ${jsonencode(output.secops_feed.body)}"
  }

  assert {
    condition     = output.secops_feed.key_secret_name == "zoom-operationlogs-reader-key" && output.secops_feed.queue == null && output.secops_feed.instance == null
    error_message = "the access key is in Secrets Manager, and there is no queue"
  }
}

run "the_feed_follows_its_options" {
  command = plan

  variables {
    name_prefix = "emea-"
    reader      = { mode = "role", subject_id = "1234567890" }
    names       = { feed = "Zoom EMEA" }
    feed = {
      deletion_option   = "ON_SUCCESS"
      max_lookback_days = 30
      namespace         = "emea"
      labels            = { env = "prod", team = "soc" }
    }
  }

  assert {
    condition = jsonencode(output.secops_feed.form) == jsonencode([
      { field = "Feed name", value = "Zoom EMEA" },
      { field = "Source type", value = "Amazon S3 V2" },
      { field = "Log type", value = "Zoom Operation Logs (ZOOM_OPERATION_LOGS)" },
      { field = "S3 URI", value = "s3://zoom-operation-logs/zoom/operationlogs/" },
      { field = "Source deletion option", value = "Delete transferred files and empty directories (ON_SUCCESS)" },
      { field = "Maximum file age (days)", value = "30" },
      { field = "AWS IAM role ARN", value = "arn:aws:iam::111122223333:role/emea-secops-reader" },
      { field = "Subject ID", value = "1234567890" },
      { field = "Asset namespace", value = "emea" },
      { field = "Ingestion labels", value = "env=prod, team=soc" },
    ])
    error_message = "the feed's values: ${jsonencode(output.secops_feed.form)}"
  }

  assert {
    condition     = output.function.environment.FEED_DELETES == "true"
    error_message = "the collector's environment says that the feed deletes"
  }
}

run "a_feed_may_have_a_queue" {
  command = plan

  variables {
    name_prefix = "emea-"
    reader      = { mode = "role", subject_id = "1234567890" }
    feed = {
      source_type = "AMAZON_SQS_V2"
      instance    = "projects/soc/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd"
      labels      = { env = "prod" }
      namespace   = "emea"
    }
  }

  assert {
    condition = jsonencode(output.secops_feed.body) == jsonencode({
      displayName = "Zoom Operation Logs"
      details = {
        assetNamespace = "emea"
        feedSourceType = "AMAZON_SQS_V2"
        labels         = { env = "prod" }
        logType        = "projects/soc/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd/logTypes/ZOOM_OPERATION_LOGS"
        amazonSqsV2Settings = {
          queue                = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
          s3Uri                = "s3://zoom-operation-logs/zoom/operationlogs/"
          sourceDeletionOption = "NEVER"
          maxLookbackDays      = 180
          authentication = {
            awsIamRoleAuth = { awsIamRoleArn = "arn:aws:iam::111122223333:role/emea-secops-reader", subjectId = "1234567890" }
          }
        }
      }
    })
    error_message = "the body: ${jsonencode(output.secops_feed.body)}"
  }

  assert {
    condition     = output.secops_feed.queue.name == "emea-zoom-operationlogs-feed" && output.secops_feed.key_secret_name == null && contains(output.secops_feed.form, { field = "SQS queue", value = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed" })
    error_message = "the output has the queue, and a role has no access key"
  }

  assert {
    condition     = jsonencode(output.secops_feed.queue.notification) == jsonencode({ events = ["s3:ObjectCreated:*"], filter_prefix = "zoom/operationlogs/" })
    error_message = "the notification that the owner of another bucket must add"
  }
}

run "without_a_reader_for_zoom_for_government" {
  command = plan

  variables {
    reader = { mode = "none" }
    zoom = {
      oauth_url  = "https://zoomgov.com/oauth/token"
      api_url    = "https://api.zoomgov.com/v2"
      start_date = "2026-01-31"
    }
  }

  assert {
    condition     = output.reader.name == null && output.reader.arn == null && output.reader.policy_arn == null
    error_message = "mode none creates no reader"
  }

  assert {
    condition     = !contains(output.secops_feed.form[*].field, "Access key ID")
    error_message = "mode none has no credentials to enter"
  }

  assert {
    condition     = output.function.environment.START_DATE == "2026-01-31" && output.function.environment.ZOOM_API_URL == "https://api.zoomgov.com/v2" && output.function.environment.ZOOM_OAUTH_URL == "https://zoomgov.com/oauth/token"
    error_message = "zoom's inputs reach the environment"
  }
}
