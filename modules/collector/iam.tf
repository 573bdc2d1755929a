# The permissions of the collector's role. The writer policy depends only on names, so that a plan shows all of it;
# statements about keys and secrets, with ARNs that may be known only after apply, are in other policies.

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
      # With this permission, S3 answers NoSuchKey for a missing checkpoint, without it AccessDenied.
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

  # A put with a lock needs this too. S3 does not document how it rounds the remaining days: allow one day more or less.
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

  # Secrets Manager adds a hyphen and six characters to the name.
  secret_resource = (
    var.secret.existing == null
    ? "arn:${var.account.partition}:secretsmanager:${var.account.region}:${var.account.id}:secret:${var.names.secret}-??????"
    : var.secret.existing.arn
  )

  # The encryption context limits the use of the key to this bucket and this secret, and `kms:ViaService` to requests of S3
  # and Secrets Manager for the function.
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
  # Lambda decrypts the environment with the role's permissions. Its grant does not cover a recreated role until the
  # function is replaced; this does.
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

  # What Lambda needs to run the function in a VPC: AWSLambdaVPCAccessExecutionRole without the logs. Lambda checks that
  # the role has these permissions on "*", because there is no network interface yet: it rejects permissions on single
  # interfaces, subnets or security groups. Lambda uses the role of the function, so the code of the function is denied
  # the same actions.
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

# Lambda binds a function to the unique ID of its role, not to its name: with a KMS key, only that role has the grant to
# decrypt the environment. A recreated role therefore replaces the function.
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
    ignore_changes = [description] # IAM cannot change it: a replacement would leave the role without permissions meanwhile
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
  #checkov:skip=CKV_AWS_290:Lambda requires these permissions on every resource; the function's code is denied them
  count = length(local.network_statements)

  name   = "join-vpc"
  role   = aws_iam_role.collector.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.network_statements[count.index] })
}

# X-Ray does not support resource-level permissions.
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
