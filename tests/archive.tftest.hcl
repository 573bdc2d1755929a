# The bucket: its protection and retention, and that an existing one is not changed.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

# The root module's arguments with the defaults of its inputs.
variables {
  bucket_name = "zoom-operation-logs"
  bucket = {
    create                     = true
    prefix                     = "zoom/operationlogs/"
    state_key                  = null
    versioning                 = true
    encryption                 = null
    force_destroy              = false
    expiration_days            = null
    noncurrent_expiration_days = 200
    transitions                = []
    access_logs_bucket         = null
    lock                       = null
    break_glass_arns           = []
    policy_statements          = []
    further_instances          = []
  }
  queue_name   = null
  writer_arn   = "arn:aws:iam::111122223333:role/collector"
  deleter_arns = []
  account = {
    id         = "111122223333"
    region     = "eu-west-1"
    partition  = "aws"
    dns_suffix = "amazonaws.com"
  }
  kms_key = null
  tags    = {}
}

run "a_new_bucket_protects_and_keeps_its_records" {
  command = plan

  module {
    source = "./modules/archive"
  }

  # Private, versioned and encrypted

  assert {
    condition     = aws_s3_bucket.archive[0].bucket == "zoom-operation-logs" && !aws_s3_bucket.archive[0].force_destroy
    error_message = "the bucket has its name, and a destroy does not delete its records"
  }

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.archive[0].block_public_acls,
      aws_s3_bucket_public_access_block.archive[0].block_public_policy,
      aws_s3_bucket_public_access_block.archive[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.archive[0].restrict_public_buckets,
    ])
    error_message = "public access is blocked in all four ways"
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.archive[0].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs are disabled"
  }

  assert {
    condition     = aws_s3_bucket_versioning.archive[0].versioning_configuration[0].status == "Enabled"
    error_message = "versioning is enabled"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "objects are encrypted with S3 managed keys"
  }

  assert {
    condition     = output.bucket.encryption == "AES256" && !one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).bucket_key_enabled
    error_message = "and each write requests this"
  }

  # Denies plain HTTP, overwriting, customer-provided keys, and everyone but the collector

  assert {
    condition = jsonencode(jsondecode(aws_s3_bucket_policy.archive[0].policy)) == jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "DenyInsecureTransport"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = ["arn:aws:s3:::zoom-operation-logs", "arn:aws:s3:::zoom-operation-logs/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
        {
          Sid       = "DenyOverwriteOfRecords20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:PutObject"
          Resource  = "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"
          Condition = { Null = { "s3:if-none-match" = "true" } }
        },
        {
          Sid       = "DenyCustomerProvidedKeys"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:PutObject"
          Resource  = "arn:aws:s3:::zoom-operation-logs/*"
          Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
        },
        {
          Sid       = "DenyDeletesOfCheckpoint20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:DeleteObject"]
          Resource  = ["arn:aws:s3:::zoom-operation-logs/zoom/operationlogs-state/state.json"]
        },
        {
          Sid       = "DenyDeletesOfRecords20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:DeleteObject"]
          Resource  = ["arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*"]
        },
        {
          Sid       = "DenyDeletesOfVersions20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:DeleteObjectVersion", "s3:ReplicateDelete"]
          Resource  = ["arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*", "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs-state/state.json"]
        },
        {
          Sid       = "DenyHoldsAndBypasses20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"]
          Resource  = ["arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*", "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs-state/state.json"]
        },
        {
          Sid       = "DenyLocksOfOthers20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:PutObjectRetention"]
          Resource  = ["arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*", "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs-state/state.json"]
        },
        {
          Sid       = "DenyPutsOfOthers20915614"
          Effect    = "Deny"
          Principal = "*"
          Action    = ["s3:PutObject", "s3:ReplicateObject", "s3:UpdateObjectEncryption"]
          Resource  = ["arn:aws:s3:::zoom-operation-logs/zoom/operationlogs/*", "arn:aws:s3:::zoom-operation-logs/zoom/operationlogs-state/state.json"]
          Condition = { ArnNotEquals = { "aws:PrincipalArn" = ["arn:aws:iam::111122223333:role/collector"] } }
        },
      ]
    })
    error_message = "the bucket policy: ${aws_s3_bucket_policy.archive[0].policy}"
  }

  # Records stay, and their old versions expire after 200 days

  assert {
    condition = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule : [rule.id, rule.status]]) == jsonencode([
      ["unfinished-uploads", "Enabled"], ["records", "Enabled"], ["checkpoint", "Enabled"],
    ])
    error_message = "the lifecycle rules"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.archive[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "unfinished uploads are aborted after a week"
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].filter[0].prefix == "zoom/operationlogs/" &&
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].expiration[0].expired_object_delete_marker &&
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].noncurrent_version_expiration[0].noncurrent_days == 200
    )
    error_message = "records do not expire; their old versions do, when Zoom no longer has them either"
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[2].filter[0].prefix == "zoom/operationlogs-state/state.json" &&
      length(aws_s3_bucket_lifecycle_configuration.archive[0].rule[2].expiration) == 0 &&
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[2].noncurrent_version_expiration[0].noncurrent_days == 14
    )
    error_message = "old checkpoints expire after two weeks"
  }
}

run "a_key_an_expiry_and_a_lock_are_used" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket  = merge(var.bucket, { expiration_days = 400, force_destroy = true, lock = { mode = "COMPLIANCE", days = 100 } })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" }
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" &&
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).bucket_key_enabled &&
      output.bucket.encryption == "aws:kms"
    )
    error_message = "objects are encrypted with the key, and writes request this"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].expiration[0].days == 400
    error_message = "records expire"
  }

  assert {
    condition     = aws_s3_bucket.archive[0].force_destroy
    error_message = "a destroy deletes the bucket with its records"
  }

  assert {
    condition = (
      aws_s3_bucket_object_lock_configuration.archive[0].bucket == "zoom-operation-logs" &&
      length(aws_s3_bucket_object_lock_configuration.archive[0].rule) == 0
    )
    error_message = "Object Lock is enabled, without a default retention, which would lock the checkpoint"
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement :
      substr(statement.Sid, 0, length(statement.Sid) - 8) => try(statement.Condition.ArnNotEquals["aws:PrincipalArn"], [])
      if startswith(statement.Sid, "DenyLocksOfOthers") || startswith(statement.Sid, "DenyHoldsAndBypasses")
      }) == jsonencode({
      DenyHoldsAndBypasses = []
      DenyLocksOfOthers    = ["arn:aws:iam::111122223333:role/collector"]
    })
    error_message = "only the collector may lock, and nobody may bypass or hold: ${aws_s3_bucket_policy.archive[0].policy}"
  }

  assert {
    condition     = output.bucket.lock == { mode = "COMPLIANCE", days = 100 }
    error_message = "the collector gets the lock's settings"
  }
}

run "dsse_kms_is_the_default_encryption" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket  = merge(var.bucket, { encryption = "aws:kms:dsse" })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" }
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms:dsse" &&
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" &&
      output.bucket.encryption == "aws:kms:dsse"
    )
    error_message = "objects are encrypted twice, with the key"
  }

  assert {
    condition     = !one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).bucket_key_enabled
    error_message = "DSSE-KMS has no S3 Bucket Keys"
  }
}

run "s3_managed_keys_stay_the_default_with_a_kms_key" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket  = merge(var.bucket, { encryption = "AES256" })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" }
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256" &&
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == null &&
      output.bucket.encryption == "AES256"
    )
    error_message = "objects are encrypted with S3 managed keys"
  }
}

run "the_policy_names_its_exceptions" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket       = merge(var.bucket, { break_glass_arns = ["arn:aws:iam::111122223333:role/security/break-glass"] })
    deleter_arns = ["arn:aws:iam::111122223333:user/secops-reader"]
  }

  assert {
    condition = jsonencode({
      for statement in jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement :
      substr(statement.Sid, 0, length(statement.Sid) - 8) => [for arn in statement.Condition.ArnNotEquals["aws:PrincipalArn"] : split("/", arn)[length(split("/", arn)) - 1]]
      if can(statement.Condition.ArnNotEquals)
      }) == jsonencode({
      DenyDeletesOfCheckpoint = ["break-glass"]
      DenyDeletesOfRecords    = ["secops-reader", "break-glass"]
      DenyDeletesOfVersions   = ["break-glass"]
      DenyHoldsAndBypasses    = ["break-glass"]
      DenyLocksOfOthers       = ["break-glass"]
      DenyPutsOfOthers        = ["collector", "break-glass"]
    })
    error_message = "the exceptions: ${aws_s3_bucket_policy.archive[0].policy}"
  }

  assert {
    condition     = output.bucket.break_glass_arns == tolist(["arn:aws:iam::111122223333:role/security/break-glass"])
    error_message = "the output has the break-glass roles"
  }
}

run "a_second_instance_in_the_bucket" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket     = merge(var.bucket, { create = false, prefix = "zoom/second/" })
    writer_arn = "arn:aws:iam::111122223333:role/second"
    queue_name = "second-feed"
  }
}

run "the_instance_that_creates_the_bucket_configures_it_for_all" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket     = merge(var.bucket, { further_instances = [run.a_second_instance_in_the_bucket.bucket.instance], expiration_days = 400, force_destroy = true })
    queue_name = "first-feed"
  }

  assert {
    condition = jsonencode(jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement[*].Sid) == jsonencode(concat(
      jsondecode(run.a_new_bucket_protects_and_keeps_its_records.bucket.policy).Statement[*].Sid,
      [for sid in jsondecode(run.a_second_instance_in_the_bucket.bucket.policy).Statement[*].Sid : sid if endswith(sid, substr(sha256("zoom/second/"), 0, 8))],
    ))
    error_message = "the statements of both, and those for the whole bucket once"
  }

  assert {
    condition = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule : [rule.id, rule.filter[0].prefix] if rule.id != "unfinished-uploads"]) == jsonencode([
      ["records", "zoom/operationlogs/"],
      ["records-${substr(sha256("zoom/second/"), 0, 8)}", "zoom/second/"],
      ["checkpoint", "zoom/operationlogs-state/state.json"],
      ["checkpoint-${substr(sha256("zoom/second/"), 0, 8)}", "zoom/second-state/state.json"],
    ])
    error_message = "each stream has its rules"
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule : rule.expiration[0].days == 400 if startswith(rule.id, "records")])
    error_message = "the records of all instances expire at the same age"
  }

  assert {
    condition = { for queue in aws_s3_bucket_notification.feed[0].queue : queue.filter_prefix => queue.queue_arn } == {
      "zoom/operationlogs/" = "arn:aws:sqs:eu-west-1:111122223333:first-feed"
      "zoom/second/"        = "arn:aws:sqs:eu-west-1:111122223333:second-feed"
    }
    error_message = "each feed's queue is notified only of its own records"
  }

  assert {
    condition     = output.bucket.shared && !run.a_new_bucket_protects_and_keeps_its_records.bucket.shared
    error_message = "the reader of a shared bucket lists only its own prefix"
  }
}

run "a_further_instances_queue_is_notified_without_an_own_queue" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, { further_instances = [run.a_second_instance_in_the_bucket.bucket.instance] })
  }

  assert {
    condition     = aws_s3_bucket_notification.feed[0].queue[*].filter_prefix == tolist(["zoom/second/"])
    error_message = "the queue of the second instance is notified"
  }
}

run "further_statements_are_merged_without_duplicates" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, { policy_statements = [run.a_second_instance_in_the_bucket.bucket.policy] })
  }

  assert {
    condition = jsonencode([for sid in jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement[*].Sid : sid]) == jsonencode(concat(
      jsondecode(run.a_new_bucket_protects_and_keeps_its_records.bucket.policy).Statement[*].Sid,
      [for sid in jsondecode(run.a_second_instance_in_the_bucket.bucket.policy).Statement[*].Sid : sid if endswith(sid, substr(sha256("zoom/second/"), 0, 8))],
    ))
    error_message = "the statements: ${aws_s3_bucket_policy.archive[0].policy}"
  }

  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.archive[0].policy).Statement) == 16
    error_message = "two for the whole bucket, and seven for each instance"
  }
}

run "records_move_access_is_logged_and_the_checkpoint_follows_the_prefix" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, {
      prefix             = "audit/zoom/"
      transitions        = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "GLACIER_IR" }]
      access_logs_bucket = "our-access-logs"
    })
  }

  assert {
    condition = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule :
      { for transition in rule.transition : transition.storage_class => transition.days }
    ]) == jsonencode([{}, { GLACIER_IR = 90, STANDARD_IA = 30 }, {}])
    error_message = "only records move to other storage classes"
  }

  assert {
    condition     = aws_s3_bucket_logging.archive[0].target_bucket == "our-access-logs" && aws_s3_bucket_logging.archive[0].target_prefix == "zoom-operation-logs/"
    error_message = "access is logged into the caller's bucket"
  }

  assert {
    condition     = output.bucket.state_key == "audit/zoom-state/state.json"
    error_message = "the checkpoint's key: ${output.bucket.state_key}"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule : rule.filter[0].prefix if rule.id == "checkpoint"]) == "audit/zoom-state/state.json"
    error_message = "old versions of the checkpoint expire"
  }
}

run "an_existing_bucket_is_not_changed" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket     = merge(var.bucket, { create = false, prefix = "audit/zoom/", state_key = "audit/zoom-state.json", lock = { mode = "GOVERNANCE", days = 100 } })
    queue_name = "zoom-operationlogs-feed"
  }

  assert {
    condition = length(concat(
      aws_s3_bucket.archive,
      aws_s3_bucket_lifecycle_configuration.archive,
      aws_s3_bucket_logging.archive,
      aws_s3_bucket_notification.feed,
      aws_s3_bucket_object_lock_configuration.archive,
      aws_s3_bucket_ownership_controls.archive,
      aws_s3_bucket_policy.archive,
      aws_s3_bucket_public_access_block.archive,
      aws_s3_bucket_server_side_encryption_configuration.archive,
      aws_s3_bucket_versioning.archive,
    )) == 0
    error_message = "the module configures nothing of the owner's bucket"
  }

  assert {
    condition     = output.bucket.encryption == null && output.bucket.lock.mode == "GOVERNANCE"
    error_message = "the owner's default encryption applies, and the owner enables Object Lock"
  }

  assert {
    condition     = output.bucket.name == "zoom-operation-logs" && output.bucket.uri == "s3://zoom-operation-logs/audit/zoom/" && !output.bucket.created
    error_message = "the output has the bucket's name"
  }

  assert {
    condition     = jsondecode(output.bucket.policy).Statement[1].Resource == "arn:aws:s3:::zoom-operation-logs/audit/zoom/*"
    error_message = "the output has the statements to merge"
  }

  assert {
    condition     = length(aws_sqs_queue.feed) == 1 && aws_sqs_queue.feed[0].sqs_managed_sse_enabled
    error_message = "the queue is created"
  }

  assert {
    condition     = jsonencode(output.queue.notification) == jsonencode({ events = ["s3:ObjectCreated:*"], filter_prefix = "audit/zoom/" })
    error_message = "the output has the notification that the owner must add"
  }
}

run "the_feeds_queue_accepts_messages_only_from_the_bucket" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    queue_name = "emea-zoom-operationlogs-feed"
    kms_key    = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234" }
  }

  assert {
    condition     = aws_sqs_queue.feed[0].name == "emea-zoom-operationlogs-feed" && aws_sqs_queue.feed[0].message_retention_seconds == 1209600 && aws_sqs_queue.feed[0].kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/1234"
    error_message = "its name, the longest retention of SQS, the key"
  }

  assert {
    condition = jsonencode(jsondecode(aws_sqs_queue_policy.feed[0].policy).Statement) == jsonencode([
      {
        Sid       = "BucketTellsOfRecords"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
        Condition = {
          ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::zoom-operation-logs" }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ])
    error_message = "the queue policy: ${aws_sqs_queue_policy.feed[0].policy}"
  }

  assert {
    condition     = aws_s3_bucket_notification.feed[0].bucket == "zoom-operation-logs" && one(aws_s3_bucket_notification.feed[0].queue).filter_prefix == "zoom/operationlogs/" && one(one(aws_s3_bucket_notification.feed[0].queue).events) == "s3:ObjectCreated:*"
    error_message = "only new records are notified"
  }

  assert {
    condition     = output.queue.arn == "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
    error_message = "its ARN is known at plan time"
  }
}

run "every_arn_has_the_partition" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    queue_name = "zoom-operationlogs-feed"
    writer_arn = "arn:aws-us-gov:iam::111122223333:role/collector"
    account    = merge(var.account, { region = "us-gov-west-1", partition = "aws-us-gov" })
  }

  assert {
    condition = alltrue([for document in [
      aws_s3_bucket_policy.archive[0].policy,
      aws_sqs_queue_policy.feed[0].policy,
      output.bucket.arn,
      output.queue.arn,
    ] : strcontains(document, "arn:aws-us-gov:") && !strcontains(document, "arn:aws:")])
    error_message = "no ARN has a fixed partition"
  }
}
