# Identity

variable "bucket_name" {
  type        = string
  description = "Name of the S3 bucket for the records. The module creates it, unless `bucket.create` is `false`."
  nullable    = false

  validation {
    condition = (
      can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name)) &&
      !can(regex("\\.\\.|^(\\d+\\.){3}\\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\\.mrap|--x-s3|--table-s3)$", var.bucket_name))
    )
    error_message = "bucket_name must be a name that S3 accepts: 3 to 63 lowercase letters, digits, hyphens and dots that begin and end with a letter or digit, no IP address, and none of S3's reserved prefixes and suffixes."
  }
}

variable "name_prefix" {
  type        = string
  description = "Prefix of all resource names except the bucket's. Several instances in one account need different prefixes. Default: `\"\"`."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,30}$", var.name_prefix))
    error_message = "name_prefix must be at most 30 letters, digits, hyphens and underscores, such as \"emea-\": AWS allows 64 characters for the name of a role or a schedule."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of all resources that support tags. Default: `{}`."
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : length(key) >= 1 && length(key) <= 128 && try(length(value), 0) <= 256 && !startswith(lower(key), "aws:")])
    error_message = "tags must be at most 50, with keys of 1 to 128 characters that do not begin with \"aws:\", and values of at most 256."
  }
  validation {
    condition     = alltrue([for key, value in var.tags : alltrue([for text in [key, value] : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))])])
    error_message = "tags must have keys and values of letters, digits, spaces and _ . : / = + - @, and no null: IAM accepts no other characters."
  }
  validation {
    condition     = length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags)
    error_message = "tags must have keys that differ in more than case: IAM treats \"Owner\" and \"owner\" as the same key."
  }
}

variable "iam_path" {
  type        = string
  description = "Path of the IAM roles, user and policies. Default: `\"/\"`."
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-#%-)+-.0->@-~]+/)*$", var.iam_path)) && length(var.iam_path) <= 512
    error_message = "iam_path must begin and end with \"/\", such as \"/security/\", without * ? $, which are wildcards and variables in policies."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the permissions boundary of the IAM roles and the user. Default: `null`, no permissions boundary."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as \"arn:aws:iam::111122223333:policy/boundary\"."
  }
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "`arn` of a KMS key in the same region. It encrypts the objects, the secret, the logs, the queues, the SNS topic and the function's environment. With an existing bucket, give that bucket's key. The key policy must allow CloudWatch Logs, CloudWatch (for the SNS topic) and S3 (for the feed's queue) to use the key. Default: `null`, the default encryption of each service."
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a KMS key, such as \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"; an alias does not work, because IAM policies cannot name one."
  }
  validation {
    condition     = var.kms_key == null ? true : can(regex("^arn:[^:]+:kms:${local.account.region}:", var.kms_key.arn)) || !can(regex("^arn:[^:]+:kms:", var.kms_key.arn))
    error_message = "kms_key.arn must be a key in the region in which the module is deployed: use the replica of a multi-Region key in that region."
  }
}

variable "names" {
  type = object({
    function          = optional(string, "zoom_operationlogs_to_s3")
    function_role     = optional(string, "WriteZoomOperationLogsToS3Role")
    function_policy   = optional(string, "WriteZoomOperationLogsToS3Policy")
    schedule          = optional(string, "zoom-operationlogs-schedule-15min")
    schedule_role     = optional(string, "InvokeZoomOperationLogsRole")
    dead_letter_queue = optional(string, "zoom-operationlogs-dead-letters")
    secret            = optional(string, "zoom-operationlogs-credentials")
    reader            = optional(string, "secops-reader")
    reader_policy     = optional(string, "secops-reader-policy")
    reader_key_secret = optional(string, "zoom-operationlogs-reader-key")
    feed              = optional(string)
    feed_queue        = optional(string, "zoom-operationlogs-feed")
    alarm_topic       = optional(string, "zoom-operationlogs-alarms")
    metrics_namespace = optional(string, "ZoomOperationLogs")
  })
  description = <<-EOT
    Names of the resources. Most deployments need only `name_prefix`. `name_prefix` precedes each, except `feed` and `metrics_namespace`.
    - `function`: Lambda function. Default: `"zoom_operationlogs_to_s3"`.
    - `function_role`: IAM role of the function. Default: `"WriteZoomOperationLogsToS3Role"`.
    - `function_policy`: IAM policy of that role. Default: `"WriteZoomOperationLogsToS3Policy"`.
    - `schedule`: EventBridge Scheduler schedule. Default: `"zoom-operationlogs-schedule-15min"`.
    - `schedule_role`: IAM role of the schedule. Default: `"InvokeZoomOperationLogsRole"`.
    - `dead_letter_queue`: SQS queue for invocations that the schedule could not deliver. Default: `"zoom-operationlogs-dead-letters"`.
    - `secret`: secret with Zoom's credentials. Default: `"zoom-operationlogs-credentials"`.
    - `reader`: IAM user or role that reads for Google SecOps. Default: `"secops-reader"`.
    - `reader_policy`: IAM policy of the reader. Default: `"secops-reader-policy"`.
    - `reader_key_secret`: secret to which `zoomlogs reader-key` writes the reader's access key and from which `zoomlogs feed apply` reads it. Default: `"zoom-operationlogs-reader-key"`.
    - `feed`: feed in Google SecOps. Default: `null`, which means "Zoom Operation Logs" or "Zoom Sign-ins", by `zoom.report`.
    - `feed_queue`: SQS queue of a feed with `feed.source_type` `AMAZON_SQS_V2`. Default: `"zoom-operationlogs-feed"`.
    - `alarm_topic`: SNS topic of the alarms. Default: `"zoom-operationlogs-alarms"`.
    - `metrics_namespace`: CloudWatch namespace of the collector's metrics. Default: `"ZoomOperationLogs"`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", "${var.name_prefix}${var.names.function}"))
    error_message = "names.function must be letters, digits, hyphens and underscores, at most 64 with name_prefix."
  }
  validation {
    condition     = alltrue([for name in [var.names.function_role, var.names.schedule_role, var.names.reader] : can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", "${var.name_prefix}${name}"))])
    error_message = "names.function_role, names.schedule_role and names.reader must be letters, digits and _ + = , . @ -, at most 64 with name_prefix."
  }
  validation {
    condition     = alltrue([for name in [var.names.function_policy, var.names.reader_policy] : can(regex("^[A-Za-z0-9_+=,.@-]{1,124}$", "${var.name_prefix}${name}"))])
    error_message = "names.function_policy and names.reader_policy must be letters, digits and _ + = , . @ -, at most 124 with name_prefix."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,64}$", "${var.name_prefix}${var.names.schedule}"))
    error_message = "names.schedule must be letters, digits and . _ -, at most 64 with name_prefix."
  }
  validation {
    condition     = alltrue([for name in [var.names.dead_letter_queue, var.names.feed_queue] : can(regex("^[A-Za-z0-9_-]{1,80}$", "${var.name_prefix}${name}"))])
    error_message = "names.dead_letter_queue and names.feed_queue must be letters, digits, hyphens and underscores, at most 80 with name_prefix: neither can be a FIFO queue."
  }
  validation {
    condition     = alltrue([for name in [var.names.secret, var.names.reader_key_secret] : can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", "${var.name_prefix}${name}"))])
    error_message = "names.secret and names.reader_key_secret must be letters, digits and / _ + = . @ -, at most 512 with name_prefix."
  }
  # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
  validation {
    condition     = alltrue([for name in [var.names.secret, var.names.reader_key_secret] : !can(regex("-[A-Za-z0-9]{6}$", "${var.name_prefix}${name}"))])
    error_message = "names.secret and names.reader_key_secret must not end with a hyphen and six letters or digits, like the ARN of a secret: AWS advises against such names, because a search by name may not find them."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,248}$", "${var.name_prefix}${var.names.alarm_topic}"))
    error_message = "names.alarm_topic must be letters, digits, hyphens and underscores, at most 248 with name_prefix."
  }
  validation {
    condition     = var.names.feed == null ? true : length(trimspace(var.names.feed)) > 0
    error_message = "names.feed must not be empty."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9._/#:-]{1,255}$", var.names.metrics_namespace)) && !startswith(var.names.metrics_namespace, "AWS/")
    error_message = "names.metrics_namespace must be 1 to 255 letters, digits and . _ / # : -, and not begin with \"AWS/\"."
  }
  validation {
    condition = (
      (var.names.secret == "zoom-operationlogs-credentials" || var.secret.existing == null) &&
      (var.names.reader == "secops-reader" || var.reader.mode != "none") &&
      (var.names.reader_policy == "secops-reader-policy" || var.reader.mode != "none") &&
      (var.names.reader_key_secret == "zoom-operationlogs-reader-key" || var.reader.mode == "user") &&
      (var.names.feed_queue == "zoom-operationlogs-feed" || var.feed.source_type == "AMAZON_SQS_V2") &&
      (var.names.alarm_topic == "zoom-operationlogs-alarms" || var.monitoring.enabled && var.monitoring.topic_arns == null)
    )
    error_message = "names must leave out what the module does not create: secret with secret.existing, reader and reader_policy with reader.mode \"none\", reader_key_secret without reader.mode \"user\", feed_queue without feed.source_type \"AMAZON_SQS_V2\", alarm_topic with monitoring.topic_arns or monitoring.enabled = false."
  }
  # IAM ignores case when it compares names. `zoomlogs reader-key` would overwrite the other secret.
  validation {
    condition = alltrue([for of_one_kind in [
      concat([var.names.function_role, var.names.schedule_role], var.reader.mode == "role" ? [var.names.reader] : []),
      concat([var.names.function_policy], var.reader.mode == "none" ? [] : [var.names.reader_policy]),
      var.reader.mode != "user" ? [] : [
        "${var.name_prefix}${var.names.reader_key_secret}",
        var.secret.existing == null ? "${var.name_prefix}${var.names.secret}" : try(regex(":secret:(.+)-[A-Za-z0-9]{6}$", var.secret.existing.arn)[0], ""),
      ],
      var.feed.source_type == "AMAZON_SQS_V2" ? [var.names.dead_letter_queue, var.names.feed_queue] : [],
    ] : length(distinct([for name in of_one_kind : lower(name)])) == length(of_one_kind)])
    error_message = "names must differ in more than case within each of these groups: function_role, schedule_role and, with reader.mode \"role\", reader; function_policy and reader_policy; secret and reader_key_secret; dead_letter_queue and feed_queue."
  }
}

# The archive

variable "bucket" {
  type = object({
    create                     = optional(bool, true)
    prefix                     = optional(string)
    state_key                  = optional(string)
    versioning                 = optional(bool, true)
    encryption                 = optional(string)
    force_destroy              = optional(bool, false)
    expiration_days            = optional(number)
    noncurrent_expiration_days = optional(number, 200)
    transitions = optional(list(object({
      days          = number
      storage_class = string
    })), [])
    access_logs_bucket = optional(string)
    lock = optional(object({
      mode = string
      days = number
    }))
    break_glass_arns  = optional(list(string), [])
    policy_statements = optional(list(string), [])
    further_instances = optional(list(string), [])
  })
  description = <<-EOT
    The bucket and its settings.
    - `create`: create the bucket. With `false` the module uses an existing bucket and changes none of its settings: merge the output `bucket.policy` into its policy, or give the output `bucket.instance` to the module block that creates the bucket. Default: `true`.
    - `prefix`: prefix of the records' keys, which the feed reads. It ends with "/". Each report needs its own. Default: `null`, which means `zoom/operationlogs/` or `zoom/activities/`, by `zoom.report`.
    - `state_key`: key of the collector's checkpoint, outside `prefix`. Default: `null`, a key beside the prefix: `zoom/operationlogs-state/state.json` for `zoom/operationlogs/`.
    - `versioning`: keep versions. For an existing bucket, whether it keeps them. Default: `true`.
    - `encryption`: server-side encryption that each write asks for: `AES256`, `aws:kms` or `aws:kms:dsse`, the last two with `kms_key`. It is also the default encryption of a new bucket. Default: `null`, which means `aws:kms` with `kms_key` and `AES256` without; in an existing bucket, its default encryption.
    - `force_destroy`: let `terraform destroy` delete the bucket with its records. Default: `false`.
    - `expiration_days`: days until a record expires, at least 200. Default: `null`, never.
    - `noncurrent_expiration_days`: days until a noncurrent version of a record expires, at least 200. Default: `200`.
    - `transitions`: after `days`, move records to the `storage_class` STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR, in this order and at least 30 days after STANDARD_IA. S3 does not move objects under 128 KB. Default: `[]`.
    - `access_logs_bucket`: bucket for S3 server access logs, whose keys begin with the name of this bucket. Default: `null`, no access logs.
    - `lock`: S3 Object Lock: each object of records is locked for `days` days, a whole number, after it is written. In `mode` `GOVERNANCE` a principal with `s3:BypassGovernanceRetention` can remove the lock; in `COMPLIANCE` nobody can, not even AWS Support. The checkpoint is not locked. Object Lock cannot be turned off for a bucket: without `lock`, only new objects are not locked. An existing bucket must have Object Lock enabled. See docs/security.md. Default: `null`, no lock.
    - `break_glass_arns`: IAM roles or users that may also put and delete records and the checkpoint, for the tasks of docs/operations.md that need it. Remove them afterwards. An IAM policy must allow them too. Default: `[]`.
    - `policy_statements`: JSON policy documents to merge into the policy of a new bucket. Default: `[]`.
    - `further_instances`: the output `bucket.instance` of each further module block that uses this bucket with `create = false`. The bucket's policy, lifecycle rules and notifications are then for its records too, and `force_destroy` deletes them too. Default: `[]`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.bucket.prefix == null ? true : can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$", var.bucket.prefix)) && length(var.bucket.prefix) <= 900
    error_message = "bucket.prefix must be a folder such as \"zoom/operationlogs/\": it ends with \"/\", does not begin with it, and uses only letters, digits and . _ -."
  }
  validation {
    condition     = var.bucket.state_key == null ? true : can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$", var.bucket.state_key)) && length(var.bucket.state_key) <= 1024
    error_message = "bucket.state_key must be an object's key such as \"zoom/operationlogs-state/state.json\": it neither begins nor ends with \"/\", and uses only letters, digits and . _ -."
  }
  validation {
    condition     = var.bucket.state_key == null ? true : !endswith(coalesce(var.bucket.prefix, "/"), "/") || !startswith(var.bucket.state_key, coalesce(var.bucket.prefix, "zoom/${var.zoom.report}/"))
    error_message = "bucket.state_key must be outside bucket.prefix: the feed would ingest the checkpoint as a log, and might delete it."
  }
  # The lifecycle rule of the checkpoint applies to all keys that begin with its key.
  validation {
    condition     = try(length(var.bucket.state_key), 0) == 0 ? true : !startswith(coalesce(var.bucket.prefix, "zoom/${var.zoom.report}/"), var.bucket.state_key)
    error_message = "bucket.state_key must not be the beginning of bucket.prefix: the lifecycle rule that deletes old versions of the checkpoint after 14 days would apply to the records."
  }
  validation {
    condition     = var.bucket.encryption == null ? true : contains(["AES256", "aws:kms", "aws:kms:dsse"], var.bucket.encryption)
    error_message = "bucket.encryption must be \"AES256\", \"aws:kms\" or \"aws:kms:dsse\", or null for the bucket's default encryption."
  }
  validation {
    condition     = try(startswith(var.bucket.encryption, "aws:kms"), false) ? var.kms_key != null : true
    error_message = "bucket.encryption \"aws:kms\" and \"aws:kms:dsse\" need kms_key, the key that encrypts the records: without it S3 would use its own key, aws/s3, which the roles of the reader and the collector may not use."
  }
  validation {
    condition     = var.bucket.expiration_days == null ? true : var.bucket.expiration_days >= 200 && var.bucket.expiration_days == floor(var.bucket.expiration_days)
    error_message = "bucket.expiration_days must be a whole number of at least 200: Zoom returns records for six months, and the collector would deliver a record again that expired within that time."
  }
  validation {
    condition     = var.bucket.noncurrent_expiration_days >= 200 && var.bucket.noncurrent_expiration_days == floor(var.bucket.noncurrent_expiration_days)
    error_message = "bucket.noncurrent_expiration_days must be a whole number of at least 200: Zoom returns records for six months, and only the versions show what the feed deleted."
  }
  validation {
    condition     = alltrue([for transition in var.bucket.transitions : try(contains(["INTELLIGENT_TIERING", "STANDARD_IA", "GLACIER_IR"], transition.storage_class), false)])
    error_message = "bucket.transitions[*].storage_class must be \"INTELLIGENT_TIERING\", \"STANDARD_IA\" or \"GLACIER_IR\": the feed and the collector need immediate access to records, and ONEZONE_IA keeps them in one Availability Zone."
  }
  validation {
    condition     = alltrue([for transition in var.bucket.transitions : try(transition.days >= (transition.storage_class == "STANDARD_IA" ? 30 : 0) && transition.days == floor(transition.days), transition == null)])
    error_message = "bucket.transitions[*].days must be a whole number of at least 0, and of at least 30 for STANDARD_IA."
  }
  validation {
    condition     = try(length(distinct(var.bucket.transitions[*].storage_class)) == length(var.bucket.transitions), true) # no transition is null
    error_message = "bucket.transitions must name each storage_class once."
  }
  validation {
    condition     = alltrue([for one in var.bucket.further_instances : can([sort([jsondecode(one).arn, jsondecode(one).account_id, jsondecode(one).prefix, jsondecode(one).state_key, jsondecode(one).writer_arn]), jsondecode(jsondecode(one).policy).Statement, jsondecode(one).notification])])
    error_message = "bucket.further_instances must be the output bucket.instance of module blocks with this bucket and bucket.create = false."
  }
  validation {
    condition     = var.bucket.create || length(var.bucket.further_instances) == 0
    error_message = "bucket.further_instances are for the module block that creates the bucket: with bucket.create = false, the owner of the bucket sets its policy, lifecycle rules and notifications."
  }
  # S3 moves objects only in this order, and charges at least 30 days of STANDARD_IA.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
  validation {
    condition = alltrue(flatten([for from in var.bucket.transitions : [for to in var.bucket.transitions :
      try(to.days >= from.days + (from.storage_class == "STANDARD_IA" ? 30 : 1), true)
      if try(index(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], from.storage_class) < index(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], to.storage_class), false)
    ]]))
    error_message = "bucket.transitions[*].days must increase in the order STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, because S3 moves objects only in this order, and be at least 30 more than those of STANDARD_IA."
  }
  validation {
    condition     = var.bucket.expiration_days == null ? true : alltrue([for transition in var.bucket.transitions : try(transition.days < var.bucket.expiration_days, true)])
    error_message = "bucket.transitions[*].days must be less than bucket.expiration_days."
  }
  validation {
    condition     = var.bucket.access_logs_bucket == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket.access_logs_bucket)) && var.bucket.access_logs_bucket != var.bucket_name
    error_message = "bucket.access_logs_bucket must be the name of another bucket in the same region and account: a bucket that logs to itself creates an infinite loop of logs."
  }
  validation {
    condition     = var.bucket.lock == null || try(contains(["GOVERNANCE", "COMPLIANCE"], var.bucket.lock.mode), false)
    error_message = "bucket.lock.mode must be \"GOVERNANCE\" or \"COMPLIANCE\"."
  }
  validation {
    condition     = var.bucket.lock == null || try(var.bucket.lock.days >= 1 && var.bucket.lock.days <= 36500 && var.bucket.lock.days == floor(var.bucket.lock.days), false)
    error_message = "bucket.lock.days must be a whole number from 1 to 36500, the longest retention that S3 allows."
  }
  validation {
    condition     = !var.bucket.create || try(var.bucket.lock.days <= var.bucket.expiration_days, true) # no lock, or no expiration
    error_message = "bucket.lock.days must be at most bucket.expiration_days: S3 deletes no locked version, so records would outlast bucket.expiration_days."
  }
  validation {
    condition     = !var.bucket.create || try(var.bucket.lock.days <= var.bucket.noncurrent_expiration_days, true) # no lock
    error_message = "bucket.lock.days must be at most bucket.noncurrent_expiration_days: S3 deletes no locked version, so deleted records would outlast it. Raise it to bucket.lock.days."
  }
  validation {
    condition     = var.bucket.lock == null || var.bucket.versioning
    error_message = "bucket.lock needs bucket.versioning = true: S3 Object Lock protects versions, and S3 enables it only for a bucket that keeps them."
  }
  validation {
    condition     = var.bucket.lock == null || !var.bucket.force_destroy
    error_message = "bucket.lock and bucket.force_destroy contradict each other: the lock keeps records that force_destroy would delete. Set only one of them; docs/uninstalling.md explains how to uninstall with locked records."
  }
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  validation {
    condition     = !var.bucket.create || !endswith(var.bucket_name, "-an")
    error_message = "bucket_name must not end in \"-an\": S3 reserves that suffix for buckets in an account's regional namespace, and this module creates the bucket in the global one. An existing bucket may have such a name."
  }
  validation {
    condition     = alltrue([for arn in var.bucket.break_glass_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-#%-)+-.0->@-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", arn))])
    error_message = "bucket.break_glass_arns must be ARNs of IAM roles or users, without wildcards, such as \"arn:aws:iam::111122223333:role/break-glass\": give the role, not a session of it (\"arn:aws:sts::…:assumed-role/…\")."
  }
  validation {
    condition     = alltrue([for document in var.bucket.policy_statements : can([for statement in jsondecode(document).Statement : "${statement.Effect}${statement.Sid}"])])
    error_message = "bucket.policy_statements must be JSON policy documents with a list of statements, each with Sid and Effect, such as the output bucket.policy of another instance."
  }
  validation {
    condition     = var.bucket.create || length(var.bucket.policy_statements) == 0
    error_message = "bucket.policy_statements are for the policy of a new bucket: with bucket.create = false, merge them into that bucket's own policy, together with the output bucket.policy."
  }
  validation {
    condition = var.bucket.create || (
      !var.bucket.force_destroy && var.bucket.access_logs_bucket == null && length(var.bucket.transitions) == 0 && var.bucket.expiration_days == null && var.bucket.noncurrent_expiration_days == 200
    )
    error_message = "bucket.access_logs_bucket, expiration_days, force_destroy, noncurrent_expiration_days and transitions are settings of a new bucket: leave them out with bucket.create = false, which changes no setting of the bucket."
  }
}

# The collector

variable "zoom" {
  type = object({
    report            = optional(string, "operationlogs")
    oauth_url         = optional(string, "https://zoom.us/oauth/token")
    api_url           = optional(string, "https://api.zoom.us/v2")
    allow_other_hosts = optional(bool, false)
    page_size         = optional(number, 300)
    timeout_seconds   = optional(number, 30)
    lookback_days     = optional(number, 3)
    reconcile_hours   = optional(number, 12)
    start_date        = optional(string)
  })
  description = <<-EOT
    The requests to Zoom.
    - `report`: the report that this module block collects: `operationlogs`, or `activities` for sign-ins and sign-outs. Use a module block for each. Default: `"operationlogs"`.
    - `oauth_url`: address of the token endpoint; for Zoom for Government `https://zoomgov.com/oauth/token`. Default: `"https://zoom.us/oauth/token"`.
    - `api_url`: address of the API; for Zoom for Government `https://api.zoomgov.com/v2`. Default: `"https://api.zoom.us/v2"`.
    - `allow_other_hosts`: allow addresses outside of zoom.us and zoomgov.com. The collector sends the client secret to them. Default: `false`.
    - `page_size`: rows per page, 1 to 300. Default: `300`.
    - `timeout_seconds`: timeout of one HTTP request, 1 to 300. Default: `30`.
    - `lookback_days`: days before today in which each run looks for late rows, 1 to 28. Default: `3`.
    - `reconcile_hours`: hours between two complete reads of those days, 1 to 24. Default: `12`.
    - `start_date`: first day to fetch, YYYY-MM-DD, today or tomorrow at the latest. Zoom keeps six months. Default: `null`, `lookback_days` before the first run.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(keys(local.reports), var.zoom.report)
    error_message = "zoom.report must be a report that the collector knows (lambda/zoom_operationlogs/reports.json), such as \"operationlogs\" or \"activities\", the sign-ins and sign-outs."
  }
  # The collector checks the same, lambda/zoom_operationlogs/settings.py.
  validation {
    condition = alltrue([for url in [var.zoom.oauth_url, var.zoom.api_url] : can(regex(join("", [
      "^(https://${var.zoom.allow_other_hosts ? "[A-Za-z0-9.-]+" : "(([a-z0-9-]+\\.)*(zoom\\.us|zoomgov\\.com)|127\\.0\\.0\\.1|localhost)"}|http://(127\\.0\\.0\\.1|localhost))",
      "(:[1-9][0-9]{0,4})?(/\\.*[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$", # no part of the path is "." or ".."
    ]), url))])
    error_message = "zoom.oauth_url and zoom.api_url must be https addresses of zoom.us or zoomgov.com without a slash at the end, such as \"https://api.zoom.us/v2\" (http only for 127.0.0.1 and localhost). The collector sends the client secret to them; other hosts need zoom.allow_other_hosts = true."
  }
  validation {
    condition     = can(regex("/oauth/token/?([?#].*)?$", var.zoom.oauth_url)) && can(regex("/v2/?([?#].*)?$", var.zoom.api_url))
    error_message = "zoom.oauth_url must end with \"/oauth/token\" and zoom.api_url with \"/v2\": they look swapped or incomplete."
  }
  validation {
    condition     = strcontains(var.zoom.oauth_url, "zoomgov.com") == strcontains(var.zoom.api_url, "zoomgov.com")
    error_message = "zoom.oauth_url and zoom.api_url must belong to the same Zoom: set both for Zoom for Government (https://zoomgov.com/oauth/token and https://api.zoomgov.com/v2), or neither."
  }
  validation {
    condition     = var.zoom.page_size >= 1 && var.zoom.page_size <= 300 && var.zoom.page_size == floor(var.zoom.page_size)
    error_message = "zoom.page_size must be a whole number from 1 to 300, the largest page that Zoom returns."
  }
  validation {
    condition     = var.zoom.timeout_seconds >= 1 && var.zoom.timeout_seconds <= 300 && var.zoom.timeout_seconds < var.collector.timeout_seconds && var.zoom.timeout_seconds == floor(var.zoom.timeout_seconds)
    error_message = "zoom.timeout_seconds must be a whole number from 1 to 300, and less than collector.timeout_seconds: a request must not outlast the run."
  }
  validation {
    condition     = var.zoom.lookback_days >= 1 && var.zoom.lookback_days <= 28 && var.zoom.lookback_days == floor(var.zoom.lookback_days)
    error_message = "zoom.lookback_days must be a whole number from 1 to 28: Zoom returns at most one month per request."
  }
  validation {
    condition     = var.zoom.reconcile_hours >= 1 && var.zoom.reconcile_hours <= 24 && var.zoom.reconcile_hours == floor(var.zoom.reconcile_hours)
    error_message = "zoom.reconcile_hours must be a whole number from 1 to 24, so that the collector looks for late rows at least once a day."
  }
  validation {
    condition     = var.zoom.start_date == null || can(regex("^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$", var.zoom.start_date)) && can(formatdate("YYYY", "${var.zoom.start_date}T00:00:00Z"))
    error_message = "zoom.start_date must be a date of the calendar written YYYY-MM-DD, such as \"2026-01-31\"."
  }
  # A day after tomorrow begins more than 24 hours from now.
  validation {
    condition     = var.zoom.start_date == null ? true : try(timecmp("${var.zoom.start_date}T00:00:00Z", timeadd(plantimestamp(), "24h")) <= 0, true)
    error_message = "zoom.start_date must be tomorrow (UTC) at the latest: until that day the collector would fetch nothing."
  }
}

variable "zoom_credentials" {
  type = object({
    account_id    = string
    client_id     = string
    client_secret = string
  })
  description = "Credentials of Zoom's Server-to-Server OAuth app (`account_id`, `client_id`, `client_secret`), to write into the secret once, together with `secret.credentials_version`. Ephemeral: neither the plan nor the state contains them. Do not apply them with `TF_LOG` set: the AWS provider then logs them in plain text. Default: `null`."
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = (var.zoom_credentials == null) == (var.secret.credentials_version == null)
    error_message = "zoom_credentials and secret.credentials_version must be set together: version 1 to write the credentials, one more at each change. Remove both afterwards."
  }
  validation {
    condition     = var.zoom_credentials == null ? true : alltrue([for value in values(var.zoom_credentials) : can(regex("^[^\\s<>]+$", value))])
    error_message = "zoom_credentials needs account_id, client_id and client_secret as Zoom shows them: not empty, without spaces, and no \"<placeholder>\"."
  }
}

variable "secret" {
  type = object({
    existing = optional(object({
      arn     = string
      kms_key = optional(object({ arn = string }))
    }))
    credentials_version  = optional(number)
    recovery_window_days = optional(number, 30)
  })
  description = <<-EOT
    The Secrets Manager secret with Zoom's credentials, a JSON object {"account_id", "client_id", "client_secret"}.
    - `existing`: `arn` of an existing secret in the same region. Default: `null`, the module creates an empty secret.
    - `existing.kms_key`: `arn` of the KMS key of that secret. Default: `null`, the key aws/secretsmanager.
    - `credentials_version`: version of `zoom_credentials`, which Terraform writes into the new secret whenever this number changes. Remove both afterwards: once something else has stored new credentials twice, an apply may write the old ones again. Default: `null`, Terraform writes no credentials.
    - `recovery_window_days`: days in which a deleted secret can be restored, 7 to 30, or 0 to delete it immediately. Default: `30`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.secret.existing == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", var.secret.existing.arn))
    error_message = "secret.existing.arn must be the complete ARN of a Secrets Manager secret, including its last six characters, such as \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf\"."
  }
  validation {
    condition     = try(var.secret.existing.kms_key, null) == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.secret.existing.kms_key.arn))
    error_message = "secret.existing.kms_key.arn must be the ARN of a KMS key, not of an alias."
  }
  validation {
    condition     = var.secret.existing == null ? true : can(regex("^arn:[^:]+:secretsmanager:${local.account.region}:", var.secret.existing.arn)) || !can(regex("^arn:[^:]+:secretsmanager:", var.secret.existing.arn))
    error_message = "secret.existing.arn must be a secret in the region in which the module is deployed: replicate a secret from another region and use the replica."
  }
  validation {
    condition     = try(var.secret.existing.kms_key, null) == null ? true : can(regex("^arn:[^:]+:kms:${local.account.region}:", var.secret.existing.kms_key.arn)) || !can(regex("^arn:[^:]+:kms:", var.secret.existing.kms_key.arn))
    error_message = "secret.existing.kms_key.arn must be a key in the region in which the module is deployed, like the secret."
  }
  validation {
    condition     = var.secret.credentials_version == null ? true : var.secret.credentials_version >= 1 && var.secret.credentials_version == floor(var.secret.credentials_version)
    error_message = "secret.credentials_version must be a whole number of at least 1; raise it by one to write new credentials."
  }
  validation {
    condition     = var.secret.credentials_version == null || var.secret.existing == null
    error_message = "secret.credentials_version is for the secret that the module creates: leave it out with secret.existing, and store the credentials in that secret yourself."
  }
  validation {
    condition     = var.secret.recovery_window_days == 30 || var.secret.existing == null
    error_message = "secret.recovery_window_days is for the secret that the module creates: leave it out with secret.existing."
  }
  validation {
    condition     = contains(concat([0], range(7, 31)), var.secret.recovery_window_days)
    error_message = "secret.recovery_window_days must be 0 (delete immediately) or a whole number from 7 to 30."
  }
}

variable "collector" {
  type = object({
    architecture         = optional(string, "x86_64")
    memory_mb            = optional(number, 512)
    timeout_seconds      = optional(number, 300)
    reserved_concurrency = optional(number)
    log_level            = optional(string, "INFO")
    log_retention_days   = optional(number, 365)
    tracing              = optional(bool, false)

    code_signing_config_arn = optional(string)

    vpc = optional(object({
      subnet_ids         = list(string)
      security_group_ids = list(string)
      https_proxy        = optional(string)
      no_proxy           = optional(string)
      ca_bundle = optional(object({
        layer_arn = string
        path      = optional(string, "/opt/ca-bundle.pem")
      }))
    }))
  })
  description = <<-EOT
    The Lambda function.
    - `architecture`: `x86_64` or `arm64`. Default: `"x86_64"`.
    - `memory_mb`: memory in MB, 128 to 10240. Default: `512`.
    - `timeout_seconds`: timeout of a run, 60 to 900. Default: `300`.
    - `reserved_concurrency`: reserved concurrent executions. Default: `null`, none; accounts with a small quota have none to reserve.
    - `log_level`: `INFO` or `DEBUG`. Default: `"INFO"`.
    - `log_retention_days`: retention of the log group, a value that CloudWatch offers, or 0 for no expiration. Default: `365`.
    - `tracing`: send traces to X-Ray. Default: `false`.
    - `code_signing_config_arn`: ARN of a Lambda code signing configuration. It needs a signed `package` in S3. Default: `null`, no code signing.
    - `vpc`: run in the subnets `subnet_ids` with the security groups `security_group_ids`. Zoom, Secrets Manager and S3 must be reachable from there, through NAT, VPC endpoints or a proxy. Default: `null`, no VPC.
    - `vpc.https_proxy`: address of the proxy. Default: `null`, no proxy.
    - `vpc.no_proxy`: hosts to reach without the proxy, separated by commas. Default: `null`, none.
    - `vpc.ca_bundle`: for a proxy that inspects TLS, `layer_arn` of the Lambda layer version with the CA certificates to trust. Default: `null`, the CA certificates of the runtime.
    - `vpc.ca_bundle.path`: path of the file with the certificates. Default: `"/opt/ca-bundle.pem"`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["x86_64", "arm64"], var.collector.architecture)
    error_message = "collector.architecture must be \"x86_64\" or \"arm64\"."
  }
  validation {
    condition     = var.collector.memory_mb >= 128 && var.collector.memory_mb <= 10240 && var.collector.memory_mb == floor(var.collector.memory_mb)
    error_message = "collector.memory_mb must be a whole number from 128 to 10240."
  }
  validation {
    condition     = var.collector.timeout_seconds >= 60 && var.collector.timeout_seconds <= 900 && var.collector.timeout_seconds == floor(var.collector.timeout_seconds)
    error_message = "collector.timeout_seconds must be a whole number from 60 (a shorter run has no time to save) to 900 (Lambda's limit)."
  }
  validation {
    condition     = var.collector.reserved_concurrency == null ? true : var.collector.reserved_concurrency >= 1 && var.collector.reserved_concurrency == floor(var.collector.reserved_concurrency)
    error_message = "collector.reserved_concurrency must be a whole number of at least 1, or null for none; to stop collecting, set schedule.enabled = false."
  }
  validation {
    condition     = contains(["INFO", "DEBUG"], var.collector.log_level)
    error_message = "collector.log_level must be \"INFO\" or \"DEBUG\": above INFO, Lambda would drop the metrics too."
  }
  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.collector.log_retention_days)
    error_message = "collector.log_retention_days must be a value that CloudWatch offers: 0 (no expiration), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
  validation {
    condition     = var.collector.code_signing_config_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$", var.collector.code_signing_config_arn))
    error_message = "collector.code_signing_config_arn must be the ARN of a Lambda code signing configuration, such as \"arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0\"."
  }
  validation {
    condition     = var.collector.code_signing_config_arn == null || try(var.package.s3_bucket, null) != null
    error_message = "collector.code_signing_config_arn needs package.s3_bucket and package.s3_key: Lambda then accepts only a package that AWS Signer has signed and stored in S3, and the committed package is not signed."
  }
  validation {
    condition = var.collector.vpc == null ? true : try(
      length(var.collector.vpc.subnet_ids) >= 1 && length(var.collector.vpc.subnet_ids) <= 16 && alltrue([for id in var.collector.vpc.subnet_ids : can(regex("^subnet-[0-9a-z]+$", id))]) &&
      length(var.collector.vpc.security_group_ids) >= 1 && length(var.collector.vpc.security_group_ids) <= 5 && alltrue([for id in var.collector.vpc.security_group_ids : can(regex("^sg-[0-9a-z]+$", id))]),
      false, # null in place of a list
    )
    error_message = "collector.vpc needs 1 to 16 subnet_ids such as \"subnet-0123456789abcdef0\" and 1 to 5 security_group_ids such as \"sg-0123456789abcdef0\"."
  }
  validation {
    condition     = try(var.collector.vpc.https_proxy, null) == null ? true : can(regex("^https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?$", var.collector.vpc.https_proxy))
    error_message = "collector.vpc.https_proxy must be an address such as \"http://proxy.example.com:3128\", without user and password: the function's environment must not contain a secret."
  }
  validation {
    condition     = try(var.collector.vpc.no_proxy, null) == null ? true : var.collector.vpc.https_proxy != null && can(regex("^[A-Za-z0-9.*:/_-]+(,[A-Za-z0-9.*:/_-]+)*$", var.collector.vpc.no_proxy))
    error_message = "collector.vpc.no_proxy needs https_proxy, and must list hosts separated by commas without spaces, such as \"s3.eu-west-1.amazonaws.com,.internal\"."
  }
  validation {
    condition = try(var.collector.vpc.ca_bundle, null) == null ? true : (
      can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.collector.vpc.ca_bundle.layer_arn)) &&
      can(regex("^/opt(/[A-Za-z0-9._-]+)+$", var.collector.vpc.ca_bundle.path))
    )
    error_message = "collector.vpc.ca_bundle needs layer_arn, the ARN of a Lambda layer version such as \"arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:1\", and path, a file under /opt/, where Lambda extracts layers, such as \"/opt/ca-bundle.pem\"."
  }
  validation {
    condition = alltrue([for arn in [try(var.collector.vpc.ca_bundle.layer_arn, null), var.collector.code_signing_config_arn] :
      arn == null ? true : can(regex("^arn:[^:]+:lambda:${local.account.region}:", arn)) || !can(regex("^arn:[^:]+:lambda:", arn))
    ])
    error_message = "collector.vpc.ca_bundle.layer_arn and collector.code_signing_config_arn must be in the region in which the module is deployed: Lambda accepts no others."
  }
}

variable "schedule" {
  type = object({
    expression              = optional(string, "rate(15 minutes)")
    timezone                = optional(string, "UTC")
    enabled                 = optional(bool, true)
    flexible_window_minutes = optional(number)
  })
  description = <<-EOT
    The EventBridge Scheduler schedule that invokes the function.
    - `expression`: a rate or cron expression, such as `rate(10 minutes)` or `cron(0/10 * * * ? *)`. Default: `"rate(15 minutes)"`.
    - `timezone`: time zone of a cron expression, such as Europe/Madrid. Default: `"UTC"`.
    - `enabled`: `false` pauses collecting. Default: `true`.
    - `flexible_window_minutes`: length of the flexible time window in which a run starts, 1 to 1440. Default: `null`, runs start on time.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex(local.rate_expression, var.schedule.expression)) || startswith(var.schedule.expression, "cron(")
    error_message = "schedule.expression must be a rate expression such as \"rate(15 minutes)\", with minutes, hours or days, or a cron expression such as \"cron(0/15 * * * ? *)\"."
  }
  validation {
    condition     = !startswith(var.schedule.expression, "cron(") || can(regex(local.cron_expression, var.schedule.expression))
    error_message = "schedule.expression must be a cron expression of EventBridge Scheduler: minutes, hours, day of month, month, day of week and year, separated by one space, with \"?\" as exactly one of the two days, such as \"cron(0/15 8-18 ? * MON-FRI *)\"."
  }
  validation {
    condition     = contains(local.time_zones, var.schedule.timezone)
    error_message = "schedule.timezone must be a name of the time zone database, such as \"UTC\" or \"Europe/Madrid\"."
  }
  validation {
    condition     = var.schedule.timezone == "UTC" || !startswith(var.schedule.expression, "rate(")
    error_message = "schedule.timezone is for a cron expression: leave it out with a rate expression, which has no time of day."
  }
  validation {
    condition     = var.schedule.flexible_window_minutes == null ? true : var.schedule.flexible_window_minutes >= 1 && var.schedule.flexible_window_minutes <= 1440 && var.schedule.flexible_window_minutes == floor(var.schedule.flexible_window_minutes)
    error_message = "schedule.flexible_window_minutes must be a whole number from 1 to 1440, or null to start on time."
  }
}

variable "package" {
  type = object({
    filename          = optional(string)
    s3_bucket         = optional(string)
    s3_key            = optional(string)
    s3_object_version = optional(string)
    sha256            = optional(string)
  })
  description = <<-EOT
    A package other than the committed lambda/dist/collector.zip. A plan fails if Lambda runs other code. Default: `null`, the committed package.
    - `filename`: a zip file. Default: `null`.
    - `s3_bucket`: bucket of an object in S3. Default: `null`.
    - `s3_key`: key of that object. Default: `null`.
    - `s3_object_version`: version of that object, in a versioned bucket. Default: `null`.
    - `sha256`: SHA-256 of that object in base64, as `filebase64sha256()` and `openssl dgst -sha256 -binary FILE | base64` print it; of a signed package, that of the object that AWS Signer stored. Default: `null`.
  EOT
  default     = null

  validation {
    condition = var.package == null ? true : (
      (var.package.filename != null) != (var.package.s3_bucket != null) &&
      (var.package.s3_bucket == null) == (var.package.s3_key == null) &&
      var.package.s3_bucket != "" && var.package.s3_key != "" &&
      (var.package.s3_object_version == null || var.package.s3_bucket != null)
    )
    error_message = "package must name either a file (filename) or an object in S3 (s3_bucket and s3_key, and s3_object_version in a versioned bucket), not both."
  }
  validation {
    condition     = var.package == null ? true : var.package.s3_bucket == null ? var.package.sha256 == null : can(regex("^[A-Za-z0-9+/]{43}=$", var.package.sha256))
    error_message = "package.sha256 must be the SHA-256 of the object in S3, in base64 (44 characters, as filebase64sha256() prints it); set it with s3_bucket, not with filename."
  }
}

# Google SecOps

variable "reader" {
  type = object({
    mode                = optional(string, "user")
    subject_id          = optional(string)
    federated_principal = optional(string)
    list_whole_bucket   = optional(bool, false)
    principal_arns      = optional(list(string), [])
  })
  description = <<-EOT
    The IAM principal that reads the records for Google SecOps.
    - `mode`: `user` (IAM user; `zoomlogs reader-key` creates its access key), `role` (IAM role for Google's federated identity, without a key) or `none`. Default: `"user"`.
    - `subject_id`: in mode `role`, the numeric subject ID of the feed's service account. Default: `null`.
    - `federated_principal`: in mode `role`, ARN of the OIDC provider for accounts.google.com, in a partition such as GovCloud that does not have it built in. Default: `null`.
    - `list_whole_bucket`: in an existing bucket, allow the reader to list all keys, not only those under `bucket.prefix`. Set it if the feed fails with ACCESS_DENIED. The reader may always list a new bucket, which contains nothing else. Default: `false`.
    - `principal_arns`: in mode `none`, the IAM roles or users of a feed with `feed.deletion_option` `ON_SUCCESS`: the bucket policy allows only them to delete. Default: `[]`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["user", "role", "none"], var.reader.mode)
    error_message = "reader.mode must be \"user\", \"role\" or \"none\"."
  }
  validation {
    condition     = var.reader.mode != "role" || can(regex("^[0-9]+$", var.reader.subject_id))
    error_message = "reader.mode \"role\" needs reader.subject_id, the numeric ID of the feed's service account: without it any Google account could assume the role."
  }
  validation {
    condition     = var.reader.mode != "role" || local.account.partition == "aws" || var.reader.federated_principal != null
    error_message = "reader.mode \"role\" trusts accounts.google.com, which is built into the AWS partition \"aws\" only: use mode \"user\", or create an OIDC provider for accounts.google.com and set reader.federated_principal to its ARN."
  }
  validation {
    condition     = !contains(["user", "none"], var.reader.mode) || var.reader.subject_id == null && var.reader.federated_principal == null
    error_message = "reader.subject_id and reader.federated_principal are for reader.mode \"role\": leave them out in another mode."
  }
  validation {
    condition     = !var.reader.list_whole_bucket || !var.bucket.create
    error_message = "reader.list_whole_bucket is for an existing bucket: leave it out with bucket.create = true, where the reader may list the whole bucket anyway."
  }
  validation {
    condition     = var.reader.federated_principal == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/accounts\\.google\\.com$", var.reader.federated_principal))
    error_message = "reader.federated_principal must be the ARN of an OIDC provider for accounts.google.com, such as \"arn:aws-us-gov:iam::111122223333:oidc-provider/accounts.google.com\"."
  }
  validation {
    condition     = alltrue([for arn in var.reader.principal_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-#%-)+-.0->@-~]+/)*[A-Za-z0-9_+=,.@-]{1,64}$", arn))])
    error_message = "reader.principal_arns must be ARNs of IAM roles or users, without wildcards, such as \"arn:aws:iam::111122223333:role/secops-reader\": give the role, not a session of it (\"arn:aws:sts::…:assumed-role/…\")."
  }
  validation {
    condition     = length(var.reader.principal_arns) == 0 || var.reader.mode == "none" && var.feed.deletion_option != "NEVER"
    error_message = "reader.principal_arns is for reader.mode \"none\" with feed.deletion_option \"ON_SUCCESS\": leave it out otherwise."
  }
  validation {
    condition     = var.reader.mode != "none" || var.feed.deletion_option != "ON_SUCCESS" || length(var.reader.principal_arns) > 0
    error_message = "reader.principal_arns must name the feed's principals, because feed.deletion_option is \"ON_SUCCESS\" and reader.mode is \"none\": the bucket policy would deny the feed's deletions."
  }
}

variable "feed" {
  type = object({
    source_type       = optional(string, "AMAZON_S3_V2")
    deletion_option   = optional(string, "NEVER")
    max_lookback_days = optional(number, 180)
    namespace         = optional(string)
    labels            = optional(map(string), {})
    instance          = optional(string)
  })
  description = <<-EOT
    The Google SecOps feed. The output `secops_feed` has its settings.
    - `source_type`: `AMAZON_S3_V2`, which lists the bucket every 15 minutes, or `AMAZON_SQS_V2`, which reads notifications of new objects from a queue, sooner and without listing; Google recommends it. Default: `"AMAZON_S3_V2"`.
    - `deletion_option`: `NEVER`, or `ON_SUCCESS` if the feed deletes the objects that it has read. The reader may then delete them, and the bucket keeps versions. Default: `"NEVER"`.
    - `max_lookback_days`: maximum file age in days, 1 to 180. Default: `180`.
    - `namespace`: asset namespace of the events. Default: `null`, none.
    - `labels`: ingestion labels of the events. Default: `{}`.
    - `instance`: the Google SecOps instance, `projects/PROJECT/locations/REGION/instances/CUSTOMER_ID`, which completes the body in the output. Default: `null`; `zoomlogs feed` then needs it.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["AMAZON_S3_V2", "AMAZON_SQS_V2"], var.feed.source_type)
    error_message = "feed.source_type must be \"AMAZON_S3_V2\" or \"AMAZON_SQS_V2\"; the older types AMAZON_S3 and AMAZON_SQS are not supported."
  }
  validation {
    condition     = contains(["NEVER", "ON_SUCCESS"], var.feed.deletion_option)
    error_message = "feed.deletion_option must be \"NEVER\" or \"ON_SUCCESS\", the two options of an Amazon S3 V2 feed."
  }
  validation {
    condition     = alltrue([for text in concat(keys(var.feed.labels), values(var.feed.labels), [coalesce(var.feed.namespace, "none")]) : try(length(trimspace(text)), 0) > 0]) && var.feed.namespace != ""
    error_message = "feed.labels and feed.namespace must not be empty, nor a label's key: leave them out instead."
  }
  validation {
    condition     = var.feed.deletion_option != "ON_SUCCESS" || var.bucket.versioning
    error_message = "feed.deletion_option \"ON_SUCCESS\" needs bucket.versioning = true: only the versions show the collector what the feed deleted, and it would deliver those records again."
  }
  validation {
    condition     = var.feed.instance == null || can(regex("^projects/[a-z0-9.:-]+/locations/[a-z0-9-]+/instances/[0-9A-Fa-f-]{36}$", var.feed.instance))
    error_message = "feed.instance must be \"projects/PROJECT/locations/REGION/instances/CUSTOMER_ID\", such as \"projects/your-project/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd\": SIEM Settings > Profile shows all three."
  }
  validation {
    condition     = var.feed.max_lookback_days >= 1 && var.feed.max_lookback_days <= 180 && var.feed.max_lookback_days == floor(var.feed.max_lookback_days)
    error_message = "feed.max_lookback_days must be a whole number from 1 to 180, the most that Google SecOps accepts."
  }
}

# Monitoring

variable "monitoring" {
  type = object({
    enabled               = optional(bool, true)
    topic_arns            = optional(list(string))
    emails                = optional(list(string), [])
    each_alarm_notifies   = optional(bool, false)
    silence_minutes       = optional(number)
    stalled_backlog_hours = optional(number, 24)
    runbook_url           = optional(string)
  })
  description = <<-EOT
    Alarms, notifications and a dashboard.
    - `enabled`: create them. Default: `true`.
    - `topic_arns`: ARNs of SNS topics that the alarms notify; an empty list notifies nobody. Default: `null`, the module creates a topic.
    - `emails`: email addresses to subscribe to the topic that the module creates. Each must confirm. Default: `[]`.
    - `each_alarm_notifies`: send a notification for each alarm, not only for the composite alarm and for one-time events. Default: `false`.
    - `silence_minutes`: minutes without a successful run before the alarm fires, 15 to 10080, and at least the longest time between two runs by `schedule.expression`, the flexible time window, the function's timeout and five minutes together. A cron expression needs it; in a time zone with daylight saving time give an hour more, because EventBridge Scheduler does not start runs again in the hour that clocks repeat; it also leaves out runs in the hour that clocks skip, so do not use that hour for a daily run. Default: `null`, three intervals of a rate expression and those additions.
    - `stalled_backlog_hours`: hours in which the number of owed dates may stay the same before the alarm fires, 2 to 144. Default: `24`.
    - `runbook_url`: https address of your copy of docs/operations.md, for the alarms' descriptions and the dashboard. Default: `null`, they name the page.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in coalesce(var.monitoring.topic_arns, []) : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "monitoring.topic_arns must be ARNs of SNS topics, such as \"arn:aws:sns:eu-west-1:111122223333:alerts\"; CloudWatch alarms do not notify FIFO topics."
  }
  validation {
    condition     = length(coalesce(var.monitoring.topic_arns, [])) <= 5
    error_message = "monitoring.topic_arns must be at most 5, the most that an alarm notifies."
  }
  validation {
    condition     = alltrue([for arn in coalesce(var.monitoring.topic_arns, []) : can(regex("^arn:[^:]+:sns:${local.account.region}:", arn)) || !can(regex("^arn:[^:]+:sns:", arn))])
    error_message = "monitoring.topic_arns must be topics in the region in which the module is deployed: a CloudWatch alarm cannot notify a topic in another region."
  }
  validation {
    condition     = var.monitoring.enabled || length(coalesce(var.monitoring.topic_arns, [])) == 0 && length(var.monitoring.emails) == 0 && !var.monitoring.each_alarm_notifies && var.monitoring.silence_minutes == null && var.monitoring.stalled_backlog_hours == 24 && var.monitoring.runbook_url == null
    error_message = "monitoring.emails, each_alarm_notifies, runbook_url, silence_minutes, stalled_backlog_hours and topic_arns are settings of the alarms: leave them out with monitoring.enabled = false, which creates none."
  }
  validation {
    condition     = !var.monitoring.each_alarm_notifies || try(length(var.monitoring.topic_arns), 1) > 0
    error_message = "monitoring.each_alarm_notifies needs a topic: leave it out with monitoring.topic_arns = [], which notifies nobody."
  }
  validation {
    condition     = alltrue([for email in var.monitoring.emails : can(regex("^[^@\\s<>()\\[\\]:;,\"\\\\]+@([^@\\s<>()\\[\\]:;,\"\\\\.]+\\.)+[^@\\s<>()\\[\\]:;,\"\\\\.]+$", email))]) && length(distinct(var.monitoring.emails)) == length(var.monitoring.emails)
    error_message = "monitoring.emails must be email addresses such as \"soc@example.com\", each once."
  }
  validation {
    condition     = length(var.monitoring.emails) == 0 || var.monitoring.topic_arns == null
    error_message = "monitoring.emails are for the topic that the module creates: leave them out with monitoring.topic_arns, and subscribe them to your topic."
  }
  validation {
    condition     = var.monitoring.silence_minutes == null ? true : var.monitoring.silence_minutes >= 15 && var.monitoring.silence_minutes <= 10080 && var.monitoring.silence_minutes == floor(var.monitoring.silence_minutes)
    error_message = "monitoring.silence_minutes must be a whole number from 15 to 10080, seven days, the longest evaluation range of a CloudWatch alarm."
  }
  validation {
    condition     = !var.monitoring.enabled || !startswith(var.schedule.expression, "cron(") || var.monitoring.silence_minutes != null
    error_message = "monitoring.silence_minutes must be set, because schedule.expression is a cron expression: give more than the longest time between two runs, such as 4000 for \"cron(0/15 8-18 ? * MON-FRI *)\", which pauses for 3675 minutes at weekends."
  }
  # The longest time between the ends of two runs, as in modules/monitoring; 10080 minutes are seven days.
  validation {
    condition = !var.monitoring.enabled || local.rate_minutes == null && var.monitoring.silence_minutes == null || (
      coalesce(local.interval_minutes, 0) * (var.monitoring.silence_minutes == null ? 3 : 1) + coalesce(var.schedule.flexible_window_minutes, 0) +
      (var.monitoring.silence_minutes == null ? 0 : ceil(var.collector.timeout_seconds / 60) + 5) <= coalesce(var.monitoring.silence_minutes, 10080)
    )
    error_message = "monitoring.silence_minutes must be at least the longest time between two runs by schedule.expression, its flexible time window, the function's timeout and five minutes together, or the alarm fires between two ordinary runs. CloudWatch evaluates at most 10080 minutes: set monitoring.enabled = false for a schedule with longer pauses."
  }
  validation {
    condition     = var.monitoring.stalled_backlog_hours >= 2 && var.monitoring.stalled_backlog_hours <= 144 && var.monitoring.stalled_backlog_hours == floor(var.monitoring.stalled_backlog_hours)
    error_message = "monitoring.stalled_backlog_hours must be a whole number from 2 to 144."
  }
  validation {
    condition     = var.monitoring.runbook_url == null ? true : can(regex("^https://[^\\s#\"<>()\\[\\]]{1,500}$", var.monitoring.runbook_url))
    error_message = "monitoring.runbook_url must be an address such as \"https://github.com/your-organisation/your-copy/blob/main/docs/operations.md\", which begins with https:// and has no #: each alarm adds its own section."
  }
}
