variable "phases" {
  type        = list(string)
  description = "What is to be done: `plan` (also needed for each of the others), `apply` (make what is not there), `upgrade` (change what is there) and `destroy`."
  default     = ["plan", "apply", "upgrade", "destroy"]
  nullable    = false

  validation {
    condition     = length(var.phases) > 0 && alltrue([for phase in var.phases : contains(["plan", "apply", "upgrade", "destroy"], phase)])
    error_message = "phases must be some of \"plan\", \"apply\", \"upgrade\" and \"destroy\"."
  }
}

variable "options" {
  type        = map(string)
  description = "The options of the module that are used, such as `{ vpc = true, kms_key = \"arn:aws:kms:…\" }`: those of the table in docs/deployer.md, with `true` or the value that the table asks for."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for option in keys(var.options) : contains(keys(jsondecode(file("${path.module}/rights.json")).options), option)])
    error_message = "options must have keys that are options of the table in docs/deployer.md, such as \"vpc\" or \"kms_key\"."
  }

  validation {
    condition     = alltrue([for value in values(var.options) : can(regex("^[^\"\\\\$*?]*$", value))])
    error_message = "options must have values, such as true or an ARN, without * ? $ and quotes, which policies read as more than they say."
  }

  validation {
    condition     = alltrue([for option in ["ca_bundle", "code_signing", "kms_key", "permissions_boundary"] : contains(["", "false"], lookup(var.options, option, "")) || can(regex("^arn:aws[a-z-]*:(iam|kms|lambda):", var.options[option]))])
    error_message = "options ca_bundle, code_signing, kms_key and permissions_boundary must have an ARN as their value: the rights are bound to it."
  }

  validation {
    condition     = contains(["", "false"], lookup(var.options, "s3_package", "")) || can(regex("^[a-z0-9.-]+/.+$", var.options.s3_package))
    error_message = "options.s3_package must be BUCKET/KEY, the package's place in S3."
  }
}

variable "names" {
  type        = map(string)
  description = "The names that differ from the module's defaults, and `bucket_name`, which has none: those of the table in docs/deployer.md."
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.names) : contains(keys(jsondecode(file("${path.module}/rights.json")).names), name)])
    error_message = "names must have keys that are names of the table in docs/deployer.md, such as \"bucket_name\" or \"name_prefix\"."
  }

  validation {
    condition     = lookup(var.names, "bucket_name", "") != ""
    error_message = "names needs bucket_name, the name of the bucket."
  }

  validation {
    condition     = alltrue([for value in values(var.names) : can(regex("^[^\"\\\\$*?]*$", value))])
    error_message = "names must be without * ? $ and quotes, which policies read as more than they say."
  }
}
