# The owner has these already, perhaps in another state: the bucket with its key, and the secret.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

data "aws_service" "s3" {
  service_id = "s3" # has the region, in versions 5 and 6 of the provider
}

resource "aws_kms_key" "security_lake" {
  description             = "Security lake"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AccountDecides"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      # The module's log group is encrypted with the same key.
      {
        Sid       = "CloudWatchLogsEncrypts"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.aws_service.s3.region}.amazonaws.com" }
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource  = "*"
        Condition = { ArnLike = {
          "kms:EncryptionContext:aws:logs:arn" = "arn:${data.aws_partition.current.partition}:logs:${data.aws_service.s3.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/lambda/*"
        } }
      },
      # So is the feed's queue, which the bucket notifies of new objects.
      {
        Sid       = "BucketNotifiesQueue"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
      # So is the topic of the alarms.
      {
        Sid       = "AlarmsEncrypt"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

resource "aws_s3_bucket" "security_lake" {
  bucket        = var.bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_versioning" "security_lake" {
  bucket = aws_s3_bucket.security_lake.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "security_lake" {
  bucket                  = aws_s3_bucket.security_lake.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "security_lake" {
  bucket = aws_s3_bucket.security_lake.bucket

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.security_lake.arn
    }
  }
}

resource "aws_secretsmanager_secret" "zoom" {
  name                    = "security/zoom"
  description             = "Zoom Server-to-Server OAuth app: {\"account_id\", \"client_id\", \"client_secret\"}"
  kms_key_id              = aws_kms_key.security_lake.arn
  recovery_window_in_days = 7
}
