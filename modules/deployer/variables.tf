variable "phases" {
  type        = list(string)
  description = "The phases: `plan` (also needed for each of the others), `apply` (create resources), `upgrade` (change resources) and `destroy`."
  default     = ["plan", "apply", "upgrade", "destroy"]
  nullable    = false

  validation {
    condition     = length(var.phases) > 0 && alltrue([for phase in var.phases : contains(["plan", "apply", "upgrade", "destroy"], phase)])
    error_message = "phases must be some of \"plan\", \"apply\", \"upgrade\" and \"destroy\"."
  }
}

variable "options" {
  type        = map(string)
  description = "The options of the module that are in use, such as `{ vpc = true, kms_key = \"arn:aws:kms:…\" }`: keys of the table in docs/deployer.md, with `true` or the value in the table."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for option in keys(var.options) : contains(keys(jsondecode(file("${path.module}/rights.json")).options), option)])
    error_message = "options must have keys that are options of the table in docs/deployer.md, such as \"vpc\" or \"kms_key\"."
  }
  validation {
    condition = alltrue([for option, pattern in jsondecode(file("${path.module}/rights.json")).values : can(regex("^(|false|${pattern})$", lookup(var.options, option, "")))
    if contains(["ca_bundle", "code_signing", "kms_key", "permissions_boundary"], option)])
    error_message = "options ca_bundle, code_signing, kms_key and permissions_boundary must be the complete ARN, as in docs/deployer.md, without wildcards: the permissions are limited to it."
  }
  validation {
    condition     = can(regex("^(|false|${jsondecode(file("${path.module}/rights.json")).values.s3_package})$", lookup(var.options, "s3_package", "")))
    error_message = "options.s3_package must be BUCKET/KEY, the location of the package in S3, without wildcards."
  }
  validation {
    condition     = alltrue([for option, value in var.options : contains(keys(jsondecode(file("${path.module}/rights.json")).values), option) || can(regex("^(|false|true)$", value))])
    error_message = "options must be true or false, except those with another value in docs/deployer.md."
  }
}

variable "names" {
  type        = map(string)
  description = "The names that differ from the module's defaults, and `bucket_name`, which has no default: keys of the table in docs/deployer.md."
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.names) : contains(keys(jsondecode(file("${path.module}/rights.json")).names), name)])
    error_message = "names must have keys that are names of the table in docs/deployer.md, such as \"bucket_name\" or \"name_prefix\"."
  }
  validation {
    condition     = contains(keys(var.names), "bucket_name")
    error_message = "names needs bucket_name, the name of the bucket."
  }
  validation {
    condition     = alltrue([for name, value in var.names : can(regex("^(${lookup(jsondecode(file("${path.module}/rights.json")).values, name, jsondecode(file("${path.module}/rights.json")).values.name)})$", value))])
    error_message = "names must be names that the module accepts, without * ? $ and quotes, which have a special meaning in policies."
  }
}
