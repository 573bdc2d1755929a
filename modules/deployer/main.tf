# The permissions that applying this module needs, and no others. rights.json lists each action with its phases, options
# and resources. `zoomlogs deployer-policy` prints the same from the same file.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

# The region, in versions 5 and 6 of the provider; `aws_region` has another attribute in each.
data "aws_service" "s3" {
  service_id = "s3"
}

locals {
  file  = "${path.module}/rights.json"
  table = jsondecode(file(local.file))

  off = { for option in keys(local.table.options) : option => "" }
  place = {
    partition  = data.aws_partition.current.partition
    dns_suffix = data.aws_partition.current.dns_suffix
    region     = data.aws_service.s3.region
    account    = data.aws_caller_identity.current.account_id
  }
  given  = { for name, value in merge(var.options, var.names) : name => value if contains(keys(merge(local.off, local.table.names)), name) }
  values = merge(local.off, local.table.names, local.place, local.given)
  on     = [for option in keys(local.off) : option if local.values[option] != "" && local.values[option] != "false"]

  statements = [
    for statement in jsondecode(templatefile(local.file, local.values)).statements : merge(statement, {
      actions = sort(distinct(flatten([for phase in var.phases : lookup(statement, phase, [])])))
    })
    if length(setsubtract(lookup(statement, "if", []), local.on)) == 0 &&
    length(setintersection(lookup(statement, "unless", []), local.on)) == 0
  ]

  policies = {
    for part in distinct([for statement in local.statements : statement.part if length(statement.actions) > 0]) : part => jsonencode({
      Version = "2012-10-17"
      Statement = [
        for statement in local.statements : merge(
          { Sid = statement.sid, Effect = "Allow", Action = statement.actions, Resource = statement.resources },
          { for condition in [lookup(statement, "condition", null)] : "Condition" => condition if condition != null },
        )
        if statement.part == part && length(statement.actions) > 0
      ]
    })
  }
}
