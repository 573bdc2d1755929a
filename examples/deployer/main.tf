# The roles of a GitHub pipeline that plans and applies this module, with GitHub's OIDC instead of access keys. An
# administrator applies this once; the pipeline has another root module, such as examples/plan-check.

provider "aws" {}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  github    = "token.actions.githubusercontent.com"
  provider  = "arn:${local.partition}:iam::${data.aws_caller_identity.current.account_id}:oidc-provider/${local.github}"

  # Who may assume each role. The plan of a pull request runs code that nobody has reviewed, so its role can change
  # nothing. With the option `credentials` a plan reads the secret, so pull requests cannot plan. An apply runs in an
  # environment: GitHub checks its reviewers and branches.
  reads_secret = !contains(["", "false"], lookup(var.options, "credentials", ""))
  planned_from = local.reads_secret ? ["ref:refs/heads/main"] : ["pull_request", "ref:refs/heads/main"]
  roles = {
    plan  = { subjects = [for from in local.planned_from : "repo:${var.repository}:${from}"], policies = module.plan.policies }
    apply = { subjects = ["repo:${var.repository}:environment:${var.environment}"], policies = module.apply.policies }
  }
  attached = merge([for role, one in local.roles : { for part in keys(one.policies) : "${role}-${part}" => { role = role, policy = one.policies[part] } }]...)

  # s3:ListBucket has no condition on s3:prefix: otherwise S3 answers AccessDenied if there is no state yet.
  state_arn = var.state == null ? null : "arn:${local.partition}:s3:::${var.state.bucket}"
  state_statements = {
    plan = [
      { Sid = "FindState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = local.state_arn },
      { Sid = "ReadState", Effect = "Allow", Action = ["s3:GetObject"], Resource = "${local.state_arn}/${try(var.state.key, "")}" },
    ]
    apply = [
      { Sid = "FindState", Effect = "Allow", Action = ["s3:ListBucket"], Resource = local.state_arn },
      { Sid = "WriteState", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject"], Resource = "${local.state_arn}/${try(var.state.key, "")}" },
      { Sid = "LockState", Effect = "Allow", Action = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], Resource = "${local.state_arn}/${try(var.state.key, "")}.tflock" },
    ]
  }
  state_key_actions = { plan = ["kms:Decrypt"], apply = ["kms:Decrypt", "kms:GenerateDataKey"] }
  state_key_statements = { for role, actions in local.state_key_actions : role => [
    for arn in compact([try(var.state.kms_key_arn, null)]) : {
      Sid       = "StateKey"
      Effect    = "Allow"
      Action    = actions
      Resource  = arn
      Condition = { StringLike = { "kms:ViaService" = "s3.*.${data.aws_partition.current.dns_suffix}" } }
    }
  ] }
}

module "plan" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git//modules/deployer?ref=v0.1.0"
  source = "../../modules/deployer"

  phases  = ["plan"]
  options = var.options
  names   = var.names
}

module "apply" {
  source = "../../modules/deployer"

  options = var.options
  names   = var.names
}

resource "aws_iam_role" "pipeline" {
  for_each = local.roles

  name        = "zoom-operation-logs-${each.key}"
  description = "Pipeline of ${var.repository}: terraform ${each.key}"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider }
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = each.value.subjects
      } }
    }]
  })
}

resource "aws_iam_policy" "pipeline" {
  for_each = local.attached

  name   = "zoom-operation-logs-${each.key}"
  policy = each.value.policy
}

resource "aws_iam_role_policy_attachment" "pipeline" {
  for_each = local.attached

  role       = aws_iam_role.pipeline[each.value.role].name
  policy_arn = aws_iam_policy.pipeline[each.key].arn
}

resource "aws_iam_role_policy" "state" {
  for_each = { for role in keys(local.roles) : role => role if var.state != null }

  name   = "terraform-state"
  role   = aws_iam_role.pipeline[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.state_statements[each.key], local.state_key_statements[each.key]) })
}
