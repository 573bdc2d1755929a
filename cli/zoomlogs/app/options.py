"""Options that several commands take, and the groups in which `zoomlogs --help` shows the commands, in this order."""

from __future__ import annotations

import inspect
import os
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..deployment import instance_names
from ..errors import CommandError
from ..requests_shown import show_requests

if TYPE_CHECKING:
    from collections.abc import Callable

SEE, START, SET_UP, SECOPS = "See that it works", "Start runs", "Set up", "Google SecOps"
EVERYWHERE = "Options of every command"

# What the SDK would take before a profile, and Terraform's providers and backends, too.
BEFORE_PROFILE = (
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN"),
)


def _complete_instance(context: typer.Context, incomplete: str) -> list[str]:
    """Return the instances in the outputs; none where they cannot be read: a shell that completes shows no error."""
    try:
        names = instance_names(context.params.get("outputs") or os.environ.get("ZOOMLOGS_OUTPUTS"))
    except CommandError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _use_profile(name: str | None) -> None:
    """Let AWS's SDK and Terraform sign in with a profile, whatever else of the environment could sign them in."""
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
        help="What `terraform output -json` printed, or the folder to run it in (this one, if not given).",
        envvar="ZOOMLOGS_OUTPUTS",
        show_default=False,
    ),
]
InstanceOption = Annotated[
    str | None,
    typer.Option(
        "--instance",
        metavar="NAME",
        help="Which of several instances of the module, by the name of the output that holds it.",
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
        help="The profile of your AWS configuration to sign in with, for Terraform's outputs, too.",
        callback=_use_profile,
        rich_help_panel=EVERYWHERE,
        show_default=False,
    ),
]
DebugOption = Annotated[
    bool,
    typer.Option(
        "--debug",
        help="Show each request on standard error: method, address, status, milliseconds; no header and no body.",
        callback=_show_requests,
        rich_help_panel=EVERYWHERE,
    ),
]


class Group(typer.Typer):
    """Commands that all have the options --profile, --debug and -h."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # type: ignore[override]
        """Add a command."""
        add = super().command(name, **options)
        return lambda function: add(_with_options_of_all(function))


def group() -> Group:
    """Return a group of commands."""
    return Group(
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_show_locals=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _with_options_of_all(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with parameters for these options, whose callbacks do all that there is to do."""

    @wraps(function)
    def command(*, profile: object, debug: object, **values: Any) -> Any:  # noqa: ARG001  their callbacks have acted
        return function(**values)

    own = inspect.signature(function, eval_str=True)
    of_all = (("profile", None, ProfileOption), ("debug", False, DebugOption))
    parameters = [
        *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own.parameters.values()),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for name, default, annotation in of_all
        ),
    ]
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command
