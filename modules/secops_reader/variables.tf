# The root module passes every value and validates the inputs.

variable "bucket" {
  type        = object({ name = string, prefix = string, created = bool, shared = bool })
  description = "The bucket's `name`, the `prefix` of the records' keys, whether the module `created` it (the reader may then list all of it), and whether it is `shared` with other module blocks."
}

variable "queue" {
  type        = object({ name = string, arn = string, url = string, notification = object({ events = list(string), filter_prefix = string }) })
  description = "The archive module's output `queue`; null for a feed that lists the bucket."
}

variable "reader" {
  type = object({
    mode                = string
    subject_id          = string
    federated_principal = string
    list_whole_bucket   = bool
  })
  description = "The root module's input `reader`."
}

variable "arn" {
  type        = string
  description = "ARN of the user or role, derived from its name and therefore known at plan."
}

variable "feed" {
  type = object({
    source_type       = string
    deletion_option   = string
    max_lookback_days = number
    namespace         = string
    labels            = map(string)
    instance          = string
  })
  description = "The root module's input `feed`."
}

variable "names" {
  type        = object({ reader = string, reader_policy = string, reader_key_secret = string, feed = string })
  description = "Full names of the resources and of the feed."
}

variable "account" {
  type        = object({ region = string, partition = string, dns_suffix = string })
  description = "The region and its partition."
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "The root module's input `kms_key`."
}

variable "iam_path" {
  type        = string
  description = "Path of the user or role and its policies."
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the permissions boundary of the user or role; null for none."
}

variable "tags" {
  type        = map(string)
  description = "Tags of all resources."
}
