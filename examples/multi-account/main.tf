# Two AWS accounts in two regions from one root, and two Zoom accounts in one of them.

# for_each cannot iterate over providers: each account or region needs a provider alias and a module block.
provider "aws" {
  alias  = "emea"
  region = "eu-west-1"

  assume_role {
    role_arn = "arn:aws:iam::${var.aws_accounts.emea}:role/${var.deployment_role}"
  }

  default_tags {
    tags = { managed-by = "terraform" }
  }
}

provider "aws" {
  alias  = "americas"
  region = "us-east-1"

  assume_role {
    role_arn = "arn:aws:iam::${var.aws_accounts.americas}:role/${var.deployment_role}"
  }

  default_tags {
    tags = { managed-by = "terraform" }
  }
}

module "emea" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source    = "../.."
  providers = { aws = aws.emea }

  bucket_name = "${var.bucket_prefix}-emea"
  bucket      = { force_destroy = var.force_destroy }
  tags        = { zoom-account = "emea" }
}

# Several Zoom accounts in one AWS account and region: each has its own names (by the prefix), bucket and secret.
module "americas" {
  source    = "../.."
  providers = { aws = aws.americas }
  for_each  = var.americas_zoom_accounts

  name_prefix = "${each.key}-"
  bucket_name = "${var.bucket_prefix}-${each.key}"
  bucket      = { force_destroy = var.force_destroy }
  tags        = { zoom-account = each.key }

  zoom  = { start_date = each.value.start_date }
  names = { feed = "Zoom Operation Logs ${each.key}" }
  feed  = { labels = { zoom_account = each.key } }
}
