# Identity

variable "bucket_name" {
  type        = string
  description = "Name of the S3 bucket that keeps the records, new or (with `bucket.create = false`) existing."
  nullable    = false

  validation {
    condition = (
      can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket_name)) &&
      !can(regex("\\.\\.|^(\\d+\\.){3}\\d+$|^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\\.mrap|--x-s3|--table-s3)$", var.bucket_name))
    )
    error_message = "bucket_name must be a name S3 accepts: 3 to 63 lower-case letters, digits, hyphens and dots, beginning and ending with a letter or digit, not an IP address and without S3's reserved beginnings and endings."
  }
}

variable "name_prefix" {
  type        = string
  description = "Goes before every name made here except the bucket's, so that several instances fit in one account."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{0,30}$", var.name_prefix))
    error_message = "name_prefix must be at most 30 letters, digits, hyphens and underscores, such as \"emea-\": AWS allows 64 characters for a role's or schedule's whole name."
  }
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything that takes tags."
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.tags) <= 50 && alltrue([for key, value in var.tags : length(key) >= 1 && length(key) <= 128 && try(length(value), 0) <= 256 && !startswith(lower(key), "aws:")])
    error_message = "tags must be at most 50, with keys of 1 to 128 characters that do not begin with \"aws:\", and values of at most 256."
  }

  validation {
    condition     = alltrue([for key, value in var.tags : alltrue([for text in [key, value] : can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$", text))])])
    error_message = "tags must have keys and values, not null, of letters, digits, spaces and _ . : / = + - @ alone: IAM takes no other characters."
  }

  validation {
    condition     = length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags)
    error_message = "tags must have keys that differ by more than upper and lower case: to IAM, \"Owner\" and \"owner\" are one key."
  }
}

variable "iam_path" {
  type        = string
  description = "Path of the IAM roles, user and policies."
  default     = "/"
  nullable    = false

  validation {
    condition     = can(regex("^/([!-#%-)+-.0->@-~]+/)*$", var.iam_path)) && length(var.iam_path) <= 512
    error_message = "iam_path must begin and end with \"/\", such as \"/security/\", without * ? $, which policies read as wildcards and variables."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "ARN of the policy that bounds what the roles and the user may ever do; null sets none."
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy, such as \"arn:aws:iam::111122223333:policy/boundary\"."
  }
}

variable "kms_key" {
  type        = object({ arn = string })
  description = "KMS key of this region, by its `arn`, that encrypts all that is kept: the bucket's objects, and the secret, logs, queues, topic and function environment made here. Its key policy must let CloudWatch Logs use it, CloudWatch for the alarms' topic made here, and S3 for the feed's queue. With a bucket that exists, the key of that bucket. Null leaves each to its service's own key."
  default     = null

  validation {
    condition     = var.kms_key == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key.arn must be the ARN of a KMS key, such as \"arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"; an alias will not do, because IAM policies cannot name one."
  }
}

# The archive

variable "bucket" {
  type = object({
    create                       = optional(bool, true)
    prefix                       = optional(string, "zoom/operationlogs/")
    state_key                    = optional(string)
    versioning                   = optional(bool, true)
    encryption                   = optional(string)
    force_destroy                = optional(bool, false)
    expiration_days              = optional(number)
    noncurrent_expiration_days   = optional(number, 200)
    abort_incomplete_upload_days = optional(number, 7)
    transitions = optional(list(object({
      days          = number
      storage_class = string
    })), [])
    access_logs = optional(object({
      bucket = string
      prefix = optional(string, "zoom-operation-logs/")
    }))
    lock = optional(object({
      mode = string
      days = number
    }))
    break_glass_arns  = optional(list(string), [])
    policy_statements = optional(list(string), [])
  })
  description = <<-EOT
    The bucket and what is kept in it.
    - `create`: make the bucket; `false` uses one that exists and changes nothing of it (merge the output `bucket.policy` into its policy).
    - `prefix`: where the records go, and the feed's folder; ends with "/".
    - `state_key`: the collector's checkpoint, outside `prefix`; null puts it beside: of `zoom/operationlogs/` it is `zoom/operationlogs-state/state.json`.
    - `versioning`: keep versions; for a bucket that exists, whether it does.
    - `encryption`: what the collector's writes ask S3 for: `AES256`, `aws:kms` or `aws:kms:dsse`, the last two with `kms_key`; also the default encryption of a bucket made here. Null takes `AES256` there, or `aws:kms` with `kms_key`, and asks for nothing in a bucket that exists, so that its own default holds.
    - `force_destroy`: let `terraform destroy` delete the records with the bucket.
    - `expiration_days`: delete records after so many days, at least 200; null keeps them.
    - `noncurrent_expiration_days`: delete replaced or deleted versions of records after so many days, at least 200.
    - `abort_incomplete_upload_days`: drop unfinished multipart uploads after so many days.
    - `transitions`: move records after `days` to the `storage_class` STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR, which are read at once, later ones after more days and 30 or more after STANDARD_IA; S3 leaves objects under 128 KB where they are.
    - `access_logs`: the `bucket` that S3 writes this one's access logs to, and their `prefix` there.
    - `lock`: S3 Object Lock: nobody deletes an object of records for `days` (a whole number) after it was written. In `mode` `GOVERNANCE` anyone with `s3:BypassGovernanceRetention` may lift that, in `COMPLIANCE` nobody may, and AWS Support neither. The checkpoint is not locked. Object Lock cannot be turned off for a bucket: without `lock` again, new objects are not locked. A bucket that exists must have Object Lock turned on. See docs/security.md.
    - `break_glass_arns`: IAM roles or users that may also put and delete records and the checkpoint, for the tasks of docs/operations.md that need it; take them out afterwards. An IAM policy must allow them too.
    - `policy_statements`: JSON policy documents whose statements the policy of a bucket made here takes in, such as the output `bucket.policy` of each further instance in this bucket.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)+$", var.bucket.prefix)) && length(var.bucket.prefix) <= 900
    error_message = "bucket.prefix must be a folder such as \"zoom/operationlogs/\": it ends with \"/\", does not begin with it, and uses only letters, digits and . _ -."
  }

  validation {
    condition     = var.bucket.state_key == null ? true : can(regex("^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*$", var.bucket.state_key)) && length(var.bucket.state_key) <= 1024
    error_message = "bucket.state_key must be an object's key such as \"zoom/operationlogs-state/state.json\": it neither begins nor ends with \"/\", and uses only letters, digits and . _ -."
  }

  validation {
    condition     = var.bucket.state_key == null ? true : !endswith(var.bucket.prefix, "/") || !startswith(var.bucket.state_key, var.bucket.prefix)
    error_message = "bucket.state_key must lie outside bucket.prefix: the feed would ingest the checkpoint as a log, and may delete it."
  }

  validation {
    condition     = var.bucket.encryption == null ? true : contains(["AES256", "aws:kms", "aws:kms:dsse"], var.bucket.encryption)
    error_message = "bucket.encryption must be \"AES256\", \"aws:kms\" or \"aws:kms:dsse\", or null for the default of the bucket."
  }

  validation {
    condition     = try(startswith(var.bucket.encryption, "aws:kms"), false) ? var.kms_key != null : true
    error_message = "bucket.encryption \"aws:kms\" and \"aws:kms:dsse\" need kms_key, the key that encrypts the records: without one S3 would take its own, aws/s3, which the reader's and the collector's roles may not use."
  }

  validation {
    condition     = var.bucket.expiration_days == null ? true : var.bucket.expiration_days >= 200 && var.bucket.expiration_days == floor(var.bucket.expiration_days)
    error_message = "bucket.expiration_days must be a whole number of at least 200: Zoom answers for six months, and a record that expired sooner would look undelivered and be fetched again."
  }

  validation {
    condition     = var.bucket.noncurrent_expiration_days >= 200 && var.bucket.noncurrent_expiration_days == floor(var.bucket.noncurrent_expiration_days)
    error_message = "bucket.noncurrent_expiration_days must be a whole number of at least 200: what the feed deleted is known by its version for as long as Zoom answers for it."
  }

  validation {
    condition     = var.bucket.abort_incomplete_upload_days >= 1 && var.bucket.abort_incomplete_upload_days == floor(var.bucket.abort_incomplete_upload_days)
    error_message = "bucket.abort_incomplete_upload_days must be a whole number of at least 1."
  }

  validation {
    condition     = alltrue([for transition in var.bucket.transitions : contains(["INTELLIGENT_TIERING", "STANDARD_IA", "GLACIER_IR"], transition.storage_class)])
    error_message = "bucket.transitions[*].storage_class must be \"INTELLIGENT_TIERING\", \"STANDARD_IA\" or \"GLACIER_IR\": neither the feed nor the collector could read a record at once from a deeper class, and ONEZONE_IA keeps it in one place only."
  }

  validation {
    condition     = alltrue([for transition in var.bucket.transitions : transition.days >= (transition.storage_class == "STANDARD_IA" ? 30 : 0) && transition.days == floor(transition.days)])
    error_message = "bucket.transitions[*].days must be a whole number of at least 0, and of at least 30 for STANDARD_IA."
  }

  validation {
    condition     = length(distinct(var.bucket.transitions[*].storage_class)) == length(var.bucket.transitions)
    error_message = "bucket.transitions must name each storage_class once."
  }

  # S3 moves objects only down this order, and charges 30 days of STANDARD_IA.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
  validation {
    condition = alltrue(flatten([for from in var.bucket.transitions : [for to in var.bucket.transitions :
      to.days >= from.days + (from.storage_class == "STANDARD_IA" ? 30 : 1)
      if try(index(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], from.storage_class) < index(["STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"], to.storage_class), false)
    ]]))
    error_message = "bucket.transitions[*].days must rise in the order STANDARD_IA, INTELLIGENT_TIERING, GLACIER_IR, in which alone S3 moves objects, and be at least 30 more than those of STANDARD_IA."
  }

  validation {
    condition     = var.bucket.expiration_days == null ? true : alltrue([for transition in var.bucket.transitions : transition.days < var.bucket.expiration_days])
    error_message = "bucket.transitions[*].days must be less than bucket.expiration_days."
  }

  validation {
    condition     = var.bucket.access_logs == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.bucket.access_logs.bucket)) && var.bucket.access_logs.bucket != var.bucket_name
    error_message = "bucket.access_logs.bucket must be the name of another bucket, in the same region and account: logs of this bucket written into itself would be logged again, without end."
  }

  validation {
    condition     = var.bucket.lock == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], var.bucket.lock.mode)
    error_message = "bucket.lock.mode must be \"GOVERNANCE\" or \"COMPLIANCE\"."
  }

  validation {
    condition     = var.bucket.lock == null ? true : var.bucket.lock.days >= 1 && var.bucket.lock.days <= 36500 && var.bucket.lock.days == floor(var.bucket.lock.days)
    error_message = "bucket.lock.days must be a whole number from 1 to 36500, which is S3's longest retention."
  }

  validation {
    condition     = var.bucket.lock == null || !var.bucket.create ? true : var.bucket.expiration_days == null ? true : var.bucket.lock.days <= var.bucket.expiration_days
    error_message = "bucket.lock.days must be at most bucket.expiration_days: S3 deletes no locked version, so records would stay longer than bucket.expiration_days says."
  }

  validation {
    condition     = var.bucket.lock == null || !var.bucket.create ? true : var.bucket.lock.days <= var.bucket.noncurrent_expiration_days
    error_message = "bucket.lock.days must be at most bucket.noncurrent_expiration_days: S3 deletes no locked version, so deleted records would stay longer than bucket.noncurrent_expiration_days says. Raise that to bucket.lock.days."
  }

  validation {
    condition     = var.bucket.lock == null || var.bucket.versioning
    error_message = "bucket.lock needs bucket.versioning = true: S3 Object Lock protects versions, and S3 turns it on only for a bucket that keeps them."
  }

  validation {
    condition     = var.bucket.lock == null || !var.bucket.force_destroy
    error_message = "bucket.lock and bucket.force_destroy contradict each other: the lock keeps records that force_destroy would delete. Set one of them; docs/uninstalling.md says how to uninstall with locked records."
  }

  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  validation {
    condition     = !var.bucket.create || !endswith(var.bucket_name, "-an")
    error_message = "bucket_name must not end in \"-an\": S3 keeps that ending for buckets in an account's own regional namespace, and this module makes the bucket in the global one. With bucket.create = false, a bucket that has such a name is fine."
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
    error_message = "bucket.policy_statements go into the policy of a bucket made here: with bucket.create = false merge them into the owner's, beside the output bucket.policy."
  }

  validation {
    condition     = var.bucket.create || var.bucket.access_logs == null && length(var.bucket.transitions) == 0 && var.bucket.expiration_days == null
    error_message = "bucket.access_logs, bucket.transitions and bucket.expiration_days are settings of a bucket made here: with bucket.create = false they belong to its owner, so leave them out."
  }
}

# The collector

variable "zoom" {
  type = object({
    oauth_url           = optional(string, "https://zoom.us/oauth/token")
    api_url             = optional(string, "https://api.zoom.us/v2")
    page_size           = optional(number, 300)
    timeout_seconds     = optional(number, 30)
    lookback_days       = optional(number, 3)
    reconcile_hours     = optional(number, 12)
    records_per_day     = optional(number)
    start_date          = optional(string)
    credentials_version = optional(number)
  })
  description = <<-EOT
    How Zoom is asked.
    - `oauth_url`, `api_url`: Zoom's addresses; for Zoom for Government https://zoomgov.com/oauth/token and https://api.zoomgov.com/v2.
    - `page_size`: rows a page, 1 to 300.
    - `timeout_seconds`: of one HTTP request, 1 to 300.
    - `lookback_days`: how many days back a run looks for late rows, 1 to 28.
    - `reconcile_hours`: how often those days are read again from end to end, 1 to 24.
    - `records_per_day`: about how many records Zoom's report has a day, if you know. Nothing but a warning at plan follows from it: `collector.memory_mb` is to be at least 110 + 2.4 × (`lookback_days` + 4) × `records_per_day` × 16 / 1,000,000.
    - `start_date`: first day to fetch, YYYY-MM-DD, at most six months back, which is all Zoom keeps; null begins `lookback_days` back.
    - `credentials_version`: set together with `zoom_credentials` to write them into the secret made here; raise it to write new ones; remove both afterwards, because after two rotations by something else an apply may write the old credentials again.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for url in [var.zoom.oauth_url, var.zoom.api_url] : can(regex("^(https://[A-Za-z0-9.-]+|http://(127\\.0\\.0\\.1|localhost))(:[0-9]+)?(/[A-Za-z0-9._~-]+)*$", url))])
    error_message = "zoom.oauth_url and zoom.api_url must be https addresses without a slash at the end, such as \"https://api.zoom.us/v2\" (http only for 127.0.0.1 and localhost)."
  }

  validation {
    condition     = strcontains(var.zoom.oauth_url, "zoomgov.com") == strcontains(var.zoom.api_url, "zoomgov.com")
    error_message = "zoom.oauth_url and zoom.api_url must belong to the same Zoom: set both for Zoom for Government (https://zoomgov.com/oauth/token and https://api.zoomgov.com/v2), or neither."
  }

  validation {
    condition     = var.zoom.page_size >= 1 && var.zoom.page_size <= 300 && var.zoom.page_size == floor(var.zoom.page_size)
    error_message = "zoom.page_size must be a whole number from 1 to 300, the most that Zoom gives."
  }

  validation {
    condition     = var.zoom.timeout_seconds >= 1 && var.zoom.timeout_seconds <= 300 && var.zoom.timeout_seconds < var.collector.timeout_seconds && var.zoom.timeout_seconds == floor(var.zoom.timeout_seconds)
    error_message = "zoom.timeout_seconds must be a whole number from 1 to 300, and less than collector.timeout_seconds: one request may not outlast the run."
  }

  validation {
    condition     = var.zoom.lookback_days >= 1 && var.zoom.lookback_days <= 28 && var.zoom.lookback_days == floor(var.zoom.lookback_days)
    error_message = "zoom.lookback_days must be a whole number from 1 to 28: Zoom answers for at most one month at a time."
  }

  validation {
    condition     = var.zoom.reconcile_hours >= 1 && var.zoom.reconcile_hours <= 24 && var.zoom.reconcile_hours == floor(var.zoom.reconcile_hours)
    error_message = "zoom.reconcile_hours must be a whole number from 1 to 24, so that late rows are looked for at least once a day."
  }

  validation {
    condition     = var.zoom.records_per_day == null ? true : var.zoom.records_per_day >= 1 && var.zoom.records_per_day == floor(var.zoom.records_per_day)
    error_message = "zoom.records_per_day must be a whole number of at least 1, or null if you do not know it."
  }

  validation {
    condition     = var.zoom.start_date == null || can(regex("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", var.zoom.start_date)) && can(formatdate("YYYY", "${var.zoom.start_date}T00:00:00Z"))
    error_message = "zoom.start_date must be a date of the calendar written YYYY-MM-DD, such as \"2026-01-31\"."
  }

  validation {
    condition     = var.zoom.credentials_version == null ? true : var.zoom.credentials_version >= 1 && var.zoom.credentials_version == floor(var.zoom.credentials_version)
    error_message = "zoom.credentials_version must be a whole number of at least 1; raise it by one to write new credentials."
  }

  validation {
    condition     = var.zoom.credentials_version == null || var.secret.existing == null
    error_message = "zoom.credentials_version writes into the secret that this module makes: leave it out when secret.existing names one of yours, and put the credentials there yourself."
  }
}

variable "zoom_credentials" {
  type = object({
    account_id    = string
    client_id     = string
    client_secret = string
  })
  description = "Credentials of Zoom's Server-to-Server OAuth app (`account_id`, `client_id`, `client_secret`), to be written once into the secret made here; needs `zoom.credentials_version`. Ephemeral: kept in neither plan nor state. Never apply them with `TF_LOG` set: the AWS provider then logs them in clear."
  default     = null
  ephemeral   = true
  sensitive   = true

  validation {
    condition     = (var.zoom_credentials == null) == (var.zoom.credentials_version == null)
    error_message = "zoom_credentials and zoom.credentials_version go together: give both to write the credentials (version 1, then one more at each change), and remove both afterwards."
  }

  validation {
    condition     = var.zoom_credentials == null ? true : alltrue([for value in values(var.zoom_credentials) : can(regex("^[^\\s<>]+$", value))])
    error_message = "zoom_credentials needs account_id, client_id and client_secret as Zoom shows them: not empty, without spaces, no \"<placeholder>\"."
  }
}

variable "secret" {
  type = object({
    existing = optional(object({
      arn     = string
      kms_key = optional(object({ arn = string }))
    }))
    name                 = optional(string, "zoom-operationlogs-credentials")
    recovery_window_days = optional(number, 30)
  })
  description = <<-EOT
    The Secrets Manager secret with Zoom's credentials, a JSON object {"account_id", "client_id", "client_secret"}.
    - `existing`: a secret of yours in this region, by `arn`, with its `kms_key` if it has a key of its own. Without it an empty secret is made.
    - `name`: of the secret made here.
    - `recovery_window_days`: how long a deleted secret can be restored, 7 to 30; 0 deletes at once.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = var.secret.existing == null ? true : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$", var.secret.existing.arn))
    error_message = "secret.existing.arn must be the whole ARN of a Secrets Manager secret with its six last characters, such as \"arn:aws:secretsmanager:eu-west-1:111122223333:secret:zoom-AbCdEf\"."
  }

  validation {
    condition     = try(var.secret.existing.kms_key, null) == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.secret.existing.kms_key.arn))
    error_message = "secret.existing.kms_key.arn must be the ARN of a KMS key (not of an alias)."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", "${var.name_prefix}${var.secret.name}"))
    error_message = "secret.name must be letters, digits and / _ + = . @ -, at most 512 with name_prefix."
  }

  # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
  validation {
    condition     = !can(regex("-[A-Za-z0-9]{6}$", "${var.name_prefix}${var.secret.name}"))
    error_message = "secret.name must not end with a hyphen and six letters or digits, with which Secrets Manager ends ARNs: the collector asks by the name, and AWS advises against names that look like the end of an ARN."
  }

  validation {
    condition     = contains(concat([0], range(7, 31)), var.secret.recovery_window_days)
    error_message = "secret.recovery_window_days must be 0 (delete at once) or a whole number from 7 to 30."
  }
}

variable "collector" {
  type = object({
    function_name         = optional(string, "zoom_operationlogs_to_s3")
    role_name             = optional(string, "WriteZoomOperationLogsToS3Role")
    policy_name           = optional(string, "WriteZoomOperationLogsToS3Policy")
    architecture          = optional(string, "x86_64")
    memory_mb             = optional(number, 512)
    timeout_seconds       = optional(number, 300)
    reserved_concurrency  = optional(number)
    max_event_age_seconds = optional(number, 900)
    log_level             = optional(string, "INFO")
    log_retention_days    = optional(number, 365)
    metrics_namespace     = optional(string, "ZoomOperationLogs")
    tracing               = optional(bool, false)

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
    The Lambda function that collects.
    - `function_name`, `role_name`, `policy_name`: names, each after `name_prefix`.
    - `architecture`: `x86_64` or `arm64`.
    - `memory_mb`: 128 to 10240.
    - `timeout_seconds`: of a run, 60 to 900.
    - `reserved_concurrency`: runs reserved for it; null reserves none, which small accounts need.
    - `max_event_age_seconds`: how long a run may wait for its turn before it is dropped, 60 to 21600.
    - `log_level`: `INFO` or `DEBUG`.
    - `log_retention_days`: as CloudWatch offers them; 0 keeps logs for ever.
    - `metrics_namespace`: CloudWatch namespace of the metrics.
    - `tracing`: send traces of the runs to X-Ray.
    - `code_signing_config_arn`: Lambda code signing configuration; needs a signed `package` in S3.
    - `vpc`: run in these `subnet_ids` with these `security_group_ids`, yours or shared with you; they must lead to Zoom, Secrets Manager and S3, by NAT, endpoints or the proxy `https_proxy` (`no_proxy` lists the hosts reached without it). Where a proxy inspects TLS, `ca_bundle` names the Lambda layer version (`layer_arn`) that holds the CA certificates to trust, and the `path` of that file in the function. Null runs it in Lambda's own network.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", "${var.name_prefix}${var.collector.function_name}"))
    error_message = "collector.function_name must be letters, digits, hyphens and underscores, at most 64 with name_prefix."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", "${var.name_prefix}${var.collector.role_name}")) && can(regex("^[A-Za-z0-9_+=,.@-]{1,128}$", "${var.name_prefix}${var.collector.policy_name}"))
    error_message = "collector.role_name and collector.policy_name must be letters, digits and _ + = , . @ -, with name_prefix at most 64 and 128."
  }

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
    error_message = "collector.timeout_seconds must be a whole number from 60 (less leaves no time to save) to 900 (Lambda's limit)."
  }

  validation {
    condition     = var.collector.reserved_concurrency == null ? true : var.collector.reserved_concurrency >= 1 && var.collector.reserved_concurrency == floor(var.collector.reserved_concurrency)
    error_message = "collector.reserved_concurrency must be a whole number of at least 1, or null for none; to stop collecting, set schedule.enabled = false."
  }

  validation {
    condition     = var.collector.max_event_age_seconds >= 60 && var.collector.max_event_age_seconds <= 21600 && var.collector.max_event_age_seconds == floor(var.collector.max_event_age_seconds)
    error_message = "collector.max_event_age_seconds must be a whole number from 60 to 21600."
  }

  validation {
    condition     = contains(["INFO", "DEBUG"], var.collector.log_level)
    error_message = "collector.log_level must be \"INFO\" or \"DEBUG\": above INFO, Lambda would drop the metrics as well."
  }

  validation {
    condition     = contains([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.collector.log_retention_days)
    error_message = "collector.log_retention_days must be one that CloudWatch offers: 0 (for ever), 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9._/#:-]{1,255}$", var.collector.metrics_namespace)) && !startswith(var.collector.metrics_namespace, "AWS/")
    error_message = "collector.metrics_namespace must be 1 to 255 letters, digits and . _ / # : -, and not begin with \"AWS/\"."
  }

  validation {
    condition     = var.collector.code_signing_config_arn == null ? true : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:code-signing-config:csc-[a-z0-9]{17}$", var.collector.code_signing_config_arn))
    error_message = "collector.code_signing_config_arn must be the ARN of a Lambda code signing configuration, such as \"arn:aws:lambda:eu-west-1:111122223333:code-signing-config:csc-0123456789abcdef0\"."
  }

  validation {
    condition     = var.collector.code_signing_config_arn == null || try(var.package.s3_bucket, null) != null
    error_message = "collector.code_signing_config_arn needs package.s3_bucket and package.s3_key: only a package that AWS Signer has signed, which it puts into S3, passes Lambda's check, and the committed one is not signed."
  }

  validation {
    condition = var.collector.vpc == null ? true : (
      length(var.collector.vpc.subnet_ids) >= 1 && length(var.collector.vpc.subnet_ids) <= 16 && alltrue([for id in var.collector.vpc.subnet_ids : can(regex("^subnet-[0-9a-z]+$", id))]) &&
      length(var.collector.vpc.security_group_ids) >= 1 && length(var.collector.vpc.security_group_ids) <= 5 && alltrue([for id in var.collector.vpc.security_group_ids : can(regex("^sg-[0-9a-z]+$", id))])
    )
    error_message = "collector.vpc needs 1 to 16 subnet_ids such as \"subnet-0123456789abcdef0\" and 1 to 5 security_group_ids such as \"sg-0123456789abcdef0\"."
  }

  validation {
    condition     = try(var.collector.vpc.https_proxy, null) == null ? true : can(regex("^https?://[A-Za-z0-9.-]+(:[0-9]+)?$", var.collector.vpc.https_proxy))
    error_message = "collector.vpc.https_proxy must be an address such as \"http://proxy.example.com:3128\", without user and password: a function's environment is no place for a secret."
  }

  validation {
    condition     = try(var.collector.vpc.no_proxy, null) == null ? true : var.collector.vpc.https_proxy != null && can(regex("^[A-Za-z0-9.*:/_-]+(,[A-Za-z0-9.*:/_-]+)*$", var.collector.vpc.no_proxy))
    error_message = "collector.vpc.no_proxy goes with https_proxy, and lists hosts separated by commas without spaces, such as \"s3.eu-west-1.amazonaws.com,.internal\"."
  }

  validation {
    condition = try(var.collector.vpc.ca_bundle, null) == null ? true : (
      can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]+:[0-9]+$", var.collector.vpc.ca_bundle.layer_arn)) &&
      can(regex("^/opt(/[A-Za-z0-9._-]+)+$", var.collector.vpc.ca_bundle.path))
    )
    error_message = "collector.vpc.ca_bundle needs layer_arn, the ARN of a Lambda layer version such as \"arn:aws:lambda:eu-west-1:111122223333:layer:ca-bundle:1\", and path, a file under /opt/, where Lambda puts a layer's files, such as \"/opt/ca-bundle.pem\"."
  }
}

variable "schedule" {
  type = object({
    name                    = optional(string, "zoom-operationlogs-schedule-15min")
    role_name               = optional(string, "InvokeZoomOperationLogsRole")
    dead_letter_queue_name  = optional(string, "zoom-operationlogs-dead-letters")
    expression              = optional(string, "rate(15 minutes)")
    timezone                = optional(string, "UTC")
    enabled                 = optional(bool, true)
    flexible_window_minutes = optional(number)
    retry_attempts          = optional(number, 3)
    max_event_age_seconds   = optional(number, 600)
  })
  description = <<-EOT
    When the function runs.
    - `name`, `role_name`, `dead_letter_queue_name`: names, each after `name_prefix`.
    - `expression`: rate(…), cron(…) or at(…) of EventBridge Scheduler.
    - `timezone`: of a cron or at expression, such as Europe/Madrid.
    - `enabled`: `false` pauses collecting.
    - `flexible_window_minutes`: start within so many minutes, 1 to 1440; null starts on time.
    - `retry_attempts`: deliveries tried again, 0 to 185, before the invocation goes to the dead-letter queue.
    - `max_event_age_seconds`: how long to go on trying, 60 to 86400.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]{1,64}$", "${var.name_prefix}${var.schedule.name}"))
    error_message = "schedule.name must be letters, digits and . _ -, at most 64 with name_prefix."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", "${var.name_prefix}${var.schedule.role_name}"))
    error_message = "schedule.role_name must be letters, digits and _ + = , . @ -, at most 64 with name_prefix."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", "${var.name_prefix}${var.schedule.dead_letter_queue_name}"))
    error_message = "schedule.dead_letter_queue_name must be letters, digits, hyphens and underscores, at most 80 with name_prefix."
  }

  validation {
    condition     = can(regex("^(rate\\([1-9][0-9]* (minute|hour|day)s?\\)|cron\\(\\S+( \\S+){5}\\)|at\\([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\))$", var.schedule.expression))
    error_message = "schedule.expression must be one of EventBridge Scheduler's: \"rate(15 minutes)\", \"cron(0/15 * * * ? *)\" with its six fields, or \"at(2026-01-31T12:00:00)\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z]+[A-Za-z0-9_+/-]*$", var.schedule.timezone))
    error_message = "schedule.timezone must be a name of the time zone database, such as \"UTC\" or \"Europe/Madrid\"."
  }

  validation {
    condition     = var.schedule.flexible_window_minutes == null ? true : var.schedule.flexible_window_minutes >= 1 && var.schedule.flexible_window_minutes <= 1440 && var.schedule.flexible_window_minutes == floor(var.schedule.flexible_window_minutes)
    error_message = "schedule.flexible_window_minutes must be a whole number from 1 to 1440, or null to start on time."
  }

  validation {
    condition     = var.schedule.retry_attempts >= 0 && var.schedule.retry_attempts <= 185 && var.schedule.retry_attempts == floor(var.schedule.retry_attempts)
    error_message = "schedule.retry_attempts must be a whole number from 0 to 185."
  }

  validation {
    condition     = var.schedule.max_event_age_seconds >= 60 && var.schedule.max_event_age_seconds <= 86400 && var.schedule.max_event_age_seconds == floor(var.schedule.max_event_age_seconds)
    error_message = "schedule.max_event_age_seconds must be a whole number from 60 to 86400."
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
    Another package than the committed lambda/dist/collector.zip; Lambda must run just that one, or a plan refuses.
    - `filename`: a zip file.
    - `s3_bucket`, `s3_key`, `s3_object_version`: an object in S3 (and its version, in a versioned bucket).
    - `sha256`: of that object, in base64, as `filebase64sha256()` and `openssl dgst -sha256 -binary FILE | base64` give it; of a signed package, the one that AWS Signer put into S3.
  EOT
  default     = null

  validation {
    condition = var.package == null ? true : (
      (var.package.filename != null) != (var.package.s3_bucket != null) &&
      (var.package.s3_bucket == null) == (var.package.s3_key == null) &&
      (var.package.s3_object_version == null || var.package.s3_bucket != null)
    )
    error_message = "package must name either a file (filename) or an object in S3 (s3_bucket and s3_key, and s3_object_version in a versioned bucket), not both."
  }

  validation {
    condition     = var.package == null ? true : var.package.s3_bucket == null ? var.package.sha256 == null : can(regex("^[A-Za-z0-9+/]{43}=$", var.package.sha256))
    error_message = "package.sha256 must be the SHA-256 of the object in S3, in base64 (44 characters, as filebase64sha256() gives it); it goes with s3_bucket, not with filename."
  }
}

# Google SecOps

variable "reader" {
  type = object({
    mode                = optional(string, "user")
    name                = optional(string, "secops-reader")
    policy_name         = optional(string, "secops-reader-policy")
    key_secret_name     = optional(string, "zoom-operationlogs-reader-key")
    access_key          = optional(object({ pgp_key = string }))
    subject_id          = optional(string)
    federated_principal = optional(string)
    list_whole_bucket   = optional(bool, false)
    principal_arns      = optional(list(string), [])
  })
  description = <<-EOT
    Who reads the records for Google SecOps.
    - `mode`: `user` (IAM user with an access key), `role` (keyless, for Google's federated identity) or `none`.
    - `name`: name of the user or the role, after `name_prefix`.
    - `policy_name`: name of its policy, after `name_prefix`.
    - `key_secret_name`: in mode `user`, name of the secret in which `zoomlogs reader-key` puts the access key, and from which `zoomlogs feed apply` takes it, after `name_prefix`.
    - `access_key`: in mode `user`, lets Terraform make the access key, its secret encrypted with the PGP public key `pgp_key` (base64, not armoured) and so never readable in the state; null leaves it to `zoomlogs reader-key`.
    - `subject_id`: in mode `role`, the numeric subject id of the tenant's feed service account.
    - `federated_principal`: in mode `role`, the ARN of an OIDC provider for accounts.google.com where the partition does not know it by itself (GovCloud).
    - `list_whole_bucket`: with `bucket.create = false`, whether the reader may list the whole bucket (true) or only its prefix (false). Set it if the feed fails with ACCESS_DENIED. The reader may always list a bucket made here, which holds nothing else.
    - `principal_arns`: in mode `none`, the IAM roles or users that a feed which deletes what it has read signs in with: the bucket's policy lets nobody else delete.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["user", "role", "none"], var.reader.mode)
    error_message = "reader.mode must be \"user\", \"role\" or \"none\"."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", "${var.name_prefix}${var.reader.name}")) && can(regex("^[A-Za-z0-9_+=,.@-]{1,124}$", "${var.name_prefix}${var.reader.policy_name}"))
    error_message = "reader.name and reader.policy_name must be letters, digits and _ + = , . @ -, with name_prefix at most 64 and 124."
  }

  validation {
    condition     = var.reader.mode != "role" || can(regex("^[0-9]+$", var.reader.subject_id))
    error_message = "reader.mode \"role\" needs reader.subject_id, the digits that name your SecOps tenant's feed service account; without it any Google account could assume the role."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", "${var.name_prefix}${var.reader.key_secret_name}"))
    error_message = "reader.key_secret_name must be letters, digits and / _ + = . @ -, the characters that Secrets Manager accepts, with name_prefix at most 512."
  }

  validation {
    condition     = var.reader.access_key == null || var.reader.mode == "user"
    error_message = "reader.access_key is for reader.mode \"user\": a role has no access key."
  }

  validation {
    condition     = var.reader.access_key == null ? true : can(regex("^[A-Za-z0-9+/]{200,}={0,2}$", var.reader.access_key.pgp_key))
    error_message = "reader.access_key.pgp_key must be a PGP public key in base64 on one line, as `gpg --export KEY | base64` prints it, without the line breaks."
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
    condition     = length(var.reader.principal_arns) == 0 || var.reader.mode == "none"
    error_message = "reader.principal_arns is for reader.mode \"none\": in the other modes the reader is made here, and is the one that may delete."
  }

  validation {
    condition     = var.reader.mode != "none" || var.feed.deletion_option != "ON_SUCCESS" || length(var.reader.principal_arns) > 0
    error_message = "reader.principal_arns must name who reads, because feed.deletion_option is \"ON_SUCCESS\" and reader.mode is \"none\": the bucket's policy would refuse the feed's deletions."
  }
}

variable "feed" {
  type = object({
    source_type       = optional(string, "AMAZON_S3_V2")
    name              = optional(string, "Zoom Operation Logs")
    deletion_option   = optional(string, "NEVER")
    max_lookback_days = optional(number, 180)
    namespace         = optional(string)
    labels            = optional(map(string), {})
    queue_name        = optional(string, "zoom-operationlogs-feed")
    instance          = optional(string)
  })
  description = <<-EOT
    The Google SecOps feed, as the outputs spell it out.
    - `source_type`: `AMAZON_S3_V2`, which lists the bucket every 15 minutes, or `AMAZON_SQS_V2`, which makes a queue that tells the feed of new objects: sooner, and without listing, as Google recommends.
    - `name`: of the feed.
    - `deletion_option`: `NEVER`, or `ON_SUCCESS` to let the feed delete what it has read (the reader then may, and the bucket keeps versions).
    - `max_lookback_days`: maximum file age, 1 to 180.
    - `namespace`: asset namespace of the events.
    - `labels`: ingestion labels of the events.
    - `queue_name`: of the queue, after `name_prefix`.
    - `instance`: the tenant, `projects/PROJECT/locations/REGION/instances/CUSTOMER_ID`, so that the output's body is complete without the command line; null leaves it to `zoomlogs feed`.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = contains(["AMAZON_S3_V2", "AMAZON_SQS_V2"], var.feed.source_type)
    error_message = "feed.source_type must be \"AMAZON_S3_V2\" or \"AMAZON_SQS_V2\"; Google's older AMAZON_S3 and AMAZON_SQS take the same objects in another way."
  }

  validation {
    condition     = length(trimspace(var.feed.name)) > 0
    error_message = "feed.name must not be empty."
  }

  validation {
    condition     = contains(["NEVER", "ON_SUCCESS"], var.feed.deletion_option)
    error_message = "feed.deletion_option must be \"NEVER\" or \"ON_SUCCESS\", the two that an Amazon S3 V2 feed knows."
  }

  validation {
    condition     = alltrue([for value in values(var.feed.labels) : try(length(value), 0) > 0]) && var.feed.namespace != ""
    error_message = "feed.labels and feed.namespace must have values that are not empty: leave out what has none."
  }

  validation {
    condition     = var.feed.deletion_option != "ON_SUCCESS" || var.bucket.versioning
    error_message = "feed.deletion_option \"ON_SUCCESS\" needs bucket.versioning = true: the collector knows what the feed deleted only by its versions, and would deliver it again."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", "${var.name_prefix}${var.feed.queue_name}"))
    error_message = "feed.queue_name must be letters, digits, _ and -, with name_prefix at most 80: a feed reads no FIFO queue."
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
    enabled                = optional(bool, true)
    topic_arns             = optional(list(string))
    topic_name             = optional(string, "zoom-operationlogs-alarms")
    emails                 = optional(list(string), [])
    each_alarm_notifies    = optional(bool, false)
    silence_minutes        = optional(number)
    behind_hours           = optional(number, 24)
    failed_runs_per_hour   = optional(number, 2)
    timeout_margin_seconds = optional(number, 5)
    runbook_url            = optional(string)
  })
  description = <<-EOT
    Alarms, whom they tell, and a dashboard.
    - `enabled`: make them.
    - `topic_arns`: SNS topics that are told; null makes one, an empty list tells nobody.
    - `topic_name`: of the topic made here, after `name_prefix`.
    - `emails`: addresses subscribed to the topic made here; each has to confirm.
    - `each_alarm_notifies`: tell of each alarm, not only of the one that sums up what lasts and of what happened once.
    - `silence_minutes`: how long without a run that succeeds is silence, 15 to 10080, and at least a rate expression's interval, its flexible window, the function's timeout and five minutes; null takes two intervals more. A cron expression needs it, and as three of its intervals exactly: the alarms reckon from a third of it how often runs are to come.
    - `behind_hours`: how long dates may be owed without getting fewer, 2 to 144.
    - `failed_runs_per_hour`: how many runs of an hour may fail or near their timeout before it is an alarm, 1 to 12; one where an hour has no two runs.
    - `timeout_margin_seconds`: how near to its timeout a run is too near, 1 to 15.
    - `runbook_url`: the address of your copy of docs/operations.md, for the alarms' descriptions and the dashboard; null names the page.
  EOT
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in coalesce(var.monitoring.topic_arns, []) : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "monitoring.topic_arns must be ARNs of SNS topics, such as \"arn:aws:sns:eu-west-1:111122223333:alerts\"; an alarm tells no FIFO topic."
  }

  validation {
    condition     = length(coalesce(var.monitoring.topic_arns, [])) <= 5
    error_message = "monitoring.topic_arns must be at most 5: an alarm tells no more."
  }

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,248}$", "${var.name_prefix}${var.monitoring.topic_name}"))
    error_message = "monitoring.topic_name must be letters, digits, hyphens and underscores, at most 248 with name_prefix."
  }

  validation {
    condition     = alltrue([for email in var.monitoring.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))]) && length(distinct(var.monitoring.emails)) == length(var.monitoring.emails)
    error_message = "monitoring.emails must be addresses such as \"soc@example.com\", each once."
  }

  validation {
    condition     = length(var.monitoring.emails) == 0 || var.monitoring.topic_arns == null
    error_message = "monitoring.emails are subscribed to the topic made here: leave them out beside monitoring.topic_arns, and subscribe them to your topic."
  }

  validation {
    condition     = var.monitoring.silence_minutes == null ? true : var.monitoring.silence_minutes >= 15 && var.monitoring.silence_minutes <= 10080 && var.monitoring.silence_minutes == floor(var.monitoring.silence_minutes)
    error_message = "monitoring.silence_minutes must be a whole number from 15 to 10080, the seven days that CloudWatch looks back."
  }

  validation {
    condition     = !var.monitoring.enabled || !startswith(var.schedule.expression, "cron(") || var.monitoring.silence_minutes != null
    error_message = "monitoring.silence_minutes must be set, because schedule.expression is a cron expression, which does not tell how often runs are to come: give three intervals, from which the alarms reckon it."
  }

  # The longest time between the ends of two runs, as in modules/monitoring; 10080 minutes are seven days.
  validation {
    condition = !var.monitoring.enabled || !startswith(var.schedule.expression, "rate(") || (
      coalesce(local.rate_minutes, 0) * (var.monitoring.silence_minutes == null ? 3 : 1) + coalesce(var.schedule.flexible_window_minutes, 0) +
      (var.monitoring.silence_minutes == null ? 0 : ceil(var.collector.timeout_seconds / 60) + 5) <= coalesce(var.monitoring.silence_minutes, 10080)
    )
    error_message = "monitoring.silence_minutes must be at least the interval of schedule.expression, its flexible window, the function's timeout and five minutes together, or ordinary pauses are an alarm; CloudWatch looks back 10080 minutes, so with a schedule that it cannot oversee set monitoring.enabled = false."
  }

  validation {
    condition     = var.monitoring.behind_hours >= 2 && var.monitoring.behind_hours <= 144 && var.monitoring.behind_hours == floor(var.monitoring.behind_hours)
    error_message = "monitoring.behind_hours must be a whole number from 2 to 144."
  }

  validation {
    condition     = var.monitoring.failed_runs_per_hour >= 1 && var.monitoring.failed_runs_per_hour <= 12 && var.monitoring.failed_runs_per_hour == floor(var.monitoring.failed_runs_per_hour)
    error_message = "monitoring.failed_runs_per_hour must be a whole number from 1 to 12."
  }

  validation {
    condition     = var.monitoring.timeout_margin_seconds >= 1 && var.monitoring.timeout_margin_seconds <= 15 && var.monitoring.timeout_margin_seconds == floor(var.monitoring.timeout_margin_seconds)
    error_message = "monitoring.timeout_margin_seconds must be a whole number from 1 to 15: a run keeps 15 to 20 seconds for the end, and its last save falls into them."
  }

  validation {
    condition     = var.monitoring.runbook_url == null ? true : can(regex("^https://[^\\s#\"<>()\\[\\]]{1,500}$", var.monitoring.runbook_url))
    error_message = "monitoring.runbook_url must be an address such as \"https://github.com/your-organisation/your-copy/blob/main/docs/operations.md\", which begins with https:// and has no #: each alarm adds its own section."
  }
}
