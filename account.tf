# Where the module is deployed. The submodules get it from here.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# Names the region in versions 5 and 6 of the provider; `aws_region` has another attribute in each.
data "aws_service" "s3" {
  service_id = "s3"
}

locals {
  account = {
    id         = data.aws_caller_identity.current.account_id
    region     = data.aws_service.s3.region
    partition  = data.aws_partition.current.partition
    dns_suffix = data.aws_partition.current.dns_suffix
  }
}
