"""Another user of this machine, or a page in its browser, can do nothing through the stand-ins.

Each attempt is real, is refused, and changes nothing.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import http.client
import io
import json
import os
import re
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from standins.aws import ANONYMOUS, COLLECTOR, AwsStandIn, Keys, google_signature
from standins.lambda_runtime import LambdaRuntime
from standins.secops import SecOps
from standins.zoom import Zoom, ZoomServer

pytestmark = pytest.mark.slow

ROLE = "arn:aws:iam::123456789012:role/runner"
CALLER = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
CREATE_USER = b"Action=CreateUser&UserName=intruder&Version=2010-05-08"
HANDLER = "import os, time\ndef run(event, context):\n    time.sleep(event.get('sleep', 0))\n    return os.getpid()\n"


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: dict[str, str]

    @property
    def code(self) -> str:
        """The error's code, in any protocol."""
        found = re.search(r"<Code>(\w+)</Code>", self.body) or re.search(r'"__type": "(\w+)"', self.body)
        return found[1] if found else ""


def send(url: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """Send exactly this, without a client's additions."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding=True)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    answer = Answer(response.status, response.read().decode("utf-8", "replace"), dict(response.headers))
    connection.close()
    return answer


@dataclass(frozen=True)
class Signed:
    """A request signed by botocore, which can be changed afterwards."""

    url: str
    method: str
    path: str
    body: bytes
    headers: dict[str, str]

    def send(self) -> Answer:
        return send(self.url, self.method, self.path, self.body, **self.headers)

    def but(self, **changes: Any) -> Signed:
        return replace(self, **changes)

    def with_header(self, name: str, value: str) -> Signed:
        others = {known: of for known, of in self.headers.items() if known.lower() != name.lower()}
        return replace(self, headers={**others, name: value})


def signed(
    aws: AwsStandIn,
    keys: Keys,
    service: str,
    method: str = "POST",
    path: str = "/",
    body: bytes = b"",
    *,
    presigned: bool = False,
    expires: int = 60,
    **headers: str,
) -> Signed:
    credentials = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)
    signer: Any = {
        (True, False): S3SigV4Auth,
        (True, True): S3SigV4QueryAuth,
        (False, False): SigV4Auth,
        (False, True): SigV4QueryAuth,
    }[service == "s3", presigned]
    request = AWSRequest(method, aws.url + path, headers=headers, data=body)
    signer(credentials, service, aws.region, **({"expires": expires} if presigned else {})).add_auth(request)
    target = request.url.removeprefix(aws.url)
    return Signed(aws.url, method, target, body, dict(request.headers.items()))


def as_keys(made: dict[str, Any]) -> Keys:
    secret = "SecretAccessKey"
    return Keys(made["AccessKeyId"], made[secret], made.get("SessionToken"))


def held(aws: AwsStandIn) -> dict[str, Any]:
    """The targets of the attempts."""
    s3, iam = client(aws, "s3"), client(aws, "iam")
    return {
        "buckets": [one["Name"] for one in s3.list_buckets()["Buckets"]],
        "objects": [(one["Key"], one["ETag"]) for one in s3.list_objects_v2(Bucket="bucket").get("Contents", [])],
        "grants": s3.get_bucket_acl(Bucket="bucket")["Grants"],
        "users": [one["UserName"] for one in iam.list_users()["Users"]],
        "roles": [one["RoleName"] for one in iam.list_roles()["Roles"]],
        "functions": [
            (one["FunctionName"], one["CodeSha256"], one["RevisionId"])
            for one in client(aws, "lambda").list_functions()["Functions"]
        ],
        "judged": aws.judge({}, "s3:GetObject", "arn:aws:s3:::bucket/key"),
    }


@functools.cache
def client(aws: AwsStandIn, service: str, keys: Keys | None = None) -> Any:
    """Return a client, the same one for the same caller: creating one takes longer than its call."""
    return aws.client(service, keys)


def zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("own.py"), source)  # of 1980: the same bytes each time
    return buffer.getvalue()


def make_function(aws: AwsStandIn, keys: Keys, name: str, code: dict[str, Any], **more: Any) -> Any:
    given = {"FunctionName": name, "Role": ROLE, "Runtime": "python3.13", "Handler": "own.run", "Timeout": 60, **more}
    return client(aws, "lambda", keys).create_function(Code=code, **given)


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value)


@pytest.fixture(scope="module")
def fresh() -> Iterator[tuple[AwsStandIn, dict[str, Any]]]:
    """A stand-in, and its description before anything was created in it."""
    with AwsStandIn() as standin:
        yield standin, told(standin)


@pytest.fixture(scope="module")
def aws(fresh: tuple[AwsStandIn, dict[str, Any]]) -> AwsStandIn:
    standin, _ = fresh
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    anyone = {**trust, "Principal": {"AWS": "123456789012"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust, anyone]})
    client(standin, "iam").create_role(RoleName="runner", AssumeRolePolicyDocument=document)
    client(standin, "s3").create_bucket(Bucket="bucket")
    client(standin, "s3").put_object(Bucket="bucket", Key="a b/é~+//c", Body=b"kept")
    return standin


@pytest.fixture(scope="module")
def user(aws: AwsStandIn) -> Keys:
    client(aws, "iam").create_user(UserName="user")
    return as_keys(client(aws, "iam").create_access_key(UserName="user")["AccessKey"])


@pytest.fixture(scope="module")
def session(aws: AwsStandIn, user: Keys) -> Keys:
    return as_keys(client(aws, "sts", user).assume_role(RoleArn=ROLE, RoleSessionName="session")["Credentials"])


@pytest.fixture
def unchanged(aws: AwsStandIn) -> Iterator[None]:
    before = held(aws)
    yield
    assert held(aws) == before


# --- served requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("presigned", [False, True], ids=["header", "presigned"])
def test_signed_requests_are_served(aws: AwsStandIn, user: Keys, session: Keys, *, presigned: bool) -> None:
    """Each kind of key, each place of the signature, and an S3 key with difficult characters."""
    for keys in (aws.root, user, session):
        got = signed(aws, keys, "s3", "GET", "/bucket/a%20b/%C3%A9~%2B//c", presigned=presigned).send()
        assert (got.status, got.body) == (200, "kept")
        if presigned:
            asked = signed(aws, keys, "sts", "GET", f"/?{CALLER.decode()}", presigned=True).send()
        else:
            asked = signed(aws, keys, "sts", body=CALLER, **{"Content-Type": FORM}).send()
        assert (asked.status, "<Arn>" in asked.body) == (200, True), asked.body


def test_an_unsigned_payload_is_s3s_alone(aws: AwsStandIn) -> None:
    unsigned = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
    request = AWSRequest("PUT", f"{aws.url}/bucket/unsigned", data=b"x")
    request.context["payload_signing_enabled"] = False
    credentials = Credentials(aws.root.access_key_id, aws.root.secret_access_key)
    put = S3SigV4Auth(credentials, "s3", aws.region)
    put.payload = lambda _: "UNSIGNED-PAYLOAD"
    put.add_auth(request)
    assert request.headers["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD"
    assert Signed(aws.url, "PUT", "/bucket/unsigned", b"x", dict(request.headers.items())).send().status == 200
    refused = signed(aws, aws.root, "iam", body=CREATE_USER, **{"Content-Type": FORM, **unsigned}).send()
    assert (refused.status, refused.code) == (400, "XAmzContentSHA256Mismatch")
    streamed = {"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
    refused = signed(aws, aws.root, "sts", body=CALLER, **{"Content-Type": FORM, **streamed}).send()
    assert (refused.status, refused.code) == (501, "NotImplemented")


def test_a_function_may_have_another_time_and_a_presigned_url_expires(
    aws: AwsStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import datetime

    with monkeypatch.context() as moved:
        moved.setattr("botocore.auth.get_current_datetime", lambda: datetime(2031, 5, 6))
        by_header = signed(aws, aws.root, "s3", "GET", "/bucket")
        moved.setattr("botocore.auth.get_current_datetime", lambda: datetime(2020, 5, 6))
        by_address = signed(aws, aws.root, "s3", "GET", "/bucket", presigned=True)
    assert by_header.send().status == 200
    assert by_address.send().code == "AccessDenied"


# --- invalid signatures -----------------------------------------------------------------------------------------------


def wrong_secret(aws: AwsStandIn) -> Keys:
    return replace(aws.root, secret_access_key="0" * 40)


def another_standins(_: AwsStandIn) -> Keys:
    return Keys("ROOT0123456789ABCDEF", "0" * 40)


@pytest.mark.parametrize(
    ("service", "codes"),
    [
        ("s3", ("SignatureDoesNotMatch", "InvalidAccessKeyId")),
        ("iam", ("SignatureDoesNotMatch", "InvalidClientTokenId")),
        ("logs", ("InvalidSignatureException", "UnrecognizedClientException")),
        ("lambda", ("InvalidSignatureException", "UnrecognizedClientException")),
    ],
)
@pytest.mark.usefixtures("unchanged")
def test_a_wrong_secret_and_an_unknown_key_are_refused_in_each_services_words(
    aws: AwsStandIn, service: str, codes: tuple[str, str]
) -> None:
    calls: dict[str, Callable[[Any], Any]] = {
        "s3": lambda s3: s3.create_bucket(Bucket="intruder"),
        "iam": lambda iam: iam.create_user(UserName="intruder"),
        "logs": lambda logs: logs.create_log_group(logGroupName="intruder"),
        "lambda": lambda functions: functions.list_functions(),
    }
    for keys, code in ((wrong_secret(aws), codes[0]), (another_standins(aws), codes[1])):
        assert f"({code})" in refusal(lambda: calls[service](client(aws, service, keys)))  # noqa: B023


@pytest.mark.usefixtures("unchanged")
def test_a_request_changed_after_signing_is_refused(aws: AwsStandIn) -> None:
    put = signed(aws, aws.root, "s3", "PUT", "/bucket/key?tagging", b"<Tagging/>", **{"x-amz-meta-a": "b"})
    post = signed(aws, aws.root, "iam", body=CREATE_USER, **{"Content-Type": FORM, "X-Amz-Target": "none"})
    presigned = signed(aws, aws.root, "s3", "PUT", "/bucket/key", presigned=True)
    mismatch = "SignatureDoesNotMatch"
    for attempt, code in (
        (put.but(body=b"other"), "XAmzContentSHA256Mismatch"),
        (put.but(path="/bucket/other?tagging"), mismatch),
        (put.but(path="/bucket/key?acl"), mismatch),
        (put.but(path="/bucket/key"), mismatch),
        (put.but(path="/bucket//key?tagging"), mismatch),
        (put.but(method="DELETE"), mismatch),
        (put.with_header("x-amz-meta-a", "c"), mismatch),
        (put.with_header("x-amz-acl", "public-read"), "AccessDenied"),
        (put.with_header("X-Amz-Date", "20200101T000000Z"), mismatch),
        (put.with_header("x-amz-content-sha256", "UNSIGNED-PAYLOAD").but(body=b"other"), mismatch),
        (put.with_header("Authorization", put.headers["Authorization"].replace("/s3/", "/iam/")), mismatch),
        (put.with_header("Authorization", put.headers["Authorization"].replace("host;", "")), "AccessDenied"),
        (put.with_header("Authorization", put.headers["Authorization"][:-64] + "0" * 64), mismatch),
        (put.with_header("Authorization", put.headers["Authorization"].split(", Sig")[0]), "IncompleteSignature"),
        (put.with_header("Authorization", f"Bearer {aws.root.secret_access_key}"), "IncompleteSignature"),
        (post.but(body=CREATE_USER.replace(b"intruder", b"burglar1")), mismatch),
        (post.with_header("X-Amz-Target", "other"), mismatch),
        (presigned.but(path=presigned.path.replace("/key", "/other")), mismatch),
        (presigned.but(path=presigned.path.replace("Expires=60", "Expires=600")), mismatch),
        (presigned.but(path=f"{presigned.path}&acl"), mismatch),
        (presigned.but(path=presigned.path.replace("X-Amz-Signature", "x")), "AuthorizationQueryParametersError"),
        (put.but(path=f"{put.path}&{presigned.path.partition('?')[2]}"), "InvalidArgument"),
    ):
        answer = attempt.send()
        assert (answer.status in (400, 403), answer.code) == (True, code), (attempt, answer)


@pytest.mark.usefixtures("unchanged")
def test_signature_version_2_is_refused(aws: AwsStandIn) -> None:
    query = f"AWSAccessKeyId={aws.root.access_key_id}&Signature=x&Expires=9999999999"
    for answer in (
        send(aws.url, "GET", f"/bucket?{query}"),
        send(aws.url, "GET", "/bucket", Authorization=f"AWS {aws.root.access_key_id}:x"),
    ):
        assert (answer.status, answer.code) == (400, "InvalidRequest")
    form = CREATE_USER + f"&{query}&SignatureVersion=2".encode()
    assert send(aws.url, "POST", "/", form, **{"Content-Type": FORM}).code == "MissingAuthenticationToken"


@pytest.mark.usefixtures("unchanged")
def test_an_unsigned_request_is_anonymous_even_without_authorisation(aws: AwsStandIn) -> None:
    for service, method, given in (
        ("secretsmanager", "list_secrets", {}),
        ("lambda", "invoke", {"FunctionName": "f"}),
        ("iam", "create_user", {"UserName": "intruder"}),
        ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "session"}),
    ):
        call = getattr(client(aws, service, ANONYMOUS), method)
        assert "MissingAuthenticationToken" in refusal(lambda: call(**given))  # noqa: B023
    s3 = client(aws, "s3", ANONYMOUS)
    assert "AccessDenied" in refusal(lambda: s3.get_object(Bucket="bucket", Key="a b/é~+//c"))
    assert "AccessDenied" in refusal(lambda: s3.put_object(Bucket="bucket", Key="own", Body=b""))
    assert "AccessDenied" in refusal(lambda: s3.create_bucket(Bucket="intruder"))
    assert send(aws.url, "GET", "/").status >= 400
    assert send(aws.url, "POST", "/", CREATE_USER, **{"Content-Type": "text/plain"}).status >= 400


def test_public_resources_stay_public(aws: AwsStandIn) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::public/*"}
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="public")
    s3.put_object(Bucket="public", Key="key", Body=b"for all")
    s3.put_bucket_policy(Bucket="public", Policy=json.dumps({"Statement": [statement]}))
    assert client(aws, "s3", ANONYMOUS).get_object(Bucket="public", Key="key")["Body"].read() == b"for all"


def test_a_public_queue_allows_only_its_public_actions(aws: AwsStandIn) -> None:
    """moto reads the action from the query first; the policy is evaluated for the one in the header."""
    sqs = client(aws, "sqs")
    url = sqs.create_queue(QueueName="public")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:123456789012:public"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [statement]})})
    body = json.dumps({"QueueUrl": url, "MessageBody": "for all"}).encode()
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
    assert send(aws.url, "POST", "/", body, **headers).status == 200
    for action in ("ReceiveMessage", "PurgeQueue", "DeleteQueue"):
        refused = send(aws.url, "POST", f"/?Action={action}", body, **headers)
        assert (refused.status, "for all" in refused.body) == (400, False)
    assert [one["Body"] for one in sqs.receive_message(QueueUrl=url)["Messages"]] == ["for all"]
    sqs.delete_queue(QueueUrl=url)


@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.usefixtures("unchanged")
def test_an_anonymous_request_cannot_fill_the_memory(aws: AwsStandIn, *, chunked: bool) -> None:
    """Too long a body is refused before it is read; waiting for the rest would hang this test."""
    port = urlsplit(aws.url).port
    some, length = bytes(2**20 + 1), 2**40
    start = f"{length:x}\r\n".encode() if chunked else b""
    of_length = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(length)}
    stolen = signed(aws, another_standins(aws), "s3", "PUT", "/bucket/key").headers
    for path, headers in (
        ("/bucket/key", {}),
        ("/bucket/key", stolen),
        ("/bucket/key", {"Host": f"evil.example:{port}"}),
        ("/2015-03-31/functions/f/invocations", {}),
        ("/-/reset", {}),
    ):
        connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=60)
        connection.putrequest("PUT", path, skip_host="Host" in headers)
        for name, value in {**headers, **of_length}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with contextlib.suppress(ConnectionError):  # it may be refused before all of this is sent
            connection.send(start + some if chunked else b"")
        with contextlib.suppress(ConnectionError):
            assert connection.getresponse().status == 413
        connection.close()


def test_an_inactive_or_deleted_key_is_refused(aws: AwsStandIn) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="leaver")
    keys = as_keys(iam.create_access_key(UserName="leaver")["AccessKey"])
    sts = client(aws, "sts", keys)
    assert sts.get_caller_identity()["Arn"].endswith("user/leaver")
    for status in ("Inactive", "Active"):
        iam.update_access_key(UserName="leaver", AccessKeyId=keys.access_key_id, Status=status)
        if status == "Inactive":
            assert "InvalidClientTokenId" in refusal(sts.get_caller_identity)
    assert sts.get_caller_identity()
    iam.delete_access_key(UserName="leaver", AccessKeyId=keys.access_key_id)
    assert "InvalidClientTokenId" in refusal(sts.get_caller_identity)


@pytest.mark.usefixtures("unchanged")
def test_a_token_belongs_to_its_session(aws: AwsStandIn, user: Keys, session: Keys) -> None:
    for keys in (
        replace(user, session_token=session.session_token),
        replace(aws.root, session_token=session.session_token),
        replace(session, session_token=None),
        replace(session, session_token="another"),
    ):
        assert "InvalidClientTokenId" in refusal(client(aws, "sts", keys).get_caller_identity)
        assert "InvalidToken" in refusal(client(aws, "s3", keys).list_buckets)


def test_an_expired_session_is_refused(aws: AwsStandIn, user: Keys) -> None:
    body = f"Action=AssumeRole&RoleArn={ROLE}&RoleSessionName=session&DurationSeconds=-1&Version=2011-06-15".encode()
    with aws.expecting_refused_requests():  # a session cannot be created already expired
        answer = signed(aws, user, "sts", body=body, **{"Content-Type": FORM}).send()
    assert "DurationSeconds" in answer.body
    assert "AccessKeyId" not in answer.body


@pytest.mark.usefixtures("unchanged")
def test_google_tokens_cannot_be_forged(aws: AwsStandIn) -> None:
    sts = client(aws, "sts", ANONYMOUS)
    header, claims, signature = aws.google_token("1").split(".")
    none = base64.urlsafe_b64encode(b'{"alg": "none"}').decode().rstrip("=")
    other = base64.urlsafe_b64encode(b'{"iss": "https://accounts.google.com", "sub": "2"}').decode().rstrip("=")
    forged = google_signature(f"{header}.{claims}", another_standins(aws))
    for token in (
        f"{none}.{claims}.none",
        f"{header}.{claims}.",
        f"{header}.{other}.{signature}",
        f"{header}.{claims}.{forged}",
    ):
        exchange = {"RoleArn": ROLE, "RoleSessionName": "session", "WebIdentityToken": token}
        assert "InvalidIdentityToken" in refusal(lambda: sts.assume_role_with_web_identity(**exchange))  # noqa: B023


def test_there_are_only_the_services_that_the_module_needs(aws: AwsStandIn) -> None:
    """moto has others: AWS Batch, for example, would start any container."""
    assert "CannotJudge" in refusal(client(aws, "batch").describe_job_queues)


# --- control paths, and web pages -------------------------------------------------------------------------------------

CONTROL = [
    ("POST", "/moto-api/reset", b""),
    ("POST", "/moto-api/reset-auth", b"0"),
    ("GET", "/moto-api/data.json", b""),
    ("GET", "/moto-api/", b""),
    ("POST", "/moto-api/seed?a=1", b""),
    ("POST", "/-/reset", b"{}"),
    ("POST", "/-/authorisation", b'{"on": true}'),
    ("POST", "/-/judge", b'{"caller": {}, "action": "s3:GetObject", "resource": "*", "context": {}}'),
    ("POST", "/-/register-package", b'{"sha256": "0"}'),
    ("POST", "/-/service-session", b"{}"),
    ("POST", "//-/reset", b"{}"),
    ("POST", "/%2D/reset", b"{}"),
    ("POST", "/moto%2Dapi/reset", b""),
]


@pytest.mark.parametrize(("method", "path", "body"), CONTROL, ids=[path for _, path, _ in CONTROL])
@pytest.mark.usefixtures("unchanged")
def test_control_paths_need_the_roots_secret(aws: AwsStandIn, user: Keys, method: str, path: str, body: bytes) -> None:
    for headers in (
        {},
        {"Authorization": f"Bearer {user.secret_access_key}"},
        {"Authorization": f"Bearer {aws.root.access_key_id}"},
        {"Authorization": aws.root.secret_access_key},
        {"Authorization": "Bearer é"},
        signed(aws, user, "s3", method, path, body).headers,
        {"Cookie": f"Bearer {aws.root.secret_access_key}"},
    ):
        answer = send(
            aws.url, method, path, body, **{name: value.encode().decode("latin-1") for name, value in headers.items()}
        )
        assert (answer.status, "root's secret" in answer.body) == (403, True), (headers, answer)


@pytest.mark.usefixtures("unchanged")
def test_a_web_page_cannot_send_requests(aws: AwsStandIn) -> None:
    preflight = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    preflight["Access-Control-Request-Headers"] = "authorization"
    simple = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
    port = urlsplit(aws.url).port
    root = {"Authorization": f"Bearer {aws.root.secret_access_key}"}
    answers = [
        *(send(aws.url, "OPTIONS", path, **preflight) for path in ("/", "/bucket/key", "/moto-api/reset", "/-/reset")),
        *(send(aws.url, "POST", path, CREATE_USER, **simple) for path in ("/", "/moto-api/reset", "/-/reset")),
        send(aws.url, "GET", "/moto-api/data.json", **{**root, "Origin": "null"}),
        send(aws.url, "POST", "/moto-api/reset", **{**root, "Host": f"evil.example:{port}"}),
        send(aws.url, "GET", "/bucket", Host=f"evil.example:{port}"),
        send(aws.url, "GET", f"http://evil.example:{port}/moto-api/data.json", **root),
        signed(aws, aws.root, "s3", "GET", "/").with_header("Origin", "http://evil.example").send(),
    ]
    assert [answer.status for answer in answers] == [403] * len(answers)
    served = signed(aws, aws.root, "s3", "GET", "/").send()
    names = {name.lower() for answer in [*answers, served] for name in answer.headers}
    assert [name for name in names if name.startswith("access-control-")] == []


# --- executing code ---------------------------------------------------------------------------------------------------


def test_only_registered_code_is_accepted(aws: AwsStandIn, user: Keys) -> None:
    own, foreign = zipped(HANDLER), zipped("raise SystemExit('it runs')")
    aws.register_package(own)
    client(aws, "s3").put_object(Bucket="bucket", Key="own.zip", Body=own)
    client(aws, "s3").put_object(Bucket="bucket", Key="foreign.zip", Body=foreign)
    made = make_function(aws, aws.root, "own", {"S3Bucket": "bucket", "S3Key": "own.zip"})
    before = held(aws)
    codes: list[dict[str, Any]] = [
        {"ZipFile": foreign},
        {"S3Bucket": "bucket", "S3Key": "foreign.zip"},
        {"S3Bucket": "bucket", "S3Key": "nothing"},
        {"ImageUri": "image:latest"},
    ]
    for keys in (aws.root, user):
        for code in codes:
            change = client(aws, "lambda", keys).update_function_code
            for refused in (
                refusal(lambda: make_function(aws, keys, "foreign", code)),  # noqa: B023
                refusal(lambda: change(FunctionName="own", **code)),  # noqa: B023
            ):
                assert re.search(r"AccessDeniedException.*register_package was not given the package with SHA", refused)
    assert {name: of for name, of in held(aws).items() if "lambda" in name} == {
        name: of for name, of in before.items() if "lambda" in name
    }
    told = client(aws, "lambda").get_function_configuration(FunctionName="own")
    assert told["CodeSha256"] == made["CodeSha256"]
    assert (
        client(aws, "lambda").update_function_code(FunctionName="own", ZipFile=own)["CodeSha256"] == told["CodeSha256"]
    )
    assert make_function(aws, aws.root, "collector", {"ZipFile": COLLECTOR.read_bytes()})["CodeSize"] > 0


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"Handler": "cProfile.run"}, "The handler cProfile.run is not in the package"),
        ({"Handler": "os.system"}, "The handler os.system is not in the package"),
        (
            {"Environment": {"Variables": {"LD_PRELOAD": "/tmp/own.so"}}},
            "The variable LD_PRELOAD could load other code",
        ),
        ({"Environment": {"Variables": {"PYTHONHOME": "/own"}}}, "The variable PYTHONHOME could load other code"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_leaked_user_key_cannot_run_other_code(
    aws: AwsStandIn, user: Keys, tmp_path: Path, settings: dict[str, Any], why: str
) -> None:
    aws.register_package(zipped(HANDLER))
    make_function(aws, user, "bent", {"ZipFile": zipped(HANDLER)}, **settings)
    event = json.dumps(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert why in refusal(lambda: client(aws, "lambda", user).invoke(FunctionName="bent", Payload=event))
    client(aws, "lambda").delete_function(FunctionName="bent")
    assert not (tmp_path / "ran").exists()


def test_another_version_or_region_cannot_change_a_functions_handler(
    aws: AwsStandIn, user: Keys, tmp_path: Path
) -> None:
    """The function of that name runs as it is now, whichever was invoked."""
    own, functions = zipped(HANDLER), client(aws, "lambda", user)
    aws.register_package(own)
    make_function(aws, user, "lent", {"ZipFile": own})
    version = functions.publish_version(FunctionName="lent")["Version"]
    functions.update_function_configuration(FunctionName="lent", Handler="cProfile.run")
    event = json.dumps(f"open({str(tmp_path / 'ran')!r}, 'w')").encode()
    elsewhere = AwsStandIn.at(urlsplit(aws.url).port or 0, "eu-west-1", user)
    make_function(elsewhere, user, "lent", {"ZipFile": own})
    for standin, named in (
        (aws, f"lent:{version}/invocations"),
        (aws, f"lent/invocations?qualifier={version}"),
        (elsewhere, "lent/invocations"),
    ):
        path = f"/2015-03-31/functions/{named}"
        answer = signed(standin, user, "lambda", "POST", path, event).send()
        assert "The handler cProfile.run is not in the package" in answer.body
    for standin in (elsewhere, aws):
        client(standin, "lambda", user).delete_function(FunctionName="lent")
    assert not (tmp_path / "ran").exists()


# --- confidentiality --------------------------------------------------------------------------------------------------


def test_the_roots_secret_cannot_be_read_anywhere(aws: AwsStandIn) -> None:
    secret, process = aws.root.secret_access_key.encode(), aws._process
    assert process is not None
    client(aws, "s3").list_buckets()
    assert secret not in subprocess.run(["ps", "-ewwo", "args"], capture_output=True, check=True).stdout
    for name in ("cmdline", "environ"):
        file = Path(f"/proc/{process.pid}/{name}")
        if file.exists():
            assert secret not in file.read_bytes()
    assert secret.decode() not in "".join(os.environ.values())
    folder = aws.log_file.parent
    assert folder.stat().st_mode & 0o077 == 0
    assert [file for file in folder.rglob("*") if file.is_file() and secret in file.read_bytes()] == []


def listening_at(port: int) -> set[str]:
    """The addresses that listen on a port, as Linux writes them."""
    rows = [line.split() for file in ("tcp", "tcp6") for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and int(row[1].partition(":")[2], 16) == port}


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux only")
def test_every_server_listens_on_loopback_only(aws: AwsStandIn, runtime: LambdaRuntime) -> None:
    assert runtime._sandbox is not None
    with ZoomServer(Zoom()) as zoom, SecOps() as secops:
        ports = [urlsplit(url).port for url in (aws.url, zoom.url, secops.url)]
        for port in [*ports, runtime._sandbox._server.server_port]:
            assert port is not None
            assert listening_at(port) == {"0100007F"}


# --- the other stand-ins ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runtime(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LambdaRuntime]:
    package = tmp_path_factory.mktemp("zip") / "runtime.zip"
    package.write_bytes(zipped(HANDLER))
    aws.register_package(package)
    make_function(aws, aws.root, "runtime", {"ZipFile": package.read_bytes()})
    with LambdaRuntime(aws, "runtime", package) as one:
        assert one.invoke({}).ok
        yield one


@pytest.mark.parametrize("secret", ["", f"/{'0' * 40}", "/"], ids=["none", "wrong", "empty"])
def test_another_process_cannot_take_or_answer_an_invocation(runtime: LambdaRuntime, secret: str) -> None:
    sandbox = runtime._sandbox
    assert sandbox is not None
    url = f"http://127.0.0.1:{sandbox._server.server_port}"
    api = f"{secret}/2018-06-01/runtime"
    for method, path in (
        ("GET", f"{api}/invocation/next"),
        ("POST", f"{api}/invocation/1/response"),
        ("POST", f"{api}/invocation/1/error"),
        ("POST", f"{api}/init/error"),
    ):
        assert send(url, method, path, b'{"forged": 1}').status == 403
    ran = runtime.invoke({})
    assert (ran.ok, ran.result, ran.cold) == (True, sandbox._process.pid, False)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_zoom_ignores_requests_without_its_secret_path(method: str) -> None:
    zoom = Zoom()
    with ZoomServer(zoom) as server:
        netloc = urlsplit(server.url).netloc
        credentials = base64.b64encode(f"{zoom.account.client_id}:{zoom.account.client_secret}".encode()).decode()
        for path in (
            "/",
            "/oauth/token",
            "/v2/report/operationlogs",
            f"/{'0' * 40}/oauth/token",
            urlsplit(server.url).path[:-1],
        ):
            query = f"{path}?grant_type=account_credentials&account_id={zoom.account.id}"
            answer = send(f"http://{netloc}", method, query, Authorization=f"Basic {credentials}")
            assert answer.status in (404, 501), (path, answer)
            assert not any(name.lower().startswith("access-control") for name in answer.headers)
    assert zoom.calls == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_secops_refuses_callers_that_did_not_sign_in(method: str) -> None:
    with SecOps() as secops:
        name = secops.add({"displayName": "kept"})
        secops.fail_next(503, "later")
        before, failures = secops.feeds, [*secops._failures]
        for path in ("/", "/token", f"/v1/{secops.name}/feeds", f"/v1/{name}", f"/v1/{name}:disable"):
            for authorization in ("", "Bearer ", "Bearer ya29.made-up"):
                answer = send(secops.url, method, path, b"{}", Authorization=authorization)
                assert answer.status in (400, 401, 501), (path, answer)
                assert not any(header.lower().startswith("access-control") for header in answer.headers)
        assert (secops.feeds, secops.calls, secops._failures, secops.tokens) == (before, [], failures, set())


# --- reset: last in the file, because it removes shared resources ---------------------------------------------


def told(aws: AwsStandIn) -> dict[str, Any]:
    """The resources of an account, by service."""
    questions: dict[str, list[str]] = {
        "s3": ["list_buckets"],
        "iam": ["list_users", "list_roles", "list_policies", "list_groups", "list_account_aliases"],
        "lambda": ["list_functions", "list_layers", "list_event_source_mappings"],
        "logs": ["describe_log_groups"],
        "secretsmanager": ["list_secrets"],
        "kms": ["list_keys", "list_aliases"],
        "sqs": ["list_queues"],
        "sns": ["list_topics", "list_subscriptions"],
        "scheduler": ["list_schedules", "list_schedule_groups"],
        "cloudwatch": ["describe_alarms", "list_dashboards", "list_metrics"],
        "ec2": ["describe_vpcs", "describe_subnets", "describe_security_groups", "describe_network_interfaces"],
    }
    answers = {
        f"{service}.{question}": {**getattr(client(aws, service), question)(), "ResponseMetadata": None}
        for service, methods in questions.items()
        for question in methods
    }
    text = json.dumps(answers, default=str, sort_keys=True)
    made = (
        r'"ResponseMetadata": \{.*?\}, "RetryAttempts": \d+\}',
        r"\b[a-z]+-[0-9a-f]{8,17}\b",
        r"\d{4}-\d\d-\d\d[ T][^\"]+",
    )
    for pattern in made:  # IDs and times differ in every account
        text = re.sub(pattern, '""' if "Metadata" in pattern else "", text)
    return {"told": text}


def children_of(pid: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "ppid=,pid="], capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in listed.splitlines() if line.split()[0] == str(pid)]


def test_a_reset_standin_equals_a_new_one(
    fresh: tuple[AwsStandIn, dict[str, Any]], aws: AwsStandIn, user: Keys, session: Keys
) -> None:
    _, before = fresh
    own, root = zipped(HANDLER), aws.root
    aws.register_package(own)
    make_function(aws, root, "sleeper", {"ZipFile": own})
    client(aws, "lambda").invoke(FunctionName="sleeper", InvocationType="Event", Payload=b'{"sleep": 50}')
    assert aws._process is not None
    while not children_of(aws._process.pid):
        time.sleep(0.05)
    client(aws, "s3").put_object(Bucket="bucket", Key="large", Body=b"0" * 20_000_000)  # moto stores this in a file
    client(aws, "logs").create_log_group(logGroupName="/group")
    client(aws, "secretsmanager").create_secret(Name="secret", SecretString="s")
    client(aws, "sqs").create_queue(QueueName="queue")
    client(aws, "sns").create_topic(Name="topic")
    client(aws, "kms").create_key()
    client(aws, "ec2").create_vpc(CidrBlock="10.0.0.0/24")
    client(aws, "cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])
    client(aws, "iam").create_account_alias(AccountAlias="alias")
    aws._ask("authorisation", on=True)
    assert told(aws) != before

    aws.reset()

    assert children_of(aws._process.pid) == []
    assert aws.root == root
    assert told(aws) == before
    for keys in (user, session):
        assert "InvalidClientTokenId" in refusal(client(aws, "sts", keys).get_caller_identity)
    client(aws, "iam").create_user(UserName="user")
    again = as_keys(client(aws, "iam").create_access_key(UserName="user")["AccessKey"])
    assert client(aws, "s3", again).list_buckets()["Buckets"] == []  # policies are no longer enforced
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    client(aws, "iam").create_role(RoleName="runner", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
    assert "register_package" in refusal(lambda: make_function(aws, root, "own", {"ZipFile": own}))
    assert make_function(aws, root, "collector", {"ZipFile": COLLECTOR.read_bytes()})["CodeSize"] > 0
    aws.register_package(own)
    make_function(aws, root, "own", {"ZipFile": own})
    assert json.load(client(aws, "lambda").invoke(FunctionName="own", Payload=b"{}")["Payload"]) > 0
