# Who reads the archive for Google SecOps: an IAM user whose access key goes into the feed (the guide's way), or a role
# that Google's federated identity assumes without any key. What the feed is told stands in feed.tf.

data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}

# Tells the provider's region in versions 5 and 6, which `aws_region` names differently in each.
data "aws_service" "s3" {
  service_id = "s3"
}

locals {
  bucket_arn  = "arn:${local.partition}:s3:::${var.bucket.name}"
  records_arn = "${local.bucket_arn}/${var.bucket.prefix}*"

  name        = "${var.name_prefix}${var.reader.name}"
  policy_name = "${var.name_prefix}${var.reader.policy_name}"
  arn         = "arn:${local.partition}:iam::${local.account}:${var.reader.mode}${var.iam_path}${local.name}" # known at plan
  is_user     = var.reader.mode == "user"
  is_role     = var.reader.mode == "role"
  reads       = local.is_user || local.is_role

  # Google asks for s3:ListBucket without a condition. A bucket made here holds nothing but the records and the
  # checkpoint, so the reader gets it. In a bucket of somebody else's the names of other objects stay hidden.
  lists_all   = var.bucket.created || var.reader.list_whole_bucket
  list_bounds = { Condition = { StringLike = { "s3:prefix" = ["${var.bucket.prefix}*"] } } }

  # What Google's Storage Transfer Service asks for.
  # https://cloud.google.com/storage-transfer/docs/source-amazon-s3
  reader_statements = concat(
    [
      merge(
        {
          Sid      = "ListRecords"
          Effect   = "Allow"
          Action   = ["s3:ListBucket"]
          Resource = local.bucket_arn
        },
        { for name, value in local.list_bounds : name => value if !local.lists_all },
      ),
      {
        Sid      = "LocateBucket"
        Effect   = "Allow"
        Action   = ["s3:GetBucketLocation"]
        Resource = local.bucket_arn
      },
      {
        Sid      = "ReadRecords"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.records_arn
      },
    ],
    [for allowed in [var.feed.deletion_option == "ON_SUCCESS"] : {
      Sid      = "DeleteRecordsOnceRead"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject"]
      Resource = local.records_arn
    } if allowed],
    # Without deleting them, the same messages would come back and the same objects be read again.
    # https://cloud.google.com/storage-transfer/docs/event-driven-aws
    [for by_queue in [local.by_queue] : {
      Sid      = "TakeMessages"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
      Resource = local.queue_arn
    } if by_queue],
  )

  # Nobody asks the key but S3 and SQS, and for objects of this bucket alone, whatever else the key protects.
  key_statements = flatten([for key in var.kms_key[*].arn : [
    {
      Sid      = "UseKeyForRecords"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = key
      Condition = { StringLike = {
        "kms:EncryptionContext:aws:s3:arn" = [local.bucket_arn, "${local.bucket_arn}/*"]
        "kms:ViaService"                   = ["s3.*.${local.dns_suffix}"]
      } }
    },
    [for by_queue in [local.by_queue] : {
      Sid       = "UseKeyForMessages"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = key
      Condition = { StringLike = { "kms:ViaService" = ["sqs.${local.region}.${local.dns_suffix}"] } }
    } if by_queue],
  ]])
}

resource "aws_iam_policy" "reader" {
  count = local.reads ? 1 : 0

  name        = local.policy_name
  description = "Read s3://${var.bucket.name}/${var.bucket.prefix}"
  path        = var.iam_path
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.reader_statements })
  tags        = var.tags

  lifecycle {
    ignore_changes = [description] # IAM changes none: the policy would be replaced, and its holder without rights meanwhile
  }
}

# Apart from the reader policy, because a key's ARN may only be known after apply.
resource "aws_iam_policy" "key" {
  count = local.reads && var.kms_key != null ? 1 : 0

  name        = "${local.policy_name}-kms"
  description = "Decrypt s3://${var.bucket.name}/${var.bucket.prefix}"
  path        = var.iam_path
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.key_statements })
  tags        = var.tags

  lifecycle {
    ignore_changes = [description] # as above
  }
}

resource "aws_iam_user" "reader" {
  #checkov:skip=CKV_AWS_273:The feed signs in with a user's access key; `reader.mode = "role"` does without
  count = local.is_user ? 1 : 0

  name                 = local.name
  path                 = var.iam_path
  permissions_boundary = var.permissions_boundary_arn
  force_destroy        = true # access keys are made outside Terraform
  tags                 = var.tags
}

resource "aws_iam_user_policy_attachment" "reader" {
  #checkov:skip=CKV_AWS_40:One user with one policy: a group would hold nobody else
  count = length(aws_iam_user.reader)

  user       = aws_iam_user.reader[0].name
  policy_arn = aws_iam_policy.reader[0].arn
}

resource "aws_iam_user_policy_attachment" "key" {
  #checkov:skip=CKV_AWS_40:One user with one policy: a group would hold nobody else
  count = local.is_user ? length(aws_iam_policy.key) : 0

  user       = aws_iam_user.reader[0].name
  policy_arn = aws_iam_policy.key[0].arn
}

# A key's secret would be in the state: Terraform makes one only if it may keep it encrypted for somebody else.
resource "aws_iam_access_key" "reader" {
  count = local.is_user && var.reader.access_key != null ? 1 : 0

  user    = aws_iam_user.reader[0].name
  pgp_key = var.reader.access_key.pgp_key
}

resource "aws_iam_role" "reader" {
  count = local.is_role ? 1 : 0

  name                 = local.name
  description          = "Google SecOps reads s3://${var.bucket.name}/${var.bucket.prefix}"
  path                 = var.iam_path
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = coalesce(var.reader.federated_principal, "accounts.google.com") }
      Condition = { StringEquals = { "accounts.google.com:sub" = var.reader.subject_id } }
    }]
  })

  lifecycle {
    precondition {
      condition     = local.partition == "aws" || var.reader.federated_principal != null
      error_message = "reader.mode \"role\" trusts accounts.google.com, which this AWS partition does not know: use mode \"user\", or make an OIDC provider for it and give its ARN as reader.federated_principal."
    }
  }
}

resource "aws_iam_role_policy_attachment" "reader" {
  count = length(aws_iam_role.reader)

  role       = aws_iam_role.reader[0].name
  policy_arn = aws_iam_policy.reader[0].arn
}

resource "aws_iam_role_policy_attachment" "key" {
  count = local.is_role ? length(aws_iam_policy.key) : 0

  role       = aws_iam_role.reader[0].name
  policy_arn = aws_iam_policy.key[0].arn
}
