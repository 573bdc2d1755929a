# The bucket: what protects it, how long it keeps what, and hands off one that exists.

mock_provider "aws" {
  source          = "./tests/mocks"
  override_during = plan
}

# All that the root module passes, with the defaults of its inputs.
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
    error_message = "the bucket has its name, and is not destroyed with its records"
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
    error_message = "ACLs are off"
  }

  assert {
    condition     = aws_s3_bucket_versioning.archive[0].versioning_configuration[0].status == "Enabled"
    error_message = "versions are kept"
  }

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "objects are encrypted by S3's own keys"
  }

  assert {
    condition     = output.bucket.encryption == "AES256" && !one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).bucket_key_enabled
    error_message = "and each write asks for that"
  }

  # Refuses plain HTTP, overwriting, foreign keys, and everyone but the collector; with no exception, by no condition

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

  # Records stay, and what they replaced goes after 200 days

  assert {
    condition = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule : [rule.id, rule.status]]) == jsonencode([
      ["unfinished-uploads", "Enabled"], ["records", "Enabled"], ["checkpoint", "Enabled"],
    ])
    error_message = "the lifecycle rules"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.archive[0].rule[0].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "unfinished uploads go after a week"
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].filter[0].prefix == "zoom/operationlogs/" &&
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].expiration[0].expired_object_delete_marker &&
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].noncurrent_version_expiration[0].noncurrent_days == 200
    )
    error_message = "records do not expire; their old versions do, once Zoom has forgotten them too"
  }

  assert {
    condition = (
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[2].filter[0].prefix == "zoom/operationlogs-state/state.json" &&
      length(aws_s3_bucket_lifecycle_configuration.archive[0].rule[2].expiration) == 0 &&
      aws_s3_bucket_lifecycle_configuration.archive[0].rule[2].noncurrent_version_expiration[0].noncurrent_days == 14
    )
    error_message = "old checkpoints go after two weeks"
  }
}

run "a_key_and_an_expiry_are_used_when_given" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket  = merge(var.bucket, { expiration_days = 400, force_destroy = true })
    kms_key = { arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" }
  }

  assert {
    condition = (
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" &&
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).apply_server_side_encryption_by_default[0].kms_master_key_id == "arn:aws:kms:eu-west-1:111122223333:key/1234abcd" &&
      one(aws_s3_bucket_server_side_encryption_configuration.archive[0].rule).bucket_key_enabled &&
      output.bucket.encryption == "aws:kms"
    )
    error_message = "objects are encrypted with the key, and each write asks for that"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.archive[0].rule[1].expiration[0].days == 400
    error_message = "records expire when asked for"
  }

  assert {
    condition     = aws_s3_bucket.archive[0].force_destroy
    error_message = "the bucket goes with its records when asked for"
  }
}

run "the_default_encryption_follows_what_each_write_asks_for" {
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

run "s3s_own_keys_stay_beside_a_key_when_asked_for" {
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
    error_message = "objects are encrypted by S3's own keys"
  }
}

run "the_policy_lets_by_whom_it_names" {
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
    error_message = "who may do what: ${aws_s3_bucket_policy.archive[0].policy}"
  }

  assert {
    condition     = output.bucket.break_glass_arns == tolist(["arn:aws:iam::111122223333:role/security/break-glass"])
    error_message = "who may break in is said"
  }
}

run "records_are_locked_when_asked_for" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, { lock = { mode = "COMPLIANCE", days = 100 } })
  }

  assert {
    condition = (
      aws_s3_bucket_object_lock_configuration.archive[0].bucket == "zoom-operation-logs" &&
      length(aws_s3_bucket_object_lock_configuration.archive[0].rule) == 0
    )
    error_message = "Object Lock is on, without a default that would lock the checkpoint"
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
    error_message = "the collector alone locks, and lifts no lock and holds nothing: ${aws_s3_bucket_policy.archive[0].policy}"
  }

  assert {
    condition     = output.bucket.lock == { mode = "COMPLIANCE", days = 100 }
    error_message = "the collector is told"
  }
}

run "a_bucket_that_exists_is_not_changed_for_the_lock" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, { create = false, lock = { mode = "GOVERNANCE", days = 100 } })
  }

  assert {
    condition     = length(aws_s3_bucket_object_lock_configuration.archive) == 0 && output.bucket.lock.mode == "GOVERNANCE"
    error_message = "its owner turns Object Lock on"
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

  assert {
    condition     = length(aws_s3_bucket.archive) + length(aws_s3_bucket_policy.archive) + length(aws_s3_bucket_lifecycle_configuration.archive) + length(aws_s3_bucket_notification.feed) == 0
    error_message = "it leaves the bucket to the instance that creates it: a bucket has one configuration of each kind"
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
    error_message = "the statements of both, and those about the whole bucket once"
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
    error_message = "records of all expire alike"
  }

  assert {
    condition = { for queue in aws_s3_bucket_notification.feed[0].queue : queue.filter_prefix => queue.queue_arn } == {
      "zoom/operationlogs/" = "arn:aws:sqs:eu-west-1:111122223333:first-feed"
      "zoom/second/"        = "arn:aws:sqs:eu-west-1:111122223333:second-feed"
    }
    error_message = "each feed's queue is notified of its records alone"
  }

  assert {
    condition     = output.bucket.shared && !run.a_new_bucket_protects_and_keeps_its_records.bucket.shared
    error_message = "the reader of a shared bucket lists its own prefix alone"
  }
}

run "a_queue_of_a_further_instance_alone_is_notified" {
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

run "its_statements_are_taken_in_and_those_about_the_whole_bucket_stand_once" {
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
    error_message = "two about the whole bucket, and seven of each instance"
  }
}

run "records_move_and_accesses_are_logged_when_asked_for" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, {
      transitions        = [{ days = 30, storage_class = "STANDARD_IA" }, { days = 90, storage_class = "GLACIER_IR" }]
      access_logs_bucket = "our-access-logs"
    })
  }

  assert {
    condition = jsonencode([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule :
      { for transition in rule.transition : transition.storage_class => transition.days }
    ]) == jsonencode([{}, { GLACIER_IR = 90, STANDARD_IA = 30 }, {}])
    error_message = "records move to other storage, and nothing else does"
  }

  assert {
    condition     = aws_s3_bucket_logging.archive[0].target_bucket == "our-access-logs" && aws_s3_bucket_logging.archive[0].target_prefix == "zoom-operation-logs/"
    error_message = "access is logged into the caller's bucket"
  }
}

run "a_bucket_that_exists_is_not_touched" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, { create = false, prefix = "audit/zoom/", state_key = "audit/zoom-state.json" })
  }

  assert {
    condition = length(concat(
      aws_s3_bucket.archive,
      aws_s3_bucket_lifecycle_configuration.archive,
      aws_s3_bucket_logging.archive,
      aws_s3_bucket_ownership_controls.archive,
      aws_s3_bucket_policy.archive,
      aws_s3_bucket_public_access_block.archive,
      aws_s3_bucket_server_side_encryption_configuration.archive,
      aws_s3_bucket_versioning.archive,
    )) == 0
    error_message = "nothing is made in the owner's bucket"
  }

  assert {
    condition     = output.bucket.encryption == null
    error_message = "its owner's default encryption holds"
  }

  assert {
    condition     = output.bucket.name == "zoom-operation-logs" && output.bucket.uri == "s3://zoom-operation-logs/audit/zoom/" && !output.bucket.created
    error_message = "the bucket is named to the others"
  }

  assert {
    condition     = jsondecode(output.bucket.policy).Statement[1].Resource == "arn:aws:s3:::zoom-operation-logs/audit/zoom/*"
    error_message = "the statements to merge are spelt out"
  }
}

run "the_checkpoint_follows_the_prefix" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket = merge(var.bucket, { prefix = "audit/zoom/" })
  }

  assert {
    condition     = output.bucket.state_key == "audit/zoom-state/state.json"
    error_message = "where it lies: ${output.bucket.state_key}"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.archive[0].rule : rule.filter[0].prefix if rule.id == "checkpoint"]) == "audit/zoom-state/state.json"
    error_message = "its old versions expire"
  }
}

run "a_queue_takes_from_this_bucket_only" {
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
    error_message = "named, kept as long as SQS can, encrypted with the key"
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
    error_message = "of new records, and of nothing else"
  }

  assert {
    condition     = output.queue.arn == "arn:aws:sqs:eu-west-1:111122223333:emea-zoom-operationlogs-feed"
    error_message = "a plan knows its ARN"
  }
}

run "a_bucket_that_exists_keeps_its_notifications" {
  command = plan

  module {
    source = "./modules/archive"
  }

  variables {
    bucket     = merge(var.bucket, { create = false })
    queue_name = "zoom-operationlogs-feed"
  }

  assert {
    condition     = length(aws_s3_bucket_notification.feed) == 0 && length(aws_sqs_queue.feed) == 1 && aws_sqs_queue.feed[0].sqs_managed_sse_enabled
    error_message = "the queue is made, the bucket's notifications are its owner's"
  }

  assert {
    condition     = jsonencode(output.queue.notification) == jsonencode({ events = ["s3:ObjectCreated:*"], filter_prefix = "zoom/operationlogs/" })
    error_message = "and the output says what the owner has to add"
  }
}

run "every_arn_is_of_the_partition" {
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
    error_message = "no ARN is written for one partition only"
  }
}
