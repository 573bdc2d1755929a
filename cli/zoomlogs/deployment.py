"""A deployment, as described by the module's outputs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from .errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoom_operationlogs.reports import Report

_HOW = (
    'add output "zoom_operation_logs" { value = module.zoom_operation_logs } to your configuration, apply it, and run'
    " this in its folder, or give the folder or the output of `terraform output -json` with --outputs"
)
_FUNCTION_ARN = re.compile(r"arn:[\w-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:.+", re.DOTALL)


@dataclass(frozen=True)
class Deployment:
    """One instance of the module: its outputs by their names, as docs/inputs.md lists them."""

    outputs: Mapping[str, Any]

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return str(self.outputs["bucket"]["name"])

    @property
    def prefix(self) -> str:
        """The feed's folder in the bucket, with a final "/"."""
        return str(self.outputs["bucket"]["prefix"])

    @property
    def dates_above(self) -> list[str]:
        """The beginning of keys in date folders (2…) of each folder above the feed's, the nearest first."""
        names = self.prefix.split("/")[:-2]
        return ["/".join([*names[:depth], "2"]) for depth in range(len(names), -1, -1)]

    @property
    def state_key(self) -> str:
        """The checkpoint's key in the bucket."""
        return str(self.outputs["bucket"]["state_key"])

    @property
    def function_name(self) -> str:
        """The function's name."""
        return str(self.outputs["function"]["name"])

    @property
    def environment(self) -> Mapping[str, str]:
        """The function's environment variables."""
        return cast("Mapping[str, str]", self.outputs["function"]["environment"])

    @property
    def report(self) -> Report:
        """The report that it collects. Raises `CommandError` for a report that this version does not know."""
        from zoom_operationlogs.reports import REPORTS, report_name  # here, to keep `--help` fast

        name = report_name(self.environment)
        if name not in REPORTS:
            raise CommandError(
                f"The collector collects {name}, which this zoomlogs does not know: install the module's version of it"
                " (docs/upgrading.md)."
            )
        return REPORTS[name]

    @property
    def region(self) -> str:
        """The AWS region."""
        return str(self.outputs["function"]["arn"]).split(":")[3]

    @property
    def account(self) -> str:
        """The AWS account, twelve digits."""
        return str(self.outputs["function"]["arn"]).split(":")[4]

    @property
    def secret_id(self) -> str:
        """The name or ARN by which the collector reads the secret with Zoom's credentials."""
        return self.environment.get("ZOOM_SECRET_ID") or self.secret_arn

    @property
    def secret_arn(self) -> str:
        """The ARN of the secret with Zoom's credentials."""
        return str(self.outputs["secret"]["arn"])


def read_deployment(source: str | None = None, instance: str | None = None) -> Deployment:
    """Return the deployment in a file, a folder's `terraform output -json` or standard input (-).

    Print on standard error which report it collects, unless that is the default. Raises `CommandError` if there is no
    deployment, or several without an `instance`.
    """
    deployment = _chosen(source, instance)
    _say_report(deployment)
    return deployment


def _say_report(deployment: Deployment) -> None:
    from zoom_operationlogs.reports import OPERATION_LOGS, REPORTS, report_name  # here: `--help` needs neither

    from .console import console

    report = REPORTS.get(report_name(deployment.environment), OPERATION_LOGS)
    if report is not OPERATION_LOGS:
        console(stderr=True).say(f"Report: Zoom's {report.records} ({deployment.function_name}).")


def _chosen(source: str | None, instance: str | None) -> Deployment:
    found = dict(_instances(_document(source)))
    if instance is not None:
        if instance not in found:
            known = f"; the instances are {', '.join(sorted(found))}" if found else ""
            raise CommandError(f"The output {instance} is not an instance of the module{known}.")
        return found[instance]
    if not found:
        raise CommandError(
            f"The outputs have no instance of the module: {_HOW}. After a failed `terraform apply` there is none until"
            " an apply succeeds (docs/operations.md)."
        )
    if len(found) > 1:
        raise CommandError(f"The outputs have several instances: choose one with --instance {'|'.join(sorted(found))}.")
    [deployment] = found.values()
    return deployment


def instance_names(source: str | None = None) -> list[str]:
    """Return the names of the instances in the outputs. Raises `CommandError` if the outputs cannot be read."""
    return sorted(name for name, _ in _instances(_document(source)))


def _instances(document: Mapping[str, Any]) -> Iterator[tuple[str, Deployment]]:
    """Yield the instances by name: an output, an element of one (for_each), or all outputs together."""
    values = {
        name: output["value"] if isinstance(output, dict) and "value" in output else output
        for name, output in document.items()
    }
    if _is_instance(values):
        yield "module", Deployment(Outputs(values))
        return
    for name, value in values.items():
        if _is_instance(value):
            yield name, Deployment(Outputs(value))
        elif isinstance(value, dict):
            for key, each in value.items():
                if _is_instance(each):
                    yield f"{name}.{key}", Deployment(Outputs(each))


def _is_instance(value: object) -> bool:
    """Whether it has what every command needs, with the right types; `Outputs` reports what else is missing."""
    if not isinstance(value, dict):
        return False
    bucket, function, secret = (value.get(name) for name in ("bucket", "function", "secret"))
    if not (isinstance(bucket, dict) and isinstance(function, dict) and isinstance(secret, dict)):
        return False
    texts = [bucket.get("name"), bucket.get("prefix"), bucket.get("state_key"), function.get("name"), secret.get("arn")]
    environment, arn = function.get("environment"), function.get("arn")
    return (
        all(isinstance(text, str) for text in texts)
        and isinstance(arn, str)
        and bool(_FUNCTION_ARN.fullmatch(arn))
        and isinstance(environment, dict)
        and all(isinstance(each, str) for each in environment.values())
    )


_OBJECTS = {
    *("bucket", "dead_letter_queue", "function", "log_group", "reader", "role", "schedule", "secops_feed", "secret"),
}


class Outputs(dict[str, Any]):
    """Outputs by name; a missing one, or one of a wrong type, ends the command with a sentence."""

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        """Take the values, nested ones included."""
        super().__init__(
            {
                name: Outputs(value, f"{path}{name}.") if isinstance(value, dict) else value
                for name, value in values.items()
                if path or name not in _OBJECTS or isinstance(value, dict)
            }
        )
        self._path = path

    def __missing__(self, name: str) -> NoReturn:
        raise CommandError(f"The outputs have no {self._path}{name}: update the module and apply it.")


def _document(source: str | None) -> dict[str, Any]:
    text, name = _text(source)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CommandError(f"{name} is not the output of `terraform output -json`: {_HOW}.")
    return document


def _text(source: str | None) -> tuple[str, str]:
    if source == "-":
        try:
            return (sys.stdin.read() if sys.stdin else ""), "Standard input"
        except (OSError, UnicodeDecodeError):
            raise CommandError("Standard input cannot be read as text.") from None
    path = Path(source or ".")
    if path.is_dir():
        return _terraform_output(path), "The output of Terraform"
    try:
        return path.read_text("utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CommandError(f"{path} cannot be read: {reason}.") from None


def _terraform_output(folder: Path) -> str:
    try:
        ended = subprocess.run(
            ["terraform", "output", "-json", "-no-color"], cwd=folder, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise CommandError(
            "Terraform is not installed here: run `terraform output -json > outputs.json` where it is, and give"
            " --outputs outputs.json."
        ) from None
    if ended.returncode:
        reason = next((line for line in ended.stderr.splitlines() if line.startswith("Error: ")), "Error: it failed")
        raise CommandError(
            f"`terraform output` failed in {folder.resolve()}: {reason.removeprefix('Error: ')}. Run this in the folder"
            " of your Terraform configuration, or give that folder, or a file with the output of `terraform output"
            " -json`, with --outputs."
        )
    return ended.stdout
