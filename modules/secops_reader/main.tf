# The reader of the archive for Google SecOps: an IAM user with an access key in the feed, as in the guide, or a role that
# Google's federated identity assumes without a key. The settings of the feed are in feed.tf.

locals {
  bucket_arn  = "arn:${var.account.partition}:s3:::${var.bucket.name}"
  records_arn = "${local.bucket_arn}/${var.bucket.prefix}*"

  is_user = var.reader.mode == "user"
  is_role = var.reader.mode == "role"
  made    = local.is_user || local.is_role

  # Google requires s3:ListBucket without a condition. A new bucket contains only the records and the checkpoint, so the
  # reader gets it. In an existing bucket the reader does not see the keys of other objects.
  lists_all   = (var.bucket.created && !var.bucket.shared) || var.reader.list_whole_bucket
  list_bounds = { Condition = { StringLike = { "s3:prefix" = ["${var.bucket.prefix}*"] } } }

  # What Google's Storage Transfer Service requires.
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
    # Without deletion, the messages would become visible again, and the feed would read the same objects again.
    # https://cloud.google.com/storage-transfer/docs/event-driven-aws
    [for queue in var.queue[*] : {
      Sid      = "TakeMessages"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
      Resource = queue.arn
    }],
  )

  # Only for requests of S3 and SQS, and only for objects of this bucket.
  key_statements = flatten([for key in var.kms_key[*].arn : [
    {
      Sid      = "UseKeyForRecords"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = key
      Condition = { StringLike = {
        "kms:EncryptionContext:aws:s3:arn" = [local.bucket_arn, "${local.bucket_arn}/*"]
        "kms:ViaService"                   = ["s3.*.${var.account.dns_suffix}"]
      } }
    },
    [for queue in var.queue[*] : {
      Sid       = "UseKeyForMessages"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = key
      Condition = { StringLike = { "kms:ViaService" = ["sqs.${var.account.region}.${var.account.dns_suffix}"] } }
    }],
  ]])
}

resource "aws_iam_policy" "reader" {
  count = local.made ? 1 : 0

  name        = var.names.reader_policy
  description = "Read s3://${var.bucket.name}/${var.bucket.prefix}"
  path        = var.iam_path
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.reader_statements })
  tags        = var.tags

  lifecycle {
    ignore_changes = [description] # IAM cannot change it: a replacement would leave the reader without permissions meanwhile
  }
}

# Not part of the reader policy, because the ARN of a key may be known only after apply.
resource "aws_iam_policy" "key" {
  count = local.made && var.kms_key != null ? 1 : 0

  name        = "${var.names.reader_policy}-kms"
  description = "Decrypt s3://${var.bucket.name}/${var.bucket.prefix}"
  path        = var.iam_path
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.key_statements })
  tags        = var.tags

  lifecycle {
    ignore_changes = [description] # as above
  }
}

resource "aws_iam_user" "reader" {
  #checkov:skip=CKV_AWS_273:The feed uses an access key; `reader.mode = "role"` needs none
  count = local.is_user ? 1 : 0

  name                 = var.names.reader
  path                 = var.iam_path
  permissions_boundary = var.permissions_boundary_arn
  force_destroy        = true # its access keys are created outside Terraform
  tags                 = var.tags
}

resource "aws_iam_user_policy_attachment" "reader" {
  #checkov:skip=CKV_AWS_40:One user with one policy needs no group
  count = length(aws_iam_user.reader)

  user       = aws_iam_user.reader[0].name
  policy_arn = aws_iam_policy.reader[0].arn
}

resource "aws_iam_user_policy_attachment" "key" {
  #checkov:skip=CKV_AWS_40:One user with one policy needs no group
  count = local.is_user ? length(aws_iam_policy.key) : 0

  user       = aws_iam_user.reader[0].name
  policy_arn = aws_iam_policy.key[0].arn
}

resource "aws_iam_role" "reader" {
  count = local.is_role ? 1 : 0

  name                 = var.names.reader
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
