# The collector in private subnets: S3 and Secrets Manager through endpoints, Zoom through NAT.

provider "aws" {}

data "aws_service" "s3" {
  service_id = "s3" # has the region, in versions 5 and 6 of the provider
}

module "zoom_operation_logs" {
  # In your own repository, use the git address of the module, at a version:
  # source = "git::https://github.com/YOUR-ORGANISATION/terraform-aws-zoom-operation-logs.git?ref=v0.1.0"
  source = "../.."

  bucket_name = var.bucket_name
  bucket      = { force_destroy = var.force_destroy }

  collector = {
    vpc = {
      subnet_ids         = aws_route_table_association.private[*].subnet_id # after the routes
      security_group_ids = [aws_security_group.collector.id]

      # With a proxy instead of NAT; S3 has an endpoint and needs no proxy:
      # https_proxy = "http://proxy.example.internal:3128"
      # no_proxy    = ".amazonaws.com"

      # If that proxy inspects TLS; README.md says how to create the layer:
      # ca_bundle = { layer_arn = "arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:1" }
    }
  }
}
