# A name prefix separates two instances in one account, and a bucket prefix two in one bucket.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

variables {
  monitoring = { emails = ["soc@example.com"] }
}

run "one" {
  command = plan

  variables {
    bucket_name = "zoom-logs-one"
    name_prefix = "one-"
    feed        = { source_type = "AMAZON_SQS_V2" }
  }

  assert {
    condition = alltrue([for name in [
      output.function.name,
      output.role.name,
      output.schedule.name,
      output.schedule.role_name,
      output.dead_letter_queue.name,
      output.secret.name,
      output.reader.name,
      output.secops_feed.queue.name,
      output.secops_feed.key_secret_name,
      output.monitoring.dashboard_name,
      output.monitoring.composite_alarm_name,
      output.monitoring.alarms.silence,
    ] : startswith(name, "one-")]) && output.log_group.name == "/aws/lambda/one-zoom_operationlogs_to_s3"
    error_message = "every name starts with the prefix"
  }

  assert {
    condition     = length(output.monitoring.alarms) == 8 && alltrue([for name in values(output.monitoring.alarms) : startswith(name, "one-zoom_operationlogs_to_s3-")])
    error_message = "every alarm starts with the function's name"
  }
}

run "two" {
  command = plan

  variables {
    bucket_name = "zoom-logs-two"
    name_prefix = "two-"
    feed        = { source_type = "AMAZON_SQS_V2" }
  }

  assert {
    condition = length(setintersection(
      [output.bucket.name, output.function.name, output.role.name, output.schedule.name, output.schedule.role_name, output.dead_letter_queue.name, output.log_group.name, output.secret.name, output.reader.name, output.secops_feed.queue.name, output.secops_feed.key_secret_name, output.monitoring.dashboard_name, output.monitoring.composite_alarm_name],
      [run.one.bucket.name, run.one.function.name, run.one.role.name, run.one.schedule.name, run.one.schedule.role_name, run.one.dead_letter_queue.name, run.one.log_group.name, run.one.secret.name, run.one.reader.name, run.one.secops_feed.queue.name, run.one.secops_feed.key_secret_name, run.one.monitoring.dashboard_name, run.one.monitoring.composite_alarm_name],
    )) == 0
    error_message = "two instances share no name"
  }
}

run "given_names_replace_the_guides" {
  command = plan

  variables {
    bucket_name = "zoom-logs"
    iam_path    = "/security/"
    names = {
      function          = "collect"
      function_role     = "Collect"
      schedule          = "every-quarter"
      schedule_role     = "Tick"
      dead_letter_queue = "lost"
      secret            = "zoom/oauth"
      reader            = "google"
      feed              = "Zoom"
      metrics_namespace = "Security"
    }
  }

  assert {
    condition = jsonencode([output.function.name, output.role.name, output.schedule.name, output.schedule.role_name, output.dead_letter_queue.name, output.secret.name, output.reader.name, output.secops_feed.body.displayName, output.function.environment.POWERTOOLS_METRICS_NAMESPACE]) == jsonencode(
    ["collect", "Collect", "every-quarter", "Tick", "lost", "zoom/oauth", "google", "Zoom", "Security"])
    error_message = "the resources have the given names"
  }
}

run "the_checkpoint_follows_the_prefix_in_a_shared_bucket" {
  command = plan

  variables {
    bucket_name = "zoom-logs"
    name_prefix = "north-"
    bucket      = { create = false, prefix = "zoom/north/operationlogs/" }
  }

  # With another account's checkpoint the collector would miss that account's records.
  assert {
    condition     = output.bucket.state_key == "zoom/north/operationlogs-state/state.json" && output.function.environment.STATE_KEY == output.bucket.state_key
    error_message = "each prefix has its own checkpoint, outside itself: ${output.bucket.state_key}"
  }
}
