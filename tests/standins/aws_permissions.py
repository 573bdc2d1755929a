"""Which permissions an API request needs: operation and parameters → actions on resources, with condition keys.

Sources: the service authorization reference (each service's actions, resources and condition keys); the S3 user
guide's "Required permissions for Amazon S3 API operations"; each service's pages on its KMS encryption context.
A request that is not listed here raises `CannotJudgeError`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from typing import Any, Protocol

from standins.iam_policy import Call, CannotJudgeError, Context

Params = Mapping[str, Any]

ASKED_AT = "AskedAt"
"""The parameter of an S3 request with its time by the sender's clock."""


@dataclass(frozen=True)
class Key:
    """A KMS key in use: its ARN, and for S3 whether the bucket uses an S3 Bucket Key."""

    arn: str
    bucket_key: bool = False


class Account(Protocol):
    """The facts about the account that name a request's resources; a key is None if AWS manages it."""

    id: str
    region: str
    partition: str

    def key_for_new_object(self, bucket: str, wanted: str | None, kms_key_id: str | None) -> Key | None:
        """Return the key that encrypts an object to be written."""

    def key_of_function(self, arn: str) -> Key | None:
        """Return the key that a function's environment is encrypted with."""

    def key_of_object(self, bucket: str, key: str, version: str | None) -> Key | None:
        """Return the key that an object is encrypted with."""

    def has_object(self, bucket: str, key: str, version: str | None) -> bool:
        """Return whether a read would find the object."""

    def secret(self, name_or_arn: str) -> tuple[str, Key | None]:
        """Return a secret's ARN and key; one that does not exist has the ARN it would have."""

    def queue(self, url: str) -> tuple[str, Key | None]:
        """Return a queue's ARN and key."""

    def key_arn(self, key_id: str) -> str:
        """Return the ARN of a key named by id, ARN or alias."""

    def key_arn_of_ciphertext(self, ciphertext: bytes) -> str:
        """Return the ARN of the key that made a ciphertext."""

    def role_arn(self, name: str) -> str:
        """Return a role's ARN, its path included."""

    def user_arn(self, name: str) -> str:
        """Return a user's ARN, its path included."""

    def boundary_key(self, arn: str) -> dict[str, tuple[str, ...]]:
        """Return the permissions boundary of a user or a role as a condition key; empty if it has none."""

    def user_arn_of_key(self, access_key_id: str) -> str:
        """Return the ARN of the access key's user, `*` if there is none."""


def permissions(service: str, operation: str, params: Params, account: Account) -> list[Call]:
    """List all permissions that a request needs; AWS requires none for some operations."""
    needed = _SERVICES.get(service)
    try:
        calls = needed(operation, params, account) if needed else None
    except (KeyError, TypeError) as error:
        raise CannotJudgeError(
            f"The resource of {service}:{operation} cannot be read from the request: {error!r}."
        ) from None
    if calls is None:
        raise CannotJudgeError(f"Which permission {service}:{operation} needs is not known here.")
    tags = request_tags(params)
    return [replace(call, context={**call.context, **tags}) for call in calls] if tags else calls


def request_tags(params: Params) -> Context:
    """Return the tags of a request as condition keys."""
    given = params.get("Tags") or params.get("tags") or {}
    pairs = given.items() if isinstance(given, Mapping) else (_key_and_value(tag) for tag in given)
    return {f"aws:RequestTag/{key}": (value,) for key, value in pairs}


def _key_and_value(tag: Mapping[str, str]) -> tuple[str, str]:
    return (tag["TagKey"], tag["TagValue"]) if "TagKey" in tag else (tag["Key"], tag["Value"])  # KMS has its own names


def tagging(action: str, resource: str, params: Params) -> list[Call]:
    """List the permissions for the tags of a new resource."""
    return [Call(action, resource)] if params.get("Tags") or params.get("tags") else []


def use_of_key(key: Key | None, action: str, service: str, account: Account, **encryption_context: str) -> list[Call]:
    """List the KMS permissions that a service uses for its caller: none if AWS manages the key."""
    if key is None:
        return []
    context = {
        "kms:ViaService": (f"{service}.{account.region}.amazonaws.com",),
        "kms:CallerAccount": (account.id,),
        **encryption_context_keys({name.replace("__", ":"): value for name, value in encryption_context.items()}),
    }
    return [Call(f"kms:{action}", key.arn, context)]


def encryption_context_keys(encryption_context: Mapping[str, str]) -> Context:
    """Return an encryption context as condition keys."""
    keys = {f"kms:EncryptionContext:{name}": (value,) for name, value in encryption_context.items()}
    return {**keys, "kms:EncryptionContextKeys": tuple(encryption_context)} if keys else {}


# --- S3 --------------------------------------------------------------------------------------------------------------

_BUCKET_ACTIONS = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeleteBucketPolicy": "DeleteBucketPolicy",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketWebsite": "DeleteBucketWebsite",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketAcl": "GetBucketAcl",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketLocation": "GetBucketLocation",
    "GetBucketLogging": "GetBucketLogging",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketOwnershipControls": "GetBucketOwnershipControls",
    "GetBucketPolicy": "GetBucketPolicy",
    "GetBucketPolicyStatus": "GetBucketPolicyStatus",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetBucketRequestPayment": "GetBucketRequestPayment",
    "GetBucketTagging": "GetBucketTagging",
    "GetBucketVersioning": "GetBucketVersioning",
    "GetBucketWebsite": "GetBucketWebsite",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketAcl": "PutBucketAcl",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketLogging": "PutBucketLogging",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketOwnershipControls": "PutBucketOwnershipControls",
    "PutBucketPolicy": "PutBucketPolicy",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutBucketRequestPayment": "PutBucketRequestPayment",
    "PutBucketTagging": "PutBucketTagging",
    "PutBucketVersioning": "PutBucketVersioning",
    "PutBucketWebsite": "PutBucketWebsite",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
_VERSIONED_OBJECT_ACTIONS = (
    "DeleteObject",
    "DeleteObjectTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectTagging",
    "PutObjectAcl",
    "PutObjectTagging",
)
"""Actions with a second form for requests that name a version, such as GetObjectVersion."""
_OBJECT_ACTIONS = {
    **{name: name for name in _VERSIONED_OBJECT_ACTIONS},
    "AbortMultipartUpload": "AbortMultipartUpload",
    "GetObjectLegalHold": "GetObjectLegalHold",
    "GetObjectRetention": "GetObjectRetention",
    "HeadObject": "GetObject",
    "ListParts": "ListMultipartUploadParts",
    "PutObjectLegalHold": "PutObjectLegalHold",
    "PutObjectRetention": "PutObjectRetention",
    "RestoreObject": "RestoreObject",
}
_WRITES = (
    "PutObject",
    "CopyObject",
    "CreateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
)
_CREATES = ("PutObject", "CopyObject", "CompleteMultipartUpload")
_LIST_KEYS = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
_WRITE_KEYS = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
}
_CREATE_KEYS = {"IfMatch": "s3:if-match", "IfNoneMatch": "s3:if-none-match"}
_SECONDS_A_DAY = 86400


def _keys(names: Mapping[str, str], params: Params) -> dict[str, tuple[str, ...]]:
    return {key: (str(params[name]),) for name, key in names.items() if name in params}


def _lock_keys(mode: str | None, until: object, legal_hold: str | None, now: datetime) -> dict[str, tuple[str, ...]]:
    """Return a request's Object Lock settings as condition keys; a begun day counts as a remaining day."""
    keys = {"s3:object-lock-mode": mode, "s3:object-lock-legal-hold": legal_hold}
    if until:
        keys["s3:object-lock-retain-until-date"] = str(until)
        date = datetime.fromisoformat(str(until).replace("Z", ""))
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        remaining = ceil((date - now).total_seconds() / _SECONDS_A_DAY)
        keys["s3:object-lock-remaining-retention-days"] = str(remaining)
    return {key: (value,) for key, value in keys.items() if value}


def _bypass(params: Params, object_arn: str) -> list[Call]:
    """List the permission to bypass governance mode, if the request uses it."""
    return [Call("s3:BypassGovernanceRetention", object_arn)] if params.get("BypassGovernanceRetention") else []


def _s3(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation == "ListBuckets":
        return [Call("s3:ListAllMyBuckets", "*")]
    bucket = params["Bucket"]
    bucket_arn = f"arn:{account.partition}:s3:::{bucket}"
    if operation in _BUCKET_ACTIONS:
        return [Call(f"s3:{_BUCKET_ACTIONS[operation]}", bucket_arn, _keys(_LIST_KEYS, params))]
    if operation == "DeleteObjects":
        return [
            call
            for entry in params["Delete"]["Objects"]
            for call in (
                Call(
                    "s3:DeleteObjectVersion" if entry.get("VersionId") else "s3:DeleteObject",
                    f"{bucket_arn}/{entry['Key']}",
                ),
                *_bypass(params, f"{bucket_arn}/{entry['Key']}"),
            )
        ]
    object_arn = f"{bucket_arn}/{params['Key']}"
    if operation in _WRITES:
        return _write(operation, params, account, object_arn)
    if operation not in _OBJECT_ACTIONS:
        return None
    action, version = _OBJECT_ACTIONS[operation], params.get("VersionId")
    if version and action in _VERSIONED_OBJECT_ACTIONS:
        action = action.replace("Tagging", "VersionTagging") if "Tagging" in action else action
        action = action.replace("Acl", "VersionAcl") if "Acl" in action else action
        action = action if "Version" in action else f"{action}Version"
    asked, hold = params.get("Retention") or {}, (params.get("LegalHold") or {}).get("Status")
    context = _lock_keys(asked.get("Mode"), asked.get("RetainUntilDate"), hold, params[ASKED_AT])
    context |= {"s3:VersionId": (version,)} if version else {}
    calls = [Call(f"s3:{action}", object_arn, context), *_bypass(params, object_arn)]
    return (
        calls + _read(operation, bucket, params["Key"], version, account) if action.startswith("GetObject") else calls
    )


def _read(operation: str, bucket: str, key: str, version: str | None, account: Account) -> list[Call]:
    """List what else a read needs: the key for decryption, and the permission to get a 404.

    S3 answers 404 only to callers that may list the bucket, and 403 to others (API reference, "GetObject",
    "Permissions"). AWS does not document whether a permission to list by prefix is enough: here it is not, the stricter
    reading.
    """
    bucket_arn = f"arn:{account.partition}:s3:::{bucket}"
    if not account.has_object(bucket, key, version):
        return [Call("s3:ListBucket", bucket_arn)]
    if operation not in ("GetObject", "CopyObject", "UploadPartCopy"):
        return []
    found = account.key_of_object(bucket, key, version)
    return _object_key(found, "Decrypt", bucket_arn, f"{bucket_arn}/{key}", account)


def _object_key(key: Key | None, action: str, bucket_arn: str, object_arn: str, account: Account) -> list[Call]:
    context = bucket_arn if key and key.bucket_key else object_arn
    return use_of_key(key, action, "s3", account, aws__s3__arn=context)


def _write(operation: str, params: Params, account: Account, object_arn: str) -> list[Call]:
    context = {
        **_keys(_WRITE_KEYS, params),
        **(_keys(_CREATE_KEYS, params) if operation in _CREATES else {}),
        "s3:ObjectCreationOperation": ("true" if operation in _CREATES else "false",),
        **_lock_keys(
            params.get("ObjectLockMode"),
            params.get("ObjectLockRetainUntilDate"),
            params.get("ObjectLockLegalHoldStatus"),
            params[ASKED_AT],
        ),
    }
    calls = [Call("s3:PutObject", object_arn, context)]
    calls += [Call("s3:PutObjectRetention", object_arn, context)] if params.get("ObjectLockMode") else []
    calls += [Call("s3:PutObjectLegalHold", object_arn, context)] if params.get("ObjectLockLegalHoldStatus") else []
    calls += [Call("s3:PutObjectAcl", object_arn, context)] if "ACL" in params else []
    calls += [Call("s3:PutObjectTagging", object_arn, context)] if "Tagging" in params else []
    bucket_arn, _, _ = object_arn.partition("/")
    key = account.key_for_new_object(params["Bucket"], params.get("ServerSideEncryption"), params.get("SSEKMSKeyId"))
    calls += _object_key(key, "GenerateDataKey", bucket_arn, object_arn, account)
    if operation in ("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload"):
        calls += _object_key(key, "Decrypt", bucket_arn, object_arn, account)
    if "CopySource" in params:
        source, _, version = str(params["CopySource"]).lstrip("/").partition("?versionId=")
        bucket, _, source_key = source.partition("/")
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        calls.append(Call(action, f"arn:{account.partition}:s3:::{bucket}/{source_key}"))
        calls += _read(operation, bucket, source_key, version or None, account)
    return calls


# --- the others ------------------------------------------------------------------------------------------------------


def _sqs(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation in ("ListQueues", "CreateQueue", "GetQueueUrl"):
        arn = f"arn:{account.partition}:sqs:{account.region}:{account.id}:{params.get('QueueName', '*')}"
        return [Call(f"sqs:{operation}", arn), *tagging("sqs:TagQueue", arn, params)]
    arn, key = account.queue(params["QueueUrl"])
    action = operation.removesuffix("Batch")
    uses = {"SendMessage": ("GenerateDataKey", "Decrypt"), "ReceiveMessage": ("Decrypt",)}.get(action, ())
    if action not in (
        *("SendMessage", "ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "PurgeQueue", "DeleteQueue"),
        *("GetQueueAttributes", "SetQueueAttributes", "AddPermission", "RemovePermission", "ListQueueTags", "TagQueue"),
        "UntagQueue",
    ):
        return None
    keys = [call for use in uses for call in use_of_key(key, use, "sqs", account, aws__sqs__arn=arn)]
    return [Call(f"sqs:{action}", arn), *keys]


def _secretsmanager(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation == "ListSecrets":
        return [Call("secretsmanager:ListSecrets", "*")]
    if operation == "CreateSecret":
        arn, _ = account.secret(params["Name"])
        key = Key(account.key_arn(params["KmsKeyId"])) if params.get("KmsKeyId") else None
        keys = [
            call
            for use in ("GenerateDataKey", "Decrypt")
            for call in use_of_key(key, use, "secretsmanager", account, SecretARN=arn)
        ]
        tags = [Call("secretsmanager:TagResource", arn)] if params.get("Tags") else []
        return [Call("secretsmanager:CreateSecret", arn, {"secretsmanager:Name": (params["Name"],)}), *tags, *keys]
    if operation not in (
        *("GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecret", "DeleteSecret", "RestoreSecret"),
        *("GetResourcePolicy", "PutResourcePolicy", "DeleteResourcePolicy", "RotateSecret", "CancelRotateSecret"),
        *("ListSecretVersionIds", "UpdateSecretVersionStage", "TagResource", "UntagResource"),
    ):
        return None
    arn, key = account.secret(params["SecretId"])
    uses = {"GetSecretValue": ("Decrypt",), "PutSecretValue": ("GenerateDataKey", "Decrypt")}.get(operation, ())
    keys = [call for use in uses for call in use_of_key(key, use, "secretsmanager", account, SecretARN=arn)]
    return [Call(f"secretsmanager:{operation}", arn, {"secretsmanager:SecretId": (arn,)}), *keys]


_ALIASED = {
    ("CreateAlias", "TargetKeyId"),
    ("UpdateAlias", "TargetKeyId"),
    ("UpdateAlias", "AliasName"),
    ("DeleteAlias", "AliasName"),
}
"""The parameter with the key for which an operation on an alias also needs a permission."""


def _kms(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation in ("ListKeys", "ListAliases", "CreateKey"):
        any_key = f"arn:{account.partition}:kms:{account.region}:{account.id}:key/*"
        return [Call(f"kms:{operation}", "*"), *tagging("kms:TagResource", any_key, params)]
    if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        alias = f"arn:{account.partition}:kms:{account.region}:{account.id}:{params['AliasName']}"
        keys = {account.key_arn(params[name]) for name in ("AliasName", "TargetKeyId") if (operation, name) in _ALIASED}
        return [Call(f"kms:{operation}", resource) for resource in (alias, *sorted(keys))]
    if operation not in (
        *("Encrypt", "Decrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"),
        *("GetKeyPolicy", "PutKeyPolicy", "DisableKey", "EnableKey", "ScheduleKeyDeletion", "CancelKeyDeletion"),
        *("ListGrants", "RevokeGrant", "EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"),
        *("ListResourceTags", "TagResource", "UntagResource", "UpdateKeyDescription"),
    ):
        return None
    arn = (
        account.key_arn_of_ciphertext(params["CiphertextBlob"])
        if operation == "Decrypt"
        else account.key_arn(params["KeyId"])
    )
    context = encryption_context_keys(params.get("EncryptionContext") or {})
    return [Call(f"kms:{operation}", arn, {"kms:CallerAccount": (account.id,), **context})]


def _lambda(operation: str, params: Params, account: Account) -> list[Call] | None:
    prefix = f"arn:{account.partition}:lambda:{account.region}:{account.id}:function:"
    if operation == "ListFunctions":
        return [Call("lambda:ListFunctions", "*")]
    action = {"Invoke": "InvokeFunction"}.get(operation, operation)
    if action not in (
        *("InvokeFunction", "CreateFunction", "GetFunction", "GetFunctionConfiguration", "UpdateFunctionCode"),
        *("GetFunctionCodeSigningConfig", "PutFunctionCodeSigningConfig", "DeleteFunctionCodeSigningConfig"),
        *("GetFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"),
        *("DeleteFunctionConcurrency", "ListTags", "TagResource", "UntagResource"),
        *("UpdateFunctionConfiguration", "DeleteFunction", "PublishVersion", "AddPermission", "RemovePermission"),
        *("GetPolicy", "PutFunctionConcurrency", "CreateFunctionUrlConfig", "PutFunctionEventInvokeConfig"),
        "ListVersionsByFunction",
    ):
        return None
    whole = prefix + str(params.get("FunctionName") or params["Resource"]).removeprefix(prefix)
    arn = f"{whole}:{params['Qualifier']}" if params.get("Qualifier") else whole
    return [
        Call(f"lambda:{action}", arn),
        *_pass_role(params.get("Role"), "lambda.amazonaws.com"),
        *(tagging("lambda:TagResource", arn, params) if action == "CreateFunction" else []),
        *_what_a_function_uses(params, account),
        *_environment_key(action, params.get("KMSKeyArn"), whole, account),
    ]


def _what_a_function_uses(params: Params, account: Account) -> list[Call]:
    """List the permissions that Lambda uses for its caller: the package in S3, layers, the network.

    Lambda developer guide, "Lambda API permissions" and "Required IAM permissions" for a VPC.
    """
    code = {**params, **(params.get("Code") or {})}
    calls = [Call("lambda:GetLayerVersion", arn) for arn in params.get("Layers") or []]
    if code.get("S3Bucket"):
        action = "GetObjectVersion" if code.get("S3ObjectVersion") else "GetObject"
        calls.append(Call(f"s3:{action}", f"arn:{account.partition}:s3:::{code['S3Bucket']}/{code['S3Key']}"))
    if (params.get("VpcConfig") or {}).get("SubnetIds"):
        calls += [Call(f"ec2:Describe{what}", "*") for what in ("SecurityGroups", "Subnets", "Vpcs")]
    return calls


def _environment_key(action: str, key_arn: str | None, function_arn: str, account: Account) -> list[Call]:
    """List the permissions for the key of a function's environment: to set it, and to return the environment.

    Without permission to decrypt, Lambda leaves the environment out instead of refusing the call. Lambda developer
    guide, "Securing environment variables".
    """
    uses = {"CreateFunction": ("CreateGrant", "Encrypt"), "UpdateFunctionConfiguration": ("CreateGrant", "Encrypt")}
    shown = action in ("GetFunction", "GetFunctionConfiguration")
    key = account.key_of_function(function_arn) if shown else Key(account.key_arn(key_arn)) if key_arn else None
    context = {"aws__lambda__FunctionArn": function_arn}
    return [
        call
        for use in uses.get(action, ("Decrypt",) if shown else ())
        for call in use_of_key(key, use, "lambda", account, **context)
    ]


def _pass_role(role_arn: str | None, service: str) -> list[Call]:
    return [Call("iam:PassRole", role_arn, {"iam:PassedToService": (service,)})] if role_arn else []


def _logs(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation not in (
        *("CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "PutRetentionPolicy", "DeleteRetentionPolicy"),
        *(
            "CreateLogStream",
            "DeleteLogStream",
            "DescribeLogStreams",
            "PutLogEvents",
            "GetLogEvents",
            "FilterLogEvents",
        ),
        *("PutSubscriptionFilter", "DeleteSubscriptionFilter", "AssociateKmsKey", "DisassociateKmsKey"),
        *("ListTagsForResource", "TagResource", "UntagResource"),
    ):
        return None
    if "resourceArn" in params:
        return [Call(f"logs:{operation}", params["resourceArn"])]
    group = params.get("logGroupNamePrefix", "") if operation == "DescribeLogGroups" else params["logGroupName"]
    stream = params.get("logStreamName", "") if operation != "CreateLogStream" else ""
    whole = f"arn:{account.partition}:logs:{account.region}:{account.id}:log-group:{group}"
    tags = tagging("logs:TagResource", whole, params)
    return [Call(f"logs:{operation}", f"{whole}:log-stream:{stream}"), *tags]


_ON_USERS = (
    *("CreateUser", "GetUser", "DeleteUser", "UpdateUser", "AttachUserPolicy", "DetachUserPolicy", "PutUserPolicy"),
    *("DeleteUserPolicy", "ListUserPolicies", "ListAttachedUserPolicies", "ListGroupsForUser", "TagUser", "UntagUser"),
    *("CreateAccessKey", "DeleteAccessKey", "UpdateAccessKey", "ListAccessKeys", "CreateLoginProfile"),
    *("DeleteLoginProfile", "ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates"),
    *("ListServiceSpecificCredentials", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary"),
)
_ON_ROLES = (
    *("CreateRole", "GetRole", "DeleteRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy"),
    *("AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy", "GetRolePolicy", "ListRolePolicies"),
    *("ListAttachedRolePolicies", "ListInstanceProfilesForRole", "TagRole", "UntagRole"),
    *("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
)
_ON_POLICIES = (
    *("GetPolicy", "DeletePolicy", "CreatePolicyVersion", "DeletePolicyVersion", "GetPolicyVersion"),
    *("SetDefaultPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions", "TagPolicy", "UntagPolicy"),
)
# In a request that sets a boundary it is the new one, otherwise the user's or role's own.
_IAM_KEYS = {"PermissionsBoundary": "iam:PermissionsBoundary", "PolicyArn": "iam:PolicyARN"}


def _iam(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation.startswith("Create") and operation != "CreatePolicyVersion":
        kind = next((kind for kind in ("User", "Role", "Policy") if operation == f"Create{kind}"), None)
        if kind:
            name = f"{params.get('Path') or '/'}{params[f'{kind}Name']}"
            made = f"arn:{account.partition}:iam::{account.id}:{kind.lower()}{name}"
            keys = _keys({"PermissionsBoundary": "iam:PermissionsBoundary"}, params)
            return [Call(f"iam:{operation}", made, keys), *tagging(f"iam:Tag{kind}", made, params)]
    arn, keys = None, {}
    if operation == "GetUser" and "UserName" not in params:
        arn = "*"  # the caller itself
    elif operation in _ON_USERS:
        arn = account.user_arn(params["UserName"])
        keys = {**account.boundary_key(arn), **_keys(_IAM_KEYS, params)}
    elif operation == "GetAccessKeyLastUsed":
        arn = account.user_arn_of_key(params["AccessKeyId"])
    elif operation in _ON_ROLES:
        arn = account.role_arn(params["RoleName"])
        keys = {**account.boundary_key(arn), **_keys(_IAM_KEYS, params)}
    elif operation in _ON_POLICIES:
        arn = params["PolicyArn"]
    elif operation == "SimulatePrincipalPolicy":
        arn = params["PolicySourceArn"]
    elif operation in (
        *("ListUsers", "ListRoles", "ListPolicies", "GetAccountAuthorizationDetails", "ListVirtualMFADevices"),
    ):
        arn = "*"
    return None if arn is None else [Call(f"iam:{operation}", arn, keys)]


def _sts(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation in ("GetCallerIdentity", "GetSessionToken"):
        return []  # "No permissions are required", even if a policy denies
    if operation not in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        return None
    context = {"sts:RoleSessionName": (params["RoleSessionName"],), **_keys({"ExternalId": "sts:ExternalId"}, params)}
    return [Call(f"sts:{operation}", params["RoleArn"], context)]


def _scheduler(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation not in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule", "GetSchedule", "ListSchedules"):
        return None
    name = f"{params.get('GroupName', 'default')}/{params['Name']}" if operation != "ListSchedules" else "*/*"
    arn = f"arn:{account.partition}:scheduler:{account.region}:{account.id}:schedule/{name}"
    role = (params.get("Target") or {}).get("RoleArn")
    return [Call(f"scheduler:{operation}", arn), *_pass_role(role, "scheduler.amazonaws.com")]


def _sns(operation: str, params: Params, account: Account) -> list[Call] | None:
    if operation in ("GetSubscriptionAttributes", "SetSubscriptionAttributes", "Unsubscribe"):
        return [Call(f"sns:{operation}", "*")]
    if operation == "CreateTopic":
        made = f"arn:{account.partition}:sns:{account.region}:{account.id}:{params['Name']}"
        return [Call("sns:CreateTopic", made), *tagging("sns:TagResource", made, params)]
    if operation not in (
        *("GetTopicAttributes", "SetTopicAttributes", "DeleteTopic", "Publish", "Subscribe"),
        *("ListSubscriptionsByTopic", "ConfirmSubscription", "AddPermission", "RemovePermission"),
        *("ListTagsForResource", "TagResource", "UntagResource"),
    ):
        return None
    return [Call(f"sns:{operation}", params.get("TopicArn") or params["ResourceArn"])]


def _cloudwatch(operation: str, params: Params, account: Account) -> list[Call] | None:
    def arn(kind: str, name: str) -> str:
        region = account.region if kind == "alarm:" else ""  # dashboards have no region
        return f"arn:{account.partition}:cloudwatch:{region}:{account.id}:{kind}{name}"

    action = f"cloudwatch:{operation}"
    if operation in ("PutMetricAlarm", "SetAlarmState"):
        alarm = arn("alarm:", params["AlarmName"])
        return [Call(action, alarm), *tagging("cloudwatch:TagResource", alarm, params)]
    if operation == "PutCompositeAlarm":
        tags = tagging("cloudwatch:TagResource", arn("alarm:", params["AlarmName"]), params)
        return [Call(action, "*"), *tags]
    if operation == "DeleteAlarms":
        return [Call(action, arn("alarm:", name)) for name in params["AlarmNames"]]
    if operation in ("GetDashboard", "PutDashboard"):
        return [Call(action, arn("dashboard/", params["DashboardName"]))]
    if operation == "DeleteDashboards":
        return [Call(action, arn("dashboard/", name)) for name in params["DashboardNames"]]
    if operation in ("ListTagsForResource", "TagResource", "UntagResource"):
        return [Call(action, params["ResourceARN"])]
    # The last two, and PutCompositeAlarm above, need the permission on `*` for composite alarms (API reference).
    if operation in ("PutMetricData", "GetMetricData", "ListMetrics", "DescribeAlarms", "DescribeAlarmHistory"):
        return [Call(action, "*")]
    return None


def _without_resources(service: str, *operations: str) -> Callable[[str, Params, Account], list[Call] | None]:
    """Add operations for which AWS supports only the resource `*`."""
    return lambda operation, _params, _account: (
        [Call(f"{service}:{operation}", "*")] if operation in operations else None
    )


_SERVICES: dict[str, Callable[[str, Params, Account], list[Call] | None]] = {
    "cloudwatch": _cloudwatch,
    "ec2": _without_resources(
        "ec2",
        *("DescribeInstances", "DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSubnets"),
        "DescribeVpcs",
    ),
    "iam": _iam,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "s3": _s3,
    "scheduler": _scheduler,
    "secretsmanager": _secretsmanager,
    "sns": _sns,
    "sqs": _sqs,
    "sts": _sts,
    "xray": _without_resources("xray", "PutTraceSegments", "PutTelemetryRecords"),
}

SERVICES = frozenset(_SERVICES)
"""The services that the stand-in has, by botocore's names."""
