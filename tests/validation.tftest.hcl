# Every validation of the module's inputs has a run that it rejects; the accepts_… runs hold the values at the edge.
# The runs look at ./tests/fixtures/inputs, whose variables.tf is the module's own (a link): without resources and
# provider a run takes milliseconds.

variables {
  bucket_name = "zoom-operation-logs"
}

run "rejects_bucket_name_in_upper_case" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "Zoom-Logs"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_of_two_letters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "zz"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_of_64_letters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_with_underscore" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "zoom_logs"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_ending_in_hyphen" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "zoom-logs-"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_with_two_dots" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "zoom..logs"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_like_an_ip_address" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "192.168.5.4"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_with_a_reserved_beginning" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "xn--zoom"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_bucket_name_with_a_reserved_ending" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "zoom-s3alias"
  }

  expect_failures = [var.bucket_name]
}

run "rejects_name_prefix_of_31_letters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
  }

  expect_failures = [var.name_prefix]
}

run "rejects_name_prefix_with_a_dot" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "emea."
  }

  expect_failures = [var.name_prefix]
}

run "rejects_tag_of_aws" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { "AWS:owner" = "soc" }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_with_empty_key" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { "" = "soc" }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_value_of_257_letters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { owner = "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv" }
  }

  expect_failures = [var.tags]
}

run "rejects_more_than_50_tags" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { for n in range(51) : "tag-${n}" => "x" }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_value_that_iam_refuses" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { owner = "R&D (security), #1" }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_key_that_iam_refuses" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { "owner#1" = "soc" }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_without_value" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { owner = null }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_keys_that_differ_in_case_alone" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { Owner = "soc", owner = "soc" }
  }

  expect_failures = [var.tags]
}

run "rejects_tag_key_of_129_letters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { (join("", [for n in range(129) : "k"])) = "soc" }
  }

  expect_failures = [var.tags]
}

run "rejects_iam_path_without_slashes" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    iam_path = "security"
  }

  expect_failures = [var.iam_path]
}

run "rejects_iam_path_without_last_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    iam_path = "/security"
  }

  expect_failures = [var.iam_path]
}

run "rejects_permissions_boundary_that_is_no_policy" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:role/boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "rejects_kms_alias" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:alias/zoom" }
  }

  expect_failures = [var.kms_key]
}

run "rejects_kms_key_id_without_arn" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    kms_key = { arn = "1234abcd-12ab-34cd-56ef-1234567890ab" }
  }

  expect_failures = [var.kms_key]
}

run "rejects_prefix_without_last_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "zoom/operationlogs" }
  }

  expect_failures = [var.bucket]
}

run "rejects_prefix_with_first_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "/zoom/operationlogs/" }
  }

  expect_failures = [var.bucket]
}

run "rejects_empty_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "" }
  }

  expect_failures = [var.bucket]
}

run "rejects_prefix_with_wildcard" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "zoom/*/" }
  }

  expect_failures = [var.bucket]
}

run "rejects_prefix_with_empty_folder" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "zoom//logs/" }
  }

  expect_failures = [var.bucket]
}

run "rejects_prefix_with_parent_folder" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "zoom/../" }
  }

  expect_failures = [var.bucket]
}

run "rejects_prefix_of_901_letters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp/" }
  }

  expect_failures = [var.bucket]
}

run "rejects_state_key_that_is_a_folder" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { state_key = "zoom/state/" }
  }

  expect_failures = [var.bucket]
}

run "rejects_state_key_with_first_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { state_key = "/zoom/state.json" }
  }

  expect_failures = [var.bucket]
}

run "rejects_state_key_with_wildcard" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { state_key = "zoom/*.json" }
  }

  expect_failures = [var.bucket]
}

run "rejects_state_key_of_the_guide_under_the_feeds_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { state_key = "zoom/operationlogs/state.json" }
  }

  expect_failures = [var.bucket]
}

run "rejects_state_key_in_a_folder_under_the_feeds_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "zoom/", state_key = "zoom/state/state.json" }
  }

  expect_failures = [var.bucket]
}

run "rejects_expiration_before_zoom_forgets" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { expiration_days = 199 }
  }

  expect_failures = [var.bucket]
}

run "rejects_expiration_in_half_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { expiration_days = 200.5 }
  }

  expect_failures = [var.bucket]
}

run "rejects_noncurrent_expiration_before_zoom_forgets" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { noncurrent_expiration_days = 199 }
  }

  expect_failures = [var.bucket]
}

run "rejects_uploads_aborted_at_once" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { abort_incomplete_upload_days = 0 }
  }

  expect_failures = [var.bucket]
}

run "rejects_http_address" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { api_url = "http://api.zoom.us/v2" }
  }

  expect_failures = [var.zoom]
}

run "rejects_address_with_slash_at_the_end" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { api_url = "https://api.zoom.us/v2/" }
  }

  expect_failures = [var.zoom]
}

run "rejects_address_without_scheme" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { oauth_url = "zoom.us/oauth/token" }
  }

  expect_failures = [var.zoom]
}

run "rejects_address_that_only_begins_like_localhost" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { api_url = "http://127.0.0.1.example.com/v2" }
  }

  expect_failures = [var.zoom]
}

run "rejects_address_with_credentials" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { oauth_url = "https://user:password@zoom.us/oauth/token" }
  }

  expect_failures = [var.zoom]
}

run "rejects_government_and_commercial_addresses_together" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { api_url = "https://api.zoomgov.com/v2" }
  }

  expect_failures = [var.zoom]
}

run "rejects_page_size_of_0" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { page_size = 0 }
  }

  expect_failures = [var.zoom]
}

run "rejects_page_size_of_301" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { page_size = 301 }
  }

  expect_failures = [var.zoom]
}

run "rejects_page_size_of_half_a_row" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { page_size = 1.5 }
  }

  expect_failures = [var.zoom]
}

run "rejects_http_timeout_of_0" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { timeout_seconds = 0 }
  }

  expect_failures = [var.zoom]
}

run "rejects_http_timeout_as_long_as_the_run" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { timeout_seconds = 300 }
  }

  expect_failures = [var.zoom]
}

run "rejects_http_timeout_of_301_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { timeout_seconds = 900 }
    zoom      = { timeout_seconds = 301 }
  }

  expect_failures = [var.zoom]
}

run "rejects_lookback_of_0_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { lookback_days = 0 }
  }

  expect_failures = [var.zoom]
}

run "rejects_lookback_of_29_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { lookback_days = 29 }
  }

  expect_failures = [var.zoom]
}

run "rejects_reconcile_every_0_hours" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { reconcile_hours = 0 }
  }

  expect_failures = [var.zoom]
}

run "rejects_reconcile_every_25_hours" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { reconcile_hours = 25 }
  }

  expect_failures = [var.zoom]
}

run "rejects_start_date_in_another_order" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { start_date = "31-01-2026" }
  }

  expect_failures = [var.zoom]
}

run "rejects_start_date_that_no_calendar_has" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { start_date = "2026-02-30" }
  }

  expect_failures = [var.zoom]
}

run "rejects_empty_start_date" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { start_date = "" }
  }

  expect_failures = [var.zoom]
}

run "rejects_credentials_version_of_0" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom             = { credentials_version = 0 }
    zoom_credentials = { account_id = "a", client_id = "b", client_secret = "c" }
  }

  expect_failures = [var.zoom]
}

run "rejects_credentials_for_a_secret_of_the_callers" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom             = { credentials_version = 1 }
    zoom_credentials = { account_id = "a", client_id = "b", client_secret = "c" }
    secret           = { existing = { arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf" } }
  }

  expect_failures = [var.zoom]
}

run "rejects_credentials_without_version" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom_credentials = { account_id = "a", client_id = "b", client_secret = "c" }
  }

  expect_failures = [var.zoom_credentials]
}

run "rejects_credentials_version_without_credentials" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom = { credentials_version = 1 }
  }

  expect_failures = [var.zoom_credentials]
}

run "rejects_placeholder_credentials" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom             = { credentials_version = 1 }
    zoom_credentials = { account_id = "<your-zoom-account-id>", client_id = "b", client_secret = "c" }
  }

  expect_failures = [var.zoom_credentials]
}

run "rejects_empty_client_secret" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom             = { credentials_version = 1 }
    zoom_credentials = { account_id = "a", client_id = "b", client_secret = "" }
  }

  expect_failures = [var.zoom_credentials]
}

run "rejects_secret_arn_without_its_last_characters" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    secret = { existing = { arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom" } }
  }

  expect_failures = [var.secret]
}

run "rejects_secret_name_for_its_arn" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    secret = { existing = { arn = "zoom" } }
  }

  expect_failures = [var.secret]
}

run "rejects_alias_as_the_secrets_key" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    secret = { existing = { arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf", kms_key = { arn = "alias/zoom" } } }
  }

  expect_failures = [var.secret]
}

run "rejects_secret_name_with_a_space" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    secret = { name = "zoom credentials" }
  }

  expect_failures = [var.secret]
}

run "rejects_recovery_window_of_6_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    secret = { recovery_window_days = 6 }
  }

  expect_failures = [var.secret]
}

run "rejects_recovery_window_of_31_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    secret = { recovery_window_days = 31 }
  }

  expect_failures = [var.secret]
}

run "rejects_function_name_with_a_dot" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { function_name = "zoom.logs" }
  }

  expect_failures = [var.collector]
}

run "rejects_role_name_with_a_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { role_name = "a/b" }
  }

  expect_failures = [var.collector]
}

run "rejects_policy_name_with_a_space" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { policy_name = "a b" }
  }

  expect_failures = [var.collector]
}

run "rejects_unknown_architecture" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { architecture = "arm" }
  }

  expect_failures = [var.collector]
}

run "rejects_memory_of_127_mb" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { memory_mb = 127 }
  }

  expect_failures = [var.collector]
}

run "rejects_memory_of_10241_mb" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { memory_mb = 10241 }
  }

  expect_failures = [var.collector]
}

run "rejects_timeout_of_59_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { timeout_seconds = 59 }
  }

  expect_failures = [var.collector]
}

run "rejects_timeout_of_901_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { timeout_seconds = 901 }
  }

  expect_failures = [var.collector]
}

run "rejects_reserved_concurrency_of_0" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { reserved_concurrency = 0 }
  }

  expect_failures = [var.collector]
}

run "rejects_event_age_of_59_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { max_event_age_seconds = 59 }
  }

  expect_failures = [var.collector]
}

run "rejects_event_age_of_21601_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { max_event_age_seconds = 21601 }
  }

  expect_failures = [var.collector]
}

run "rejects_log_level_that_drops_metrics" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { log_level = "WARNING" }
  }

  expect_failures = [var.collector]
}

run "rejects_log_retention_that_cloudwatch_lacks" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { log_retention_days = 100 }
  }

  expect_failures = [var.collector]
}

run "rejects_metrics_namespace_of_aws" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { metrics_namespace = "AWS/Lambda" }
  }

  expect_failures = [var.collector]
}

run "rejects_metrics_namespace_with_a_space" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { metrics_namespace = "Zoom Logs" }
  }

  expect_failures = [var.collector]
}

run "rejects_function_name_too_long_with_its_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    collector   = { function_name = "fffffffffffffffffffffffffffffffffff" }
  }

  expect_failures = [var.collector]
}

run "rejects_role_name_too_long_with_its_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    collector   = { role_name = "fffffffffffffffffffffffffffffffffff" }
  }

  expect_failures = [var.collector]
}

run "rejects_schedule_name_with_a_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { name = "default/zoom" }
  }

  expect_failures = [var.schedule]
}

run "rejects_schedule_role_name_with_a_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { role_name = "a/b" }
  }

  expect_failures = [var.schedule]
}

run "rejects_queue_name_with_a_dot" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { dead_letter_queue_name = "zoom.fifo" }
  }

  expect_failures = [var.schedule]
}

run "rejects_rate_without_unit" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "rate(15)" }
  }

  expect_failures = [var.schedule]
}

run "rejects_rate_of_0" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "rate(0 minutes)" }
  }

  expect_failures = [var.schedule]
}

run "rejects_unix_cron_of_five_fields" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "cron(*/15 * * * *)" }
  }

  expect_failures = [var.schedule]
}

run "rejects_bare_words" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "15 minutes" }
  }

  expect_failures = [var.schedule]
}

run "rejects_at_without_time" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "at(2026-01-31)" }
  }

  expect_failures = [var.schedule]
}

run "rejects_time_zone_as_an_offset" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { timezone = "+02:00" }
  }

  expect_failures = [var.schedule]
}

run "rejects_flexible_window_of_0" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { flexible_window_minutes = 0 }
  }

  expect_failures = [var.schedule]
}

run "rejects_flexible_window_of_1441" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { flexible_window_minutes = 1441 }
  }

  expect_failures = [var.schedule]
}

run "rejects_fewer_than_0_retries" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { retry_attempts = -1 }
  }

  expect_failures = [var.schedule]
}

run "rejects_more_than_185_retries" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { retry_attempts = 186 }
  }

  expect_failures = [var.schedule]
}

run "rejects_undelivered_age_of_59_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { max_event_age_seconds = 59 }
  }

  expect_failures = [var.schedule]
}

run "rejects_undelivered_age_of_86401_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { max_event_age_seconds = 86401 }
  }

  expect_failures = [var.schedule]
}

run "rejects_schedule_name_too_long_with_its_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    schedule    = { name = "sssssssssssssssssssssssssssssssssss" }
  }

  expect_failures = [var.schedule]
}

run "rejects_empty_package" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    package = {}
  }

  expect_failures = [var.package]
}

run "rejects_package_from_two_places" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    package = { filename = "a.zip", s3_bucket = "b", s3_key = "k" }
  }

  expect_failures = [var.package]
}

run "rejects_package_in_s3_without_key" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    package = { s3_bucket = "b" }
  }

  expect_failures = [var.package]
}

run "rejects_package_in_s3_without_bucket" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    package = { s3_key = "k" }
  }

  expect_failures = [var.package]
}

run "rejects_version_of_a_file" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    package = { filename = "a.zip", s3_object_version = "1" }
  }

  expect_failures = [var.package]
}

run "rejects_unknown_reader_mode" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { mode = "key" }
  }

  expect_failures = [var.reader]
}

run "rejects_reader_name_with_a_space" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { name = "secops reader" }
  }

  expect_failures = [var.reader]
}

run "rejects_reader_policy_name_with_a_slash" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { policy_name = "a/b" }
  }

  expect_failures = [var.reader]
}

run "rejects_reader_role_for_anybody_at_google" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { mode = "role" }
  }

  expect_failures = [var.reader]
}

run "rejects_reader_subject_that_is_an_address" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { mode = "role", subject_id = "feed@example.com" }
  }

  expect_failures = [var.reader]
}

run "rejects_federated_principal_of_another_provider" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { federated_principal = "arn:aws:iam::111122223333:oidc-provider/example.com" }
  }

  expect_failures = [var.reader]
}

run "rejects_reader_key_secret_name_with_a_space" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { key_secret_name = "reader key" }
  }

  expect_failures = [var.reader]
}

run "rejects_reader_key_secret_name_over_512_with_the_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "emea-"
    reader      = { key_secret_name = join("", [for _ in range(508) : "k"]) }
  }

  expect_failures = [var.reader]
}

run "accepts_reader_key_secret_name_of_512_with_the_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "emea-"
    reader      = { key_secret_name = join("", [for _ in range(507) : "k"]) }
  }
}

run "rejects_access_key_of_a_role" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { mode = "role", subject_id = "1234567890", access_key = { pgp_key = "${join("", [for _ in range(25) : "bm90YWtl"])}" } }
  }

  expect_failures = [var.reader]
}

run "rejects_pgp_key_that_is_armoured" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { access_key = { pgp_key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${join("", [for _ in range(25) : "bm90YWtl"])}\n-----END PGP PUBLIC KEY BLOCK-----" } }
  }

  expect_failures = [var.reader]
}

run "rejects_pgp_key_by_keybase_name" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { access_key = { pgp_key = "keybase:soc" } }
  }

  expect_failures = [var.reader]
}

run "accepts_pgp_key_in_base64" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    reader = { access_key = { pgp_key = "${join("", [for _ in range(25) : "bm90YWtl"])}" } }
  }
}

run "rejects_feed_source_type_of_older_feeds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { source_type = "AMAZON_SQS" }
  }

  expect_failures = [var.feed]
}

run "rejects_feed_queue_name_of_a_fifo_queue" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { source_type = "AMAZON_SQS_V2", queue_name = "zoom.fifo" }
  }

  expect_failures = [var.feed]
}

run "rejects_feed_queue_name_over_80_with_the_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "emea-"
    feed        = { queue_name = join("", [for _ in range(76) : "q"]) }
  }

  expect_failures = [var.feed]
}

run "accepts_feed_queue_name_of_80_with_the_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "emea-"
    feed        = { queue_name = join("", [for _ in range(75) : "q"]) }
  }
}

run "rejects_feed_instance_that_is_a_customer_id_alone" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { instance = "01234567-89ab-4cde-8f01-23456789abcd" }
  }

  expect_failures = [var.feed]
}

run "accepts_feed_instance_of_a_tenant" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { instance = "projects/soc/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd" }
  }
}

run "rejects_feed_label_without_value" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { labels = { env = "" } }
  }

  expect_failures = [var.feed]
}

run "rejects_feed_namespace_that_is_empty" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { namespace = "" }
  }

  expect_failures = [var.feed]
}

run "rejects_feed_without_name" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { name = " " }
  }

  expect_failures = [var.feed]
}

run "rejects_deletion_option_of_older_feeds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { deletion_option = "SOURCE_DELETION_NEVER" }
  }

  expect_failures = [var.feed]
}

run "rejects_feed_lookback_of_0_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { max_lookback_days = 0 }
  }

  expect_failures = [var.feed]
}

run "rejects_feed_lookback_of_181_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    feed = { max_lookback_days = 181 }
  }

  expect_failures = [var.feed]
}

run "rejects_deleting_feed_without_versions" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { versioning = false }
    feed   = { deletion_option = "ON_SUCCESS" }
  }

  expect_failures = [var.feed]
}

run "rejects_transition_to_a_class_not_read_at_once" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 90, storage_class = "DEEP_ARCHIVE" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_to_one_zone" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 90, storage_class = "ONEZONE_IA" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_to_standard_ia_before_30_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 29, storage_class = "STANDARD_IA" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_before_it_is_written" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = -1, storage_class = "GLACIER_IR" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_after_half_a_day" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 0.5, storage_class = "INTELLIGENT_TIERING" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_twice_to_one_class" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 30, storage_class = "GLACIER_IR" }, { days = 90, storage_class = "GLACIER_IR" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_back_to_standard_ia" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 0, storage_class = "INTELLIGENT_TIERING" }, { days = 30, storage_class = "STANDARD_IA" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_back_from_glacier" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 30, storage_class = "GLACIER_IR" }, { days = 60, storage_class = "INTELLIGENT_TIERING" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transitions_on_one_day" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 90, storage_class = "INTELLIGENT_TIERING" }, { days = 90, storage_class = "GLACIER_IR" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_29_days_after_standard_ia" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 59, storage_class = "GLACIER_IR" }] }
  }

  expect_failures = [var.bucket]
}

run "accepts_transitions_down_the_waterfall_in_any_order" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { transitions = [{ days = 61, storage_class = "GLACIER_IR" }, { days = 30, storage_class = "STANDARD_IA" }, { days = 60, storage_class = "INTELLIGENT_TIERING" }] }
  }
}

run "rejects_transition_of_what_has_expired" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { expiration_days = 200, transitions = [{ days = 200, storage_class = "GLACIER_IR" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_access_logs_into_the_bucket_itself" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { access_logs = { bucket = "zoom-operation-logs" } }
  }

  expect_failures = [var.bucket]
}

run "rejects_access_logs_into_no_bucket" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { access_logs = { bucket = "s3://logs" } }
  }

  expect_failures = [var.bucket]
}

run "rejects_access_logs_of_a_bucket_that_exists" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { create = false, access_logs = { bucket = "logs" } }
  }

  expect_failures = [var.bucket]
}

run "rejects_transition_in_a_bucket_that_exists" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { create = false, transitions = [{ days = 90, storage_class = "GLACIER_IR" }] }
  }

  expect_failures = [var.bucket]
}

run "rejects_expiry_in_a_bucket_that_exists" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { create = false, expiration_days = 400 }
  }

  expect_failures = [var.bucket]
}

run "rejects_code_signing_by_name" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { code_signing_config_arn = "my-signing-config" }
    package   = { s3_bucket = "packages", s3_key = "signed.zip" }
  }

  expect_failures = [var.collector]
}

run "rejects_code_signing_of_the_committed_package" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { code_signing_config_arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
  }

  expect_failures = [var.collector]
}

run "rejects_code_signing_of_a_file" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { code_signing_config_arn = "arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0" }
    package   = { filename = "collector.zip" }
  }

  expect_failures = [var.collector]
}

run "rejects_vpc_without_subnets" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = [], security_group_ids = ["sg-1"] } }
  }

  expect_failures = [var.collector]
}

run "rejects_vpc_with_17_subnets" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = [for n in range(17) : "subnet-${n}"], security_group_ids = ["sg-1"] } }
  }

  expect_failures = [var.collector]
}

run "rejects_vpc_without_security_groups" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = [] } }
  }

  expect_failures = [var.collector]
}

run "rejects_vpc_with_6_security_groups" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = [for n in range(6) : "sg-${n}"] } }
  }

  expect_failures = [var.collector]
}

run "rejects_vpc_with_ids_exchanged" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["sg-1"], security_group_ids = ["subnet-1"] } }
  }

  expect_failures = [var.collector]
}

run "rejects_proxy_with_a_password" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], https_proxy = "http://zoom:hush@proxy:3128" } }
  }

  expect_failures = [var.collector]
}

run "rejects_proxy_without_scheme" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], https_proxy = "proxy:3128" } }
  }

  expect_failures = [var.collector]
}

run "rejects_no_proxy_without_proxy" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], no_proxy = ".internal" } }
  }

  expect_failures = [var.collector]
}

run "rejects_no_proxy_with_spaces" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    collector = { vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"], https_proxy = "http://proxy:3128", no_proxy = "a, b" } }
  }

  expect_failures = [var.collector]
}

run "rejects_topic_by_its_name" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { topic_arns = ["alerts"] }
  }

  expect_failures = [var.monitoring]
}

run "rejects_fifo_topic" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { topic_arns = ["arn:aws:sns:eu-west-1:111122223333:alerts.fifo"] }
  }

  expect_failures = [var.monitoring]
}

run "rejects_six_topics" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { topic_arns = [for n in range(6) : "arn:aws:sns:eu-west-1:111122223333:alerts-${n}"] }
  }

  expect_failures = [var.monitoring]
}

run "rejects_topic_name_with_a_dot" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { topic_name = "zoom.alarms" }
  }

  expect_failures = [var.monitoring]
}

run "rejects_topic_name_of_249_letters_with_prefix" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix = "a-"
    monitoring  = { topic_name = join("", [for n in range(247) : "t"]) }
  }

  expect_failures = [var.monitoring]
}

run "rejects_email_without_domain" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { emails = ["soc"] }
  }

  expect_failures = [var.monitoring]
}

run "rejects_email_twice" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { emails = ["soc@example.com", "soc@example.com"] }
  }

  expect_failures = [var.monitoring]
}

run "rejects_emails_beside_a_topic_of_the_callers" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { topic_arns = ["arn:aws:sns:eu-west-1:111122223333:alerts"], emails = ["soc@example.com"] }
  }

  expect_failures = [var.monitoring]
}

run "rejects_silence_of_14_minutes" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(5 minutes)" }
    collector  = { timeout_seconds = 60 }
    monitoring = { silence_minutes = 14 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_silence_of_more_than_seven_days" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { silence_minutes = 10081 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_silence_of_half_minutes" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { silence_minutes = 45.5 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_cron_without_silence_minutes" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "cron(0/15 * * * ? *)" }
  }

  expect_failures = [var.monitoring]
}

run "rejects_silence_shorter_than_the_interval" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(1 hour)" }
    monitoring = { silence_minutes = 69 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_silence_shorter_than_interval_and_window" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(15 minutes)", flexible_window_minutes = 10 }
    monitoring = { silence_minutes = 34 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_silence_shorter_than_interval_and_timeout" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(15 minutes)" }
    collector  = { timeout_seconds = 841 }
    monitoring = { silence_minutes = 34 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_schedule_rarer_than_cloudwatch_oversees" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "rate(3 days)" }
  }

  expect_failures = [var.monitoring]
}

run "rejects_behind_hours_of_one" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { behind_hours = 1 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_behind_hours_of_145" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { behind_hours = 145 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_no_failed_run" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { failed_runs_per_hour = 0 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_thirteen_failed_runs" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { failed_runs_per_hour = 13 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_no_margin" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { timeout_margin_seconds = 0 }
  }

  expect_failures = [var.monitoring]
}

run "rejects_margin_of_16_seconds" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    monitoring = { timeout_margin_seconds = 16 }
  }

  expect_failures = [var.monitoring]
}

run "accepts_the_lowest_and_shortest" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name = "z-1"
    name_prefix = ""
    tags        = { o = "" }
    iam_path    = "/"
    bucket = {
      prefix                       = "z/"
      state_key                    = "z"
      expiration_days              = 200
      noncurrent_expiration_days   = 200
      abort_incomplete_upload_days = 1
      transitions                  = [{ days = 0, storage_class = "INTELLIGENT_TIERING" }, { days = 1, storage_class = "GLACIER_IR" }]
      access_logs                  = { bucket = "log", prefix = "" }
    }
    zoom      = { page_size = 1, timeout_seconds = 1, lookback_days = 1, reconcile_hours = 1, start_date = "2024-02-29", oauth_url = "http://127.0.0.1:8080/oauth/token", api_url = "http://localhost/v2" }
    secret    = { recovery_window_days = 0 }
    collector = { memory_mb = 128, timeout_seconds = 60, reserved_concurrency = 1, max_event_age_seconds = 60, log_retention_days = 0, metrics_namespace = "Z", vpc = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] } }
    schedule  = { expression = "rate(1 minute)", flexible_window_minutes = 1, retry_attempts = 0, max_event_age_seconds = 60 }
    package   = { filename = "collector.zip" }
    reader    = { mode = "none" }
    feed      = { max_lookback_days = 1 }

    monitoring = { topic_arns = [], silence_minutes = 15, behind_hours = 2, failed_runs_per_hour = 1, timeout_margin_seconds = 1 }
  }
}

run "accepts_the_highest_and_longest" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket_name              = "z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z.z"
    name_prefix              = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    tags                     = { for n in range(50) : "${format("%02d", n)}-kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" => "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv" }
    iam_path                 = "/security/zoom/"
    permissions_boundary_arn = "arn:aws-us-gov:iam::111122223333:policy/security/boundary"
    kms_key                  = { arn = "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab" }
    bucket = {
      prefix                     = "ppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp/"
      state_key                  = "state/ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss"
      expiration_days            = 3650
      noncurrent_expiration_days = 3650
      transitions                = [{ days = 3649, storage_class = "GLACIER_IR" }]
    }
    zoom      = { page_size = 300, timeout_seconds = 300, lookback_days = 28, reconcile_hours = 24, start_date = "2026-12-31", oauth_url = "https://zoomgov.com/oauth/token", api_url = "https://api.zoomgov.com/v2" }
    secret    = { recovery_window_days = 30, existing = { arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:zoom/oauth-AbCdEf", kms_key = { arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" } } }
    collector = { function_name = "ffffffffffffffffffffffffffffffffff", role_name = "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", policy_name = "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp", architecture = "arm64", memory_mb = 10240, timeout_seconds = 900, reserved_concurrency = 1000, max_event_age_seconds = 21600, log_level = "DEBUG", tracing = true, code_signing_config_arn = "arn:aws-us-gov:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0", vpc = { subnet_ids = [for n in range(16) : "subnet-${n}"], security_group_ids = [for n in range(5) : "sg-${n}"], https_proxy = "http://proxy.example.com:3128", no_proxy = "169.254.0.0/16,.internal,*.example.com" }, log_retention_days = 3653, metrics_namespace = "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN" }
    schedule  = { name = "ssssssssssssssssssssssssssssssssss", role_name = "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", dead_letter_queue_name = "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", expression = "cron(0/15 * * * ? *)", timezone = "America/Argentina/Buenos_Aires", flexible_window_minutes = 1440, retry_attempts = 185, max_event_age_seconds = 86400 }
    package   = { s3_bucket = "packages", s3_key = "collector.zip", s3_object_version = "1" }
    reader    = { mode = "role", name = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn", policy_name = "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp", subject_id = "1234567890", federated_principal = "arn:aws-us-gov:iam::111122223333:oidc-provider/accounts.google.com" }
    feed      = { deletion_option = "ON_SUCCESS", max_lookback_days = 180, namespace = "emea", labels = { env = "prod" } }

    monitoring = { topic_arns = [for n in range(5) : "arn:aws-us-gov:sns:us-gov-west-1:111122223333:alerts-${n}"], topic_name = join("", [for n in range(218) : "t"]), each_alarm_notifies = true, silence_minutes = 10080, behind_hours = 144, failed_runs_per_hour = 12, timeout_margin_seconds = 15 }
  }
}

run "accepts_tags_of_all_characters_that_iam_takes" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    tags = { "Größe 1_.:/=+-@" = "équipe 東京 2_.:/=+-@" }
  }
}

run "accepts_credentials_with_their_version" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    zoom             = { credentials_version = 1 }
    zoom_credentials = { account_id = "a", client_id = "b", client_secret = "c" }
  }
}

run "accepts_a_one_time_schedule" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule = { expression = "at(2026-01-31T12:00:00)" }
  }
}

run "accepts_the_rarest_schedule_that_is_overseen_by_default" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(2 days)" }
    monitoring = { emails = ["soc@example.com", "on-call@example.com"] }
  }
}

run "accepts_silence_of_the_longest_pause_between_two_runs" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(15 minutes)", flexible_window_minutes = 10 }
    collector  = { timeout_seconds = 840 }
    monitoring = { silence_minutes = 44 }
  }
}

run "accepts_the_rarest_schedule_that_is_overseen" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "rate(10070 minutes)" }
    monitoring = { silence_minutes = 10080 }
  }
}

run "accepts_any_schedule_that_nobody_oversees" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    schedule   = { expression = "cron(0 3 1 * ? *)" }
    monitoring = { enabled = false }
  }
}

run "accepts_a_checkpoint_beside_the_records" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { prefix = "zoom/", state_key = "zoom.json" }
  }
}

run "accepts_an_unversioned_bucket_whose_feed_never_deletes" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    bucket = { create = false, versioning = false }
  }
}

run "accepts_null_for_every_input_but_the_bucket" {
  command = plan

  module {
    source = "./tests/fixtures/inputs"
  }

  variables {
    name_prefix              = null
    tags                     = null
    iam_path                 = null
    permissions_boundary_arn = null
    kms_key                  = null
    bucket                   = null
    zoom                     = null
    zoom_credentials         = null
    secret                   = null
    collector                = null
    schedule                 = null
    package                  = null
    reader                   = null
    feed                     = null
  }
}
