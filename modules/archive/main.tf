# The archive: the bucket with every record once, and in queue.tf the queue with notifications of new records. With
# `bucket.create = false` this module does not change the bucket: its outputs have the policy statements to merge there.

locals {
  # Next to the records, so that each of several instances in one bucket has its own checkpoint.
  state_key = var.bucket.state_key == null ? "${trimsuffix(var.bucket.prefix, "/")}-state/state.json" : var.bucket.state_key

  bucket_arn = "arn:${var.account.partition}:s3:::${var.bucket_name}"

  # The encryption header of each write. In an existing bucket the default of its owner applies, without a header.
  encryption = var.bucket.encryption != null || !var.bucket.create ? var.bucket.encryption : var.kms_key == null ? "AES256" : "aws:kms"

  records_arn = "${local.bucket_arn}/${var.bucket.prefix}*"
  state_arn   = "${local.bucket_arn}/${local.state_key}"
  both        = [local.records_arn, local.state_arn]

  # A bucket has one policy, one lifecycle and one notification configuration: its creator writes those of all instances.
  further = [for instance in var.bucket.further_instances : jsondecode(instance)]
  streams = concat(
    [{ suffix = "", prefix = var.bucket.prefix, state_key = local.state_key }],
    [for one in local.further : { suffix = "-${substr(sha256(one.prefix), 0, 8)}", prefix = one.prefix, state_key = one.state_key }],
  )
  documents = concat(var.bucket.policy_statements, local.further[*].policy)

  # Distinguishes the statements of this instance from those of another in the same bucket.
  instance = substr(sha256(var.bucket.prefix), 0, 8)

  # Who may change the archive: each rule denies its actions to everyone but these. A `Principal` would need an existing
  # role, and would break if the role is recreated; `aws:PrincipalArn` is the role's ARN in all its sessions.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
  touches = {
    # Copies and multipart uploads need s3:PutObject too. s3:UpdateObjectEncryption alone can encrypt an object with a key
    # that the readers may not use.
    DenyPutsOfOthers        = { objects = local.both, but = [var.writer_arn], actions = ["s3:PutObject", "s3:ReplicateObject", "s3:UpdateObjectEncryption"] }
    DenyDeletesOfRecords    = { objects = [local.records_arn], but = var.deleter_arns, actions = ["s3:DeleteObject"] }
    DenyDeletesOfCheckpoint = { objects = [local.state_arn], but = [], actions = ["s3:DeleteObject"] }
    DenyDeletesOfVersions   = { objects = local.both, but = [], actions = ["s3:DeleteObjectVersion", "s3:ReplicateDelete"] }
    # A retention or a legal hold set by someone else could keep an object forever, also in an existing bucket. The
    # collector sets only retentions: no legal holds, and it does not bypass a retention.
    DenyLocksOfOthers    = { objects = local.both, but = var.bucket.lock == null ? [] : [var.writer_arn], actions = ["s3:PutObjectRetention"] }
    DenyHoldsAndBypasses = { objects = local.both, but = [], actions = ["s3:BypassGovernanceRetention", "s3:PutObjectLegalHold"] }
  }
  touch_statements = [for name, rule in local.touches : merge(
    {
      Sid       = "${name}${local.instance}"
      Effect    = "Deny"
      Principal = "*"
      Action    = rule.actions
      Resource  = rule.objects
    },
    # IAM does not accept an empty list: without an exception there is no condition.
    {
      for key in ["Condition"] : key => { ArnNotEquals = { "aws:PrincipalArn" = concat(rule.but, var.bucket.break_glass_arns) } }
      if length(concat(rule.but, var.bucket.break_glass_arns)) > 0
    },
  )]

  own_statements = concat(
    [
      {
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      # An object under the feed's prefix is written once: each put must be conditional on its absence. This applies to break
      # glass too, which restores a record by deleting the delete marker or version above it.
      # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
      {
        Sid       = "DenyOverwriteOfRecords${local.instance}"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = local.records_arn
        Condition = { Null = { "s3:if-none-match" = "true" } }
      },
      # Nobody else could read an object that is encrypted with a caller's own key.
      {
        Sid       = "DenyCustomerProvidedKeys"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${local.bucket_arn}/*"
        Condition = { Null = { "s3:x-amz-server-side-encryption-customer-algorithm" = "false" } }
      },
    ],
    local.touch_statements,
  )

  # Statements about the whole bucket are the same in every instance: keep each once.
  statements = distinct([
    for statement in concat(local.own_statements, flatten([for document in local.documents : jsondecode(document).Statement])) :
    jsonencode(statement)
  ])
  policy = jsonencode({ Version = "2012-10-17", Statement = [for statement in local.statements : jsondecode(statement)] })
}

resource "aws_s3_bucket" "archive" {
  #checkov:skip=CKV_AWS_18:`bucket.access_logs_bucket` sets it; the caller has the bucket for the logs
  #checkov:skip=CKV_AWS_19:`bucket.encryption`, AES256 or KMS by default, decides below; a plan shows which
  #checkov:skip=CKV_AWS_21:`bucket.versioning`, true by default, decides below
  #checkov:skip=CKV_AWS_144:Zoom keeps six months and SecOps what it has read: the caller decides about replication
  #checkov:skip=CKV_AWS_145:`kms_key` sets a key; without one S3 encrypts with its own
  #checkov:skip=CKV2_AWS_62:`feed.source_type` decides; queue.tf then notifies a queue
  count = var.bucket.create ? 1 : 0

  bucket        = var.bucket_name
  force_destroy = var.bucket.force_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "archive" {
  count = var.bucket.create ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "archive" {
  count = var.bucket.create ? 1 : 0

  bucket                  = aws_s3_bucket.archive[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "archive" {
  count = var.bucket.create ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket

  rule {
    bucket_key_enabled = local.encryption == "aws:kms" # DSSE-KMS has no S3 Bucket Keys

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.encryption
      kms_master_key_id = local.encryption == "AES256" ? null : one(var.kms_key[*].arn)
    }
  }
}

resource "aws_s3_bucket_versioning" "archive" {
  count = var.bucket.create ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket

  versioning_configuration {
    status = var.bucket.versioning ? "Enabled" : "Suspended"
  }
}

# Without a rule: a default retention would lock each version of the checkpoint too, so each put of a record sets its own.
# The bucket's argument object_lock_enabled would replace an existing bucket.
resource "aws_s3_bucket_object_lock_configuration" "archive" {
  count = var.bucket.create && var.bucket.lock != null ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket

  # S3 requires a bucket that keeps versions.
  depends_on = [aws_s3_bucket_versioning.archive]
}

resource "aws_s3_bucket_logging" "archive" {
  count = var.bucket.create && var.bucket.access_logs_bucket != null ? 1 : 0

  bucket        = aws_s3_bucket.archive[0].bucket
  target_bucket = var.bucket.access_logs_bucket
  target_prefix = "${var.bucket_name}/"
}

resource "aws_s3_bucket_policy" "archive" {
  count = var.bucket.create ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket
  policy = local.policy

  lifecycle {
    # A feed reads everything under its prefix.
    precondition {
      condition = alltrue(flatten([for at, one in local.streams : [for other, further in local.streams :
        at == other || !startswith(one.prefix, further.prefix)
      ]]))
      error_message = "bucket.further_instances: no bucket.prefix of a module block may begin with that of another in the same bucket, because one feed would read the records of both. Leave bucket.prefix out, or set another one."
    }

    # The lifecycle rule of a checkpoint applies to all keys that begin with its key.
    precondition {
      condition = alltrue(flatten([for at, one in local.streams : [for other, further in local.streams :
        one.state_key != further.state_key && !startswith(one.state_key, further.prefix) && !startswith(further.prefix, one.state_key)
        if at != other && !startswith(one.prefix, further.prefix) && !startswith(further.prefix, one.prefix)
      ]]))
      error_message = "bucket.further_instances: the bucket.state_key of a module block must not be that of another in the same bucket, under its bucket.prefix, or the beginning of it: two collectors would share a checkpoint, a feed would read it, or its lifecycle rule would delete records. Leave bucket.state_key out, or set another one."
    }

    precondition {
      condition = alltrue([for one in local.further : one.arn == local.bucket_arn && one.account_id == var.account.id
        && (one.notification == null ? true : split(":", one.notification.queue_arn)[3] == var.account.region)
      ])
      error_message = "bucket.further_instances: each module block must have the same bucket_name and the same AWS account as this one, and its queue the same region, because only this bucket gets the policy, the lifecycle rules and the notifications for its records. Set its bucket_name, or remove it from the list."
    }

    precondition {
      condition     = length(distinct(concat([var.writer_arn], local.further[*].writer_arn))) == 1 + length(local.further)
      error_message = "bucket.further_instances: two module blocks have the same names. Set name_prefix in one of them, such as \"sign-ins-\": each report has its own function, secret and schedule."
    }

    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html
    precondition {
      condition     = length(local.policy) <= 20480
      error_message = "The bucket policy is larger than the 20 KB that S3 accepts: merge fewer documents with bucket.policy_statements, and use another bucket for further instances."
    }
  }

  # S3 rejects concurrent changes of a bucket's access settings.
  depends_on = [aws_s3_bucket_public_access_block.archive, aws_s3_bucket_ownership_controls.archive]
}

resource "aws_s3_bucket_lifecycle_configuration" "archive" {
  count = var.bucket.create ? 1 : 0

  bucket = aws_s3_bucket.archive[0].bucket

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Versions last longer than Zoom keeps records: the collector reads an object that the feed deleted by its version.
  dynamic "rule" {
    for_each = local.streams

    content {
      id     = "records${rule.value.suffix}"
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      dynamic "transition" {
        for_each = var.bucket.transitions

        content {
          days          = transition.value.days
          storage_class = transition.value.storage_class
        }
      }

      expiration {
        days                         = var.bucket.expiration_days
        expired_object_delete_marker = var.bucket.expiration_days == null ? true : null
      }

      noncurrent_version_expiration {
        noncurrent_days = var.bucket.noncurrent_expiration_days
      }
    }
  }

  # Every run rewrites the checkpoint, and a run can rebuild it from the archive: old versions have no value.
  dynamic "rule" {
    for_each = local.streams

    content {
      id     = "checkpoint${rule.value.suffix}"
      status = "Enabled"

      filter {
        prefix = rule.value.state_key
      }

      noncurrent_version_expiration {
        noncurrent_days = 14
      }
    }
  }

  # Rules for noncurrent versions need versioning first.
  depends_on = [aws_s3_bucket_versioning.archive]
}
