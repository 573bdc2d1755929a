# Usually, the platform has these already: a key, a bucket for access logs, one for packages, and a permissions boundary.

resource "aws_kms_key" "zoom" {
  description             = "Zoom operation logs"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "CloudWatchLogsEncrypts"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_service.s3.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { ArnLike = {
          "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${data.aws_service.s3.region}:${local.account}:log-group:/aws/lambda/emea-*"
        } }
      },
      {
        Sid       = "BucketNotifiesQueue"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:s3:::${var.bucket_name}" }
        }
      },
      {
        Sid       = "AlarmsEncrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "arn:${local.partition}:cloudwatch:${data.aws_service.s3.region}:${local.account}:alarm:emea-*" }
        }
      },
    ]
  })
}

locals {
  buckets = { for purpose in ["access-logs", "packages"] : purpose => "arn:${local.partition}:s3:::${var.bucket_name}-${purpose}" }
  write_access_logs = {
    Sid       = "S3WritesAccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local.buckets.access-logs}/${var.bucket_name}/*"
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }
}

resource "aws_s3_bucket" "platform" {
  for_each = local.buckets

  bucket        = "${var.bucket_name}-${each.key}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "platform" {
  for_each = local.buckets

  bucket                  = aws_s3_bucket.platform[each.key].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "platform" {
  for_each = local.buckets

  bucket = aws_s3_bucket.platform[each.key].bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in [local.write_access_logs] : statement if each.key == "access-logs"],
      [{
        Sid       = "DenyInsecureTransport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [each.value, "${each.value}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.platform]
}

resource "aws_s3_bucket_versioning" "packages" {
  bucket = aws_s3_bucket.platform["packages"].bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_object" "package" {
  bucket      = aws_s3_bucket.platform["packages"].bucket
  key         = "zoom-operation-logs/collector.zip"
  source      = var.package_file
  source_hash = filemd5(var.package_file) # a new package is a new version

  depends_on = [aws_s3_bucket_versioning.packages]
}

# The most that a role or user created by Terraform may do.
resource "aws_iam_policy" "boundary" {
  name = "zoom-operation-logs-boundary"
  path = "/security/"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "Regional"
      Effect = "Allow"
      Action = [
        "kms:Decrypt", "kms:GenerateDataKey",
        "lambda:InvokeFunction",
        "logs:CreateLogStream", "logs:PutLogEvents",
        "s3:DeleteObject", "s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage",
        "xray:PutTelemetryRecords", "xray:PutTraceSegments",
      ]
      Resource = "*"
    }]
  })
}
