# What the collector's role may do. All of the writer policy follows from names, so a plan shows it whole; statements
# about keys and secrets, whose ARNs may only be known after apply, stand in policies of their own.

locals {
  records_arn = "${var.bucket.arn}/${var.bucket.prefix}*"
  state_arn   = "${var.bucket.arn}/${var.bucket.state_key}"

  writer_policy = {
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "WriteAndReadRecords"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]
        Resource = local.records_arn
      },
      {
        Sid      = "ReadAndReplaceCheckpoint"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = local.state_arn
      },
      # With the right to list, a missing checkpoint is NoSuchKey; without it, S3 answers AccessDenied.
      {
        Sid       = "ListRecordsAndCheckpoint"
        Effect    = "Allow"
        Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
        Resource  = var.bucket.arn
        Condition = { StringLike = { "s3:prefix" = ["${var.bucket.prefix}*", var.bucket.state_key] } }
      },
      {
        Sid      = "WriteOwnLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:${var.account.partition}:logs:${var.account.region}:${var.account.id}:log-group:${local.log_group_name}:*"
      },
    ], local.lock_statements)
  }

  # A put that locks needs this right too. S3 does not document how it rounds the days that remain: a day either side.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html#object-lock-managing-retention-limits
  lock_statements = [for lock in var.bucket.lock[*] : {
    Sid      = "LockRecords"
    Effect   = "Allow"
    Action   = ["s3:PutObjectRetention"]
    Resource = local.records_arn
    Condition = {
      StringEquals             = { "s3:object-lock-mode" = lock.mode }
      NumericGreaterThanEquals = { "s3:object-lock-remaining-retention-days" = tostring(lock.days - 1) }
      NumericLessThanEquals    = { "s3:object-lock-remaining-retention-days" = tostring(lock.days + 1) }
    }
  }]

  # Secrets Manager adds a hyphen and six characters of its own to the name.
  secret_resource = (
    var.secret.existing == null
    ? "arn:${var.account.partition}:secretsmanager:${var.account.region}:${var.account.id}:secret:${var.names.secret}-??????"
    : var.secret.existing.arn
  )

  # The encryption context ties a grant to this bucket and this secret, whatever else the key protects; nobody asks the
  # key but S3 and Secrets Manager, in the function's name.
  bucket_key_statements = [for key in var.kms_key[*].arn : {
    Sid      = "UseKeyForRecords"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = key
    Condition = { StringLike = {
      "kms:EncryptionContext:aws:s3:arn" = [var.bucket.arn, "${var.bucket.arn}/*"]
      "kms:ViaService"                   = ["s3.${var.account.region}.${var.account.dns_suffix}"]
    } }
  }]
  # Lambda decrypts the environment in the role's name. The grant that it makes for that is not enough where the role was
  # made anew: until the function is replaced, this is.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
  environment_key_statements = [for key in var.kms_key[*].arn : {
    Sid       = "UseKeyForEnvironment"
    Effect    = "Allow"
    Action    = ["kms:Decrypt"]
    Resource  = key
    Condition = { StringLike = { "kms:EncryptionContext:aws:lambda:FunctionArn" = [local.function_arn] } }
  }]
  secret_key = var.secret.existing == null ? var.kms_key : var.secret.existing.kms_key
  secret_key_statements = [for key in local.secret_key[*].arn : {
    Sid      = "UseKeyForCredentials"
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = key
    Condition = { StringLike = {
      "kms:EncryptionContext:SecretARN" = [local.secret_resource]
      "kms:ViaService"                  = ["secretsmanager.${var.account.region}.${var.account.dns_suffix}"]
    } }
  }]
  key_statements = concat(local.bucket_key_statements, local.environment_key_statements, local.secret_key_statements)

  # What Lambda needs to put the function into a VPC: AWSLambdaVPCAccessExecutionRole without the logs. Before it takes
  # the function it asks whether the role has these rights on "*", as there is no network interface yet: rights on
  # interfaces, subnets or security groups by name make it refuse the function. Lambda uses the function's role for it,
  # which is why the function's own code is denied the same.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions
  # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
  network_statements = [for vpc in var.collector.vpc[*] : [
    {
      Sid    = "ManageNetworkInterfaces"
      Effect = "Allow"
      Action = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
      ]
      Resource = ["*"]
    },
    {
      Sid       = "DenyNetworkToOwnCode"
      Effect    = "Deny"
      Action    = ["ec2:*"]
      Resource  = ["*"]
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = [local.function_arn] } }
    },
  ]]
}

resource "aws_iam_role" "collector" {
  name                 = var.names.function_role
  description          = substr("Collects Zoom's ${var.zoom.records} into s3://${var.bucket.name}/${var.bucket.prefix}", 0, 1000)
  path                 = var.iam_path
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })

  lifecycle {
    precondition {
      condition     = length(var.own_break_glass) == 0
      error_message = "bucket.break_glass_arns must not name the role of a collector or schedule, or the feed's reader: the bucket policy would let it change and delete records. Give a role that people assume for these tasks alone."
    }
  }
}

# Lambda ties a function to the identity of its role, not to the role's name: with a KMS key, the grant to decrypt the
# environment is of that role alone. A role that was made anew under its name therefore replaces the function.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
resource "terraform_data" "role" {
  input = aws_iam_role.collector.unique_id
}

resource "aws_iam_policy" "writer" {
  name        = var.names.function_policy
  description = substr("Write the archive in s3://${var.bucket.name}/${var.bucket.prefix}, and its own log group", 0, 1000)
  path        = var.iam_path
  policy      = jsonencode(local.writer_policy)
  tags        = var.tags

  lifecycle {
    ignore_changes = [description] # IAM changes none: the policy would be replaced, and its holder without rights meanwhile
  }
}

resource "aws_iam_role_policy_attachment" "writer" {
  role       = aws_iam_role.collector.name
  policy_arn = aws_iam_policy.writer.arn
}

resource "aws_iam_role_policy" "credentials" {
  name = "read-zoom-credentials"
  role = aws_iam_role.collector.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadZoomCredentials"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = local.secret_resource
    }]
  })
}

resource "aws_iam_role_policy" "keys" {
  count = length(local.key_statements) > 0 ? 1 : 0

  name   = "use-kms-keys"
  role   = aws_iam_role.collector.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.key_statements })
}

resource "aws_iam_role_policy" "network" {
  #checkov:skip=CKV_AWS_290:Lambda asks for the network's rights on every resource, and the function's code is denied them
  count = length(local.network_statements)

  name   = "join-vpc"
  role   = aws_iam_role.collector.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.network_statements[count.index] })
}

# X-Ray knows no resources.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
resource "aws_iam_role_policy" "tracing" {
  count = var.collector.tracing ? 1 : 0

  name = "send-traces"
  role = aws_iam_role.collector.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      Resource = ["*"]
    }]
  })
}
