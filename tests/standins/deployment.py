"""Applies the module for real, against stand-ins for AWS, Lambda and Zoom.

with deployed(repository, zoom) as deployment:
    deployment.store_credentials()
    deployment.run_scheduled()
    assert deployment.difference() == Comparison(...)
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.scratch import prepare
from harness.terraform import TerraformError

from .aws import AwsStandIn
from .lambda_runtime import Invocation, LambdaRuntime, ScheduledTarget, scheduled_target, under_its_role
from .running_provider import running_provider
from .zoom import Zoom, ZoomServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from harness.terraform import OnProgress, Terraform

Record = dict[str, Any]


@dataclass(frozen=True)
class StoredObject:
    """An object under the feed's prefix, as a feed reads it."""

    key: str
    size: int
    records: list[Record]


@dataclass(frozen=True)
class Comparison:
    """Zoom's records compared with the archive's, as multisets."""

    in_zoom: int
    in_archive: int
    missing: int
    repeated: int

    @property
    def exact(self) -> bool:
        """Return whether every record is there exactly once."""
        return not self.missing and not self.repeated and self.in_zoom == self.in_archive


def of_module(outputs: dict[str, Any]) -> dict[str, Any]:
    """Return the module's outputs: those of an example, or of the first instance of tests/fixtures/security."""
    found: dict[str, Any] = outputs.get("zoom_operation_logs") or outputs["alpha"]
    return found


@dataclass
class Deployment:
    """The applied module, with methods to run and read it."""

    aws: AwsStandIn
    zoom: Zoom
    server: ZoomServer
    terraform: Terraform
    variables: dict[str, object]
    outputs: dict[str, Any]
    target: ScheduledTarget
    runtime: LambdaRuntime
    runs: list[Invocation] = field(default_factory=list)
    """Every run so far, in any sandbox."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return str(of_module(self.outputs)["bucket"]["name"])

    @property
    def prefix(self) -> str:
        """The prefix that the deployed function writes under."""
        return str(self.runtime.configuration["Environment"]["Variables"]["S3_PREFIX"])

    def store_credentials(self, **changes: str) -> None:
        """Put the Zoom app's credentials into the secret, as the README describes."""
        account = self.zoom.account
        value = {"account_id": account.id, "client_id": account.client_id, "client_secret": account.client_secret}
        self.store_secret(json.dumps(value | changes))

    def store_secret(self, text: str) -> None:
        """Put any text into the secret."""
        secrets = self.aws.client("secretsmanager")
        secrets.put_secret_value(SecretId=self.outputs["secret_arn"], SecretString=text)

    def run_scheduled(self) -> Invocation:
        """Invoke the function as the schedule does, with its payload and timeout, at the stand-ins' time."""
        return self.run(self.target.payload)

    def run(
        self,
        payload: str | dict[str, Any],
        runtime: LambdaRuntime | None = None,
        *,
        kill_after: float | None = None,
    ) -> Invocation:
        """Invoke the function at the stand-ins' time, in its sandbox or another."""
        run = (runtime or self.runtime).invoke(payload, now=self.zoom.clock.now(), kill_after=kill_after)
        self.runs.append(run)
        return run

    def another_runtime(self, function_name: str | None = None) -> LambdaRuntime:
        """Create a second sandbox of the function, or one of another function with the same package."""
        return under_its_role(self.aws, function_name or self.target.function_name, self.runtime.package)

    def objects(self) -> list[StoredObject]:
        """Read every object under the feed's prefix the way a feed does: gzip, a JSON record a line."""
        s3 = self.aws.client("s3")
        found = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
            for item in page.get("Contents", []):
                body = s3.get_object(Bucket=self.bucket, Key=item["Key"])["Body"].read()
                *lines, rest = gzip.decompress(body).decode("utf-8").split("\n")
                if rest:
                    raise ValueError(f"{item['Key']} does not end its last line.")
                found.append(StoredObject(item["Key"], len(body), [json.loads(line) for line in lines]))
        return found

    def compare(self, first: date) -> Comparison:
        """Compare the archive with Zoom, record by record, from the date `first` on."""
        begin = f"{self.prefix}{first:%Y/%m/%d}/"
        archived = [record for stored in self.objects() if stored.key >= begin for record in stored.records]
        truth, archive = multiset(self.zoom.records(first)), multiset(archived)
        return Comparison(truth.total(), archive.total(), (truth - archive).total(), (archive - truth).total())


def multiset(records: list[Record]) -> Counter[str]:
    """Count equal records."""
    return Counter(json.dumps(record, sort_keys=True) for record in records)


@contextmanager
def deployed(
    repository: Path,
    zoom: Zoom,
    *,
    folder: str = "examples/minimal",
    variables: dict[str, object] | None = None,
    say: Callable[[str], None] = lambda _: None,
    on_progress: OnProgress | None = None,
    apply: Callable[[Terraform, dict[str, object]], object] | None = None,
    one_provider: bool = False,
    instance: str = "",
) -> Iterator[Deployment]:
    """Apply an example against the stand-ins, and always destroy everything at the end.

    `apply` replaces a plain `terraform apply`, for example with a saved plan. `one_provider` starts the provider once
    for all commands, which is faster.
    `instance`: in an example with several module blocks, the output with all outputs of the block that runs.
    """
    with ExitStack() as stack:
        server = stack.enter_context(ZoomServer(zoom))
        aws = stack.enter_context(AwsStandIn())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zoomlogs-")))
        terraform = prepare(repository, scratch, aws.env(), folder=folder, say=say)
        aws.register_package(scratch / "lambda/dist/collector.zip")
        terraform.init()
        if one_provider:
            stack.enter_context(running_provider(terraform))
        inputs: dict[str, object] = {
            "zoom": {"oauth_url": server.oauth_url, "api_url": server.api_url},
            "force_destroy": True,
            **(variables or {}),
        }
        try:
            if apply is None:
                terraform.apply(inputs, on_progress=on_progress)
            else:
                apply(terraform, inputs)
        except TerraformError as error:
            error.add_note(f"Requests that the stand-in for AWS failed to serve:\n{aws.failures() or 'none'}")
            raise
        outputs = terraform.output()
        if instance:
            outputs |= {"zoom_operation_logs": outputs[instance], "secret_arn": outputs[instance]["secret"]["arn"]}
        target = scheduled_target(aws, of_module(outputs)["schedule"]["name"])
        package = package_in(terraform.show_json(), terraform.workdir, target.function_name)
        runtime = stack.enter_context(under_its_role(aws, target.function_name, package))
        yield Deployment(aws, zoom, server, terraform, inputs, outputs, target, runtime)


def package_in(state: dict[str, Any], workdir: Path, function_name: str) -> Path:
    """Return the package that the state says was deployed as a function."""

    def resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from module.get("resources", [])
        for child in module.get("child_modules", []):
            yield from resources(child)

    [filename] = [
        str(found["values"]["filename"])
        for found in resources(state["values"]["root_module"])
        if found["mode"] == "managed"
        and found["type"] == "aws_lambda_function"
        and found["values"]["function_name"] == function_name
    ]
    return (workdir / filename).resolve()
