"""The stand-in for AWS: moto's server, repaired, as a context manager.

with AwsStandIn() as aws:
    subprocess.run(["terraform", "apply"], env=aws.env())
    aws.client("s3").list_buckets()
    with aws.authorising():
        keys = aws.service_session("lambda.amazonaws.com", "collector", "run")
        aws.client("s3", keys).list_buckets()  # AccessDenied, unless a policy allows it
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

import boto3
import botocore.loaders
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"
START_SECONDS = 60
STOP_SECONDS = 5
COLLECTOR = Path(__file__).resolve().parents[2] / "lambda/dist/collector.zip"
REFUSED_BY_MODEL = "REFUSED BY THE MODEL"
"""How a line of the server's log begins for a request that AWS would refuse."""
DELETE_BATCH = 1000  # DeleteObjects takes no more keys in one request


@dataclass(frozen=True)
class Keys:
    """Credentials: a user's access key, or those of a session."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


ANONYMOUS = Keys("", "")

_LOADER = botocore.loaders.create_loader()  # one for all clients: reading a service's model takes a tenth of a second
_FOREIGN = re.compile(r"AWS_|MOTO_|TF_CLI_ARGS|TF_VAR_|TF_DATA_DIR$|TF_WORKSPACE$")


def scrubbed(environ: Mapping[str, str]) -> dict[str, str]:
    """Remove variables that lead a tool to another AWS endpoint, profile, region or Terraform workspace."""
    return {name: value for name, value in environ.items() if not _FOREIGN.match(name)}


def without_proxy_on_loopback(environ: Mapping[str, str]) -> dict[str, str]:
    """Add the loopback names to `NO_PROXY`: a company's proxy cannot reach a server on this machine."""
    known = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    names = ",".join([*filter(None, known.split(",")), "127.0.0.1", "localhost"])
    return {**environ, "NO_PROXY": names, "no_proxy": names}


def google_signature(signed: str, root: Keys) -> str:
    """Sign a Google token so that this stand-in recognises it (Google signs its own with a key pair)."""
    key = hmac.digest(root.secret_access_key.encode(), b"google token", "sha256")
    return base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), "sha256")).decode().rstrip("=")


@functools.cache
def _collectors_sha256() -> str | None:
    return hashlib.sha256(COLLECTOR.read_bytes()).hexdigest() if COLLECTOR.is_file() else None


class AwsStandIn:
    """An AWS account on a free loopback port; empty when it starts, gone when it stops.

    Only requests that are signed with a key of its own are served: `root`, which is another one at each start, those
    of the users and sessions that were made here. Functions run only packages that `register_package` was given, and
    the checkout's own: so nobody else on this machine can run code through it.
    The server is a process in its own session, so that Ctrl-C reaches only its owner, and it watches a pipe from its
    owner, so that it ends with it, however that ends.
    """

    def __init__(self, *, region: str = REGION, managed_policies: bool = False) -> None:
        """`managed_policies` loads AWS's own IAM policies (AmazonS3FullAccess …), which takes a few seconds."""
        self.region = region
        self.account_id = ACCOUNT_ID
        self._managed_policies = managed_policies
        self._process: subprocess.Popen[str] | None = None
        self._folder: Path | None = None
        self._log: IO[str] | None = None
        self._port = 0
        self._root = ANONYMOUS
        self._expected: Counter[str] = Counter()
        self._sessions: dict[Keys, boto3.Session] = {}
        self._making_clients = threading.Lock()  # a session is for one thread at a time

    @classmethod
    def at(cls, port: int, region: str, root: Keys) -> Self:
        """Return one that already runs on this port: for its clients, not to be started or stopped."""
        standin = cls(region=region)
        standin._port, standin._root = port, root
        return standin

    @property
    def root(self) -> Keys:
        """The keys of the account's root. Raises RuntimeError unless started."""
        if self._root == ANONYMOUS:
            raise RuntimeError("The AWS stand-in is not running: call start() first.")
        return self._root

    @property
    def url(self) -> str:
        """The endpoint of every service. Raises RuntimeError unless started."""
        if not self._port:
            raise RuntimeError("The AWS stand-in is not running: call start() first.")
        return f"http://127.0.0.1:{self._port}"

    @property
    def log_file(self) -> Path:
        """The file with the server's requests and errors; removed by stop(). Raises RuntimeError unless started."""
        if self._folder is None:
            raise RuntimeError("The AWS stand-in is not running: call start() first.")
        return self._folder / "server.log"

    def failures(self) -> str:
        """Return the log of requests that the server failed to serve: HTTP 5xx, and their errors."""
        text = self.log_file.read_text(encoding="utf-8", errors="replace")
        found = re.findall(
            r"(?m)^Traceback[^\n]*\n(?:[ ][^\n]*\n)*[^\n]*$|^.* HTTP/1\.1\S* 5\d\d .*$|^CANNOT JUDGE.*$", text
        )
        return "\n".join(found)

    def _refused_by_model(self) -> Counter[str]:
        if self._log is None:
            return Counter()
        self._log.seek(0)  # the file may be gone, since the server removes it; what is written goes to its end
        return Counter(re.findall(rf"(?m)^{REFUSED_BY_MODEL} .*$", self._log.read()))

    @contextmanager
    def expecting_refused_requests(self) -> Iterator[list[str]]:
        """Allow requests that AWS's models refuse in the block; the list then has the refusals."""
        before, refused = self._refused_by_model(), list[str]()
        try:
            yield refused
        finally:
            found = self._refused_by_model() - before
            refused += found.elements()
            self._expected += found

    def start(self) -> Self:
        """Start the server and wait until it listens. Raises RuntimeError with its log when it does not."""
        if self._process is not None:
            return self
        self._folder = Path(tempfile.mkdtemp(prefix="aws-standin-"))
        self._log = self.log_file.open("a+", encoding="utf-8", errors="replace")
        environ = scrubbed(os.environ) | {"PYTHONUNBUFFERED": "1"}
        if self._managed_policies:
            environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
        process = subprocess.Popen(
            [sys.executable, "-m", "standins.aws_server", str(self._folder), self.account_id, self.region],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environ,
            text=True,
            start_new_session=True,
        )
        self._process = process
        # 20 characters, as AWS's; the secret reaches the server by a pipe, which nobody else can look into
        self._root = Keys(f"ROOT{secrets.token_hex(8).upper()}", secrets.token_hex(20))
        impatience = threading.Timer(START_SECONDS, process.kill)
        impatience.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            keys = [self._root.access_key_id, self._root.secret_access_key]
            process.stdin.write(json.dumps(keys) + "\n")
            process.stdin.flush()
            greeting = process.stdout.readline()
            if not greeting:
                tail = self.log_file.read_text(encoding="utf-8")[-2000:]
                raise RuntimeError(f"The AWS stand-in did not start. Its log ends:\n{tail}")
            self._port = json.loads(greeting)["port"]
            self._register_collector()
        except BaseException:
            self.stop()
            raise
        finally:
            impatience.cancel()
        return self

    def stop(self) -> None:
        """Stop the server and remove its folder; harmless when it is not running.

        Raises RuntimeError if requests were made that AWS's models refuse (see `standins.aws_models`).
        """
        process, self._process, self._port = self._process, None, 0
        self._root = ANONYMOUS
        self._sessions.clear()
        if process is not None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
        refused = self._refused_by_model() - self._expected
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._expected.clear()
        if refused:
            raise RuntimeError("AWS would refuse these requests:\n" + "\n".join(refused))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def credentials(self, keys: Keys | None = None) -> dict[str, str]:
        """Return only the variables with which any AWS SDK reaches this stand-in (as its root)."""
        keys = keys or self.root
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            **({"AWS_SESSION_TOKEN": keys.session_token} if keys.session_token else {}),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def env(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return an environment for Terraform or an SDK: `environ` (this process's), cleaned and pointed here."""
        return {
            **without_proxy_on_loopback(scrubbed(os.environ if environ is None else environ)),
            **self.credentials(),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "3",
        }

    def client(self, service: str, keys: Keys | None = None) -> Any:
        """Create a boto3 client of this stand-in (as its root), whatever AWS settings the machine has."""
        keys = keys or self.root
        config = Config(
            retries={"total_max_attempts": 2},
            proxies={},
            connect_timeout=5,
            read_timeout=60,
            signature_version=UNSIGNED if keys == ANONYMOUS else None,
        )
        with self._making_clients:
            if keys not in self._sessions:  # which takes as long to make as a client
                self._sessions[keys] = self._session(keys)
            make_client: Any = self._sessions[keys].client
            return make_client(service, endpoint_url=self.url, config=config)

    def _session(self, keys: Keys) -> boto3.Session:
        """Create a session for the given keys."""
        ignored = {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "use_fips_endpoint": (None, None, False, None),
            "use_dualstack_endpoint": (None, None, False, None),
            "ca_bundle": (None, None, None, None),
        }
        core = botocore.session.Session(session_vars=ignored)
        core.register_component("data_loader", _LOADER)
        return boto3.Session(
            aws_access_key_id=keys.access_key_id or None,
            aws_secret_access_key=keys.secret_access_key or None,
            aws_session_token=keys.session_token,
            region_name=self.region,
            botocore_session=core,
        )

    @contextmanager
    def without_bucket_policy(self, name: str) -> Iterator[None]:
        """Remove a bucket's policy in the block, as a principal that may change the policy can."""
        s3 = self.client("s3")
        try:
            policy = s3.get_bucket_policy(Bucket=name)["Policy"]
        except s3.exceptions.ClientError:
            policy = None  # it has none
        s3.delete_bucket_policy(Bucket=name)
        try:
            yield
        finally:
            if policy is not None:
                s3.put_bucket_policy(Bucket=name, Policy=policy)

    def empty_bucket(self, name: str) -> int:
        """Delete every version and delete marker of a bucket, as `terraform destroy` requires; count them.

        Ends retentions first.
        """
        self.end_locks(name)
        with self.without_bucket_policy(name):
            return self._empty_bucket(name)

    def _empty_bucket(self, name: str) -> int:
        s3 = self.client("s3")
        entries = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for page in s3.get_paginator("list_object_versions").paginate(Bucket=name)
            for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        ]
        for start in range(0, len(entries), DELETE_BATCH):
            batch = entries[start : start + DELETE_BATCH]
            errors = s3.delete_objects(Bucket=name, Delete={"Objects": batch, "Quiet": True}).get("Errors")
            if errors:
                raise RuntimeError(f"The bucket {name} keeps {len(errors)} objects: {errors[0]['Message']}")
        return len(entries)

    def end_locks(self, bucket: str) -> None:
        """End every retention in a bucket, as if the days had passed, and remove every legal hold."""
        self._ask("end-locks", bucket=bucket)

    def register_package(self, package: Path | bytes) -> None:
        """Let functions run this package (a zip, or its file) until `reset` or the end."""
        content = package if isinstance(package, bytes) else package.read_bytes()
        self._ask("register-package", sha256=hashlib.sha256(content).hexdigest())

    def _register_collector(self) -> None:
        if sha256 := _collectors_sha256():
            self._ask("register-package", sha256=sha256)

    def reset(self) -> None:
        """Reset it to its initial state, except for the root's keys.

        Resources, users' keys and sessions are gone, functions that run are killed, authorisation is off, and of the
        packages only the checkout's own is registered.
        """
        self._ask("reset")
        self._register_collector()

    def google_token(self, subject: str) -> str:
        """Return a token of Google's form, which this stand-in accepts as Google's."""
        claims = {"iss": "https://accounts.google.com", "aud": "feed", "sub": subject}
        signed = ".".join(
            base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
            for part in ({"alg": "HS256"}, claims)
        )
        return f"{signed}.{google_signature(signed, self.root)}"

    @contextmanager
    def authorising(self) -> Iterator[None]:
        """Enforce policies for every request in the block; outside it, only bucket policies are enforced."""
        self._ask("authorisation", on=True)
        try:
            yield
        finally:
            self._ask("authorisation", on=False)

    @contextmanager
    def listing_permissions(self) -> Iterator[list[dict[str, Any]]]:
        """List, after the block, the permissions that its requests needed, whether or not policies are enforced.

        Each has `by` (who asked), `action`, `resource` and `context`; of a request whose permissions are not known only
        `by` and `unknown`.
        """
        needed: list[dict[str, Any]] = []
        self._ask("needed", on=True)
        try:
            yield needed
        finally:
            needed += self._ask("needed", on=False)["needed"]

    @contextmanager
    def service_control_policy(self, *denials: Mapping[str, Any]) -> Iterator[None]:
        """Apply a service control policy with denials in the block, which also binds the account's root.

        Each denial has a list of actions by their whole names, and perhaps a condition.
        """
        statements = [{"Effect": "Deny", "Resource": "*", **denial} for denial in denials]
        self._ask("service-control-policy", policy={"Statement": statements})
        try:
            yield
        finally:
            self._ask("service-control-policy", policy=None)

    def service_session(
        self,
        service: str,
        role: str,
        session: str,
        *,
        source: Mapping[str, str] | None = None,
        carries: Mapping[str, str] | None = None,
    ) -> Keys:
        """Assume a role as an AWS service does for itself; raise PermissionError if the role does not trust it.

        `source` are the condition keys that the service sends along (`aws:SourceArn` …), `carries` the ones that it
        binds to the session's credentials (`lambda:SourceFunctionArn`).
        """
        answer = self._ask(
            "service-session",
            service=service,
            role=role,
            session=session,
            source=dict(source or {}),
            carries=dict(carries or {}),
        )
        if not answer.pop("allowed"):
            raise PermissionError(f"{service} may not assume {role}: {answer['reason']}")
        return Keys(**answer)

    def judge(
        self, caller: Mapping[str, str], action: str, resource: str, context: Mapping[str, str] | None = None
    ) -> bool:
        """Evaluate a call against the applied policies, without making it.

        `caller` is {"user": name}, {"role": name}, {"service": host name}, or {} for anybody.
        """
        answer = self._ask("judge", caller=dict(caller), action=action, resource=resource, context=dict(context or {}))
        return bool(answer["allowed"])

    def _ask(self, what: str, **given: Any) -> dict[str, Any]:
        """Call one of the server's own paths, which need the root's secret."""
        headers = {"Authorization": f"Bearer {self.root.secret_access_key}"}
        request = urllib.request.Request(f"{self.url}/-/{what}", json.dumps(given).encode(), headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
        return answer
