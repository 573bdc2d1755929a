"""Options that several commands share, and the groups in which `zoomlogs --help` shows the commands."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable  # noqa: TC003  Typer reads it
from functools import wraps
from typing import Annotated, Any

import typer

from ..deployment import instance_names, read_deployment
from ..errors import CommandError
from ..requests_shown import show_requests
from ..secops.tenant import CustomerOption, ProjectOption, RegionOption

SEE, START, SET_UP, SECOPS = "See that it works", "Start runs", "Set up", "Google SecOps"
EVERYWHERE = "Options of every command"

# The SDK, Terraform's providers and its backends prefer these to a profile.
BEFORE_PROFILE = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
)


def _complete_instance(context: typer.Context, incomplete: str) -> list[str]:
    """Return the instances in the outputs; none if they cannot be read, because completion shows no errors."""
    try:
        names = instance_names(context.params.get("outputs") or os.environ.get("ZOOMLOGS_OUTPUTS"))
    except CommandError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _use_profile(name: str | None) -> None:
    """Make AWS's SDK and Terraform use the profile, whatever other credentials the environment has."""
    if name is not None:
        for variable in BEFORE_PROFILE:
            os.environ.pop(variable, None)
        os.environ["AWS_PROFILE"] = name


def _show_requests(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        context.with_resource(show_requests())


OutputsOption = Annotated[
    str | None,
    typer.Option(
        "--outputs",
        metavar="FILE|FOLDER|-",
        help="The output of `terraform output -json`, or the folder to run it in; by default this folder.",
        envvar="ZOOMLOGS_OUTPUTS",
        show_default=False,
    ),
]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        "--instance",
        metavar="NAME",
        help="The output that holds the module, if there are several.",
        envvar="ZOOMLOGS_INSTANCE",
        show_default=False,
        autocompletion=_complete_instance,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="The AWS profile to use, also to read Terraform's outputs.",
        callback=_use_profile,
        rich_help_panel=EVERYWHERE,
        show_default=False,
    ),
]
DebugOption = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show each HTTP request on standard error: method, URL, status and duration, without headers or body.",
        callback=_show_requests,
        rich_help_panel=EVERYWHERE,
    ),
]


# A parameter with one of these names replaces several options: its value is made from theirs.
TOGETHER: dict[str, tuple[dict[str, Any], Callable[..., Any]]] = {
    "deployment": ({"outputs": OutputsOption, "instance": InstanceOption}, read_deployment),
    "where": ({"outputs": OutputsOption, "instance": InstanceOption}, lambda *values: values),
    "tenant": (
        {"project": ProjectOption, "region": RegionOption, "customer_id": CustomerOption},
        lambda *values: values,
    ),
}
Where = tuple[str | None, str | None]
TenantParts = tuple[str | None, str | None, str | None]


class Group(typer.Typer):
    """Commands that all have the options --profile, --debug and -h."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # type: ignore[override]
        """Add a command."""
        add = super().command(name, **options)
        return lambda function: add(_with_shared_options(function))


def group() -> Group:
    """Return a group of commands."""
    return Group(
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _with_shared_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as Typer reads it: with the options of `TOGETHER`, and with --profile and --debug."""
    own = inspect.signature(function, eval_str=True).parameters
    together = {name: TOGETHER[name] for name in own if name in TOGETHER}

    @wraps(function)
    def command(*, profile: object, debug: object, **values: Any) -> Any:  # noqa: ARG001  their callbacks have acted
        for name, (options, make) in together.items():
            values[name] = make(*(values.pop(option) for option in options))
        return function(**values)

    shared: dict[str, Any] = {option: each for options, _ in together.values() for option, each in options.items()}
    parameters = [
        *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own.values() if each.name not in together),
        *(_parameter(option, None, annotation) for option, annotation in shared.items()),
        _parameter("profile", None, ProfileOption),
        _parameter("debug", False, DebugOption),
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _parameter(name: str, default: object, annotation: object) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
