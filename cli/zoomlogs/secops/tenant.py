"""The options that name a SecOps tenant, and the address of its API."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from ..errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_ACCOUNT_VARIABLE = "ZOOMLOGS_SECOPS_SERVICE_ACCOUNT"
ENDPOINT_VARIABLE = "ZOOMLOGS_SECOPS_ENDPOINT"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def _option(metavar: str, text: str, variable: str, *names: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=text, envvar=variable, show_default=False)


_PROJECT = _option("ID", "Google Cloud project of the SecOps tenant.", "ZOOMLOGS_SECOPS_PROJECT", "--project")
_REGION_HELP = "The tenant's region: us, eu, europe-west2 …"
_REGION = _option("REGION", _REGION_HELP, "ZOOMLOGS_SECOPS_REGION", "--region", "--location")
_CUSTOMER_HELP = "The tenant's customer ID, under SIEM Settings > Profile."
_CUSTOMER = _option("UUID", _CUSTOMER_HELP, "ZOOMLOGS_SECOPS_CUSTOMER_ID", "--customer-id")
_ACCOUNT_HELP = "Key file of a Google service account; without it, Application Default Credentials."
_ACCOUNT = _option("FILE", _ACCOUNT_HELP, SERVICE_ACCOUNT_VARIABLE, "--service-account")
ProjectOption = Annotated[str | None, _PROJECT]
RegionOption = Annotated[str | None, _REGION]
CustomerOption = Annotated[str | None, _CUSTOMER]
ServiceAccountOption = Annotated[str | None, _ACCOUNT]

_RULES = {
    "--project": (r"[a-z0-9.:-]+", "a project's id or number", "ZOOMLOGS_SECOPS_PROJECT"),
    "--region": (r"[a-z]+(-[a-z0-9]+)*", "a region such as us or europe-west2", "ZOOMLOGS_SECOPS_REGION"),
    "--customer-id": (r"[0-9A-Fa-f-]{36}", "a UUID", "ZOOMLOGS_SECOPS_CUSTOMER_ID"),
}


@dataclass(frozen=True)
class Tenant:
    """A SecOps tenant: project, region, and customer id, which the API calls instance."""

    project: str
    region: str
    customer_id: str

    @property
    def name(self) -> str:
        """The tenant's resource name."""
        return f"projects/{self.project}/locations/{self.region}/instances/{self.customer_id}"


def read_tenant(
    project: str | None, region: str | None, customer_id: str | None, *, instance: str | None = None
) -> Tenant:
    """Return the tenant: each part from the options, or else of `instance`, projects/P/locations/L/instances/I.

    Raises `CommandError` naming what is missing or wrong.
    """
    if instance:
        parts = instance.split("/")
        project, region, customer_id = project or parts[1], region or parts[3], customer_id or parts[5]
    given = {"--project": project, "--region": region, "--customer-id": customer_id}
    if missing := [name for name, value in given.items() if not value]:
        variables = ", ".join(_RULES[name][2] for name in missing)
        raise CommandError(
            f"Which SecOps tenant? Give {', '.join(missing)} (or set {variables}): SIEM Settings > Profile shows them."
        )
    for name, value in given.items():
        pattern, shape, _ = _RULES[name]
        if not re.fullmatch(pattern, value or ""):
            raise CommandError(f"{name} is {value}: give {shape}.")
    return Tenant(str(project), str(region), str(customer_id))


def tenant_of(environ: Mapping[str, str], instance: str | None) -> Tenant:
    """Return the tenant that the variables of the options name, or else `instance`, for a command without options.

    Raises `CommandError` naming what is missing or wrong.
    """
    values = {variable: environ.get(variable) or None for _, _, variable in _RULES.values()}
    if not instance and (missing := [variable for variable, value in values.items() if not value]):
        raise CommandError(
            f"Which SecOps tenant? Set {', '.join(missing)}, or feed.instance in Terraform: SIEM Settings > Profile"
            " shows them."
        )
    return read_tenant(*values.values(), instance=instance)


def endpoint(region: str, stand_in: str | None) -> str:
    """Return the address of the API for a region, or the one that replaces it.

    Raises `CommandError` for an address without encryption.
    """
    if not stand_in:
        return f"https://{region}-chronicle.googleapis.com"
    parts = urlsplit(stand_in)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise CommandError(
            f"{ENDPOINT_VARIABLE} is {stand_in}: give an address that starts with https://, or http:// on this machine."
        )
    return f"{parts.scheme}://{parts.netloc}"
