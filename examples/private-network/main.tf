# The collector in private subnets: S3 and Secrets Manager by endpoints, Zoom by NAT, and nothing else.

provider "aws" {}

data "aws_service" "s3" {
  service_id = "s3" # names the region, in versions 5 and 6 of the provider
}

module "zoom_operation_logs" {
  # In a repository of your own, take the module from its git address, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name
  bucket      = { force_destroy = var.force_destroy }

  collector = {
    vpc = {
      subnet_ids         = aws_route_table_association.private[*].subnet_id # once they have a way out
      security_group_ids = [aws_security_group.collector.id]

      # Where a proxy leads to Zoom instead of NAT; S3 is reached by its endpoint, without the proxy:
      # https_proxy = "http://proxy.example.internal:3128"
      # no_proxy    = ".amazonaws.com"

      # Where that proxy inspects TLS; README.md says how to make the layer:
      # ca_bundle = { layer_arn = "arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:1" }
    }
  }
}
