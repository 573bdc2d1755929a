"""`zoomlogs feed`: what its commands do and say."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from ..deployment import Deployment, read_deployment
from ..errors import CommandError
from . import messages
from .body import KEY_AUTHENTICATION, SETTINGS, Change, changes, complete, knows_authentication, short, source_type
from .choice import choose, enabled, kind, readers, title, uri_of
from .health import problems
from .tenant import ENDPOINT_VARIABLE, Tenant, endpoint, read_tenant

if TYPE_CHECKING:
    from ..reader_key.keys import AccessKey
    from .body import Body
    from .client import Feeds

TenantOptions = tuple[str | None, str | None, str | None]


@dataclass(frozen=True)
class ApplyOptions:
    """What the options of `apply` ask for."""

    dry_run: bool = False
    yes: bool = False
    renew_key: bool = False
    enable: bool = False
    allow_overlap: bool = False


@dataclass(frozen=True)
class Plan:
    """What is to be done to the feed `name`, None where it is to be made."""

    name: str | None
    changes: list[Change]
    notes: list[str]
    renews: bool = False
    enables: bool = False

    @property
    def action(self) -> str:
        """Say it in a word."""
        if self.name is None:
            return "create"
        return "update" if self.changes or self.renews or self.enables else "none"

    @property
    def renames(self) -> bool:
        """Tell whether the display name changes."""
        return any(change.field == "Feed name" for change in self.changes)

    @property
    def replaces_details(self) -> bool:
        """Tell whether anything but the display name changes."""
        return self.renews or any(change.field != "Feed name" for change in self.changes)


def plan(wanted: Body, feeds: list[Body], apply_options: ApplyOptions) -> Plan:
    """Decide what to do; raise `CommandError` where it would ingest records twice or cannot be done."""
    choice = choose(wanted, feeds, allow_overlap=apply_options.allow_overlap)
    feed, notes = choice.feed, choice.notes
    if feed is None:
        return Plan(None, changes(wanted, None), notes)
    found = changes(wanted, feed)
    if not knows_authentication(feed) and not apply_options.renew_key:
        notes.append(
            "SecOps does not say with which key or role the feed reads: after a change of either, add --renew-key."
        )
    enables = apply_options.enable and not enabled(feed)
    if not enabled(feed) and not enables:
        notes.append(f"The feed {title(feed)} is disabled and reads nothing: add --enable.")
    made = Plan(str(feed["name"]), found, notes, apply_options.renew_key, enables)
    if made.action != "none" and feed.get("readOnly"):
        raise CommandError(f"The feed {title(feed)} is read-only in SecOps and cannot be changed here.")
    return made


# --- the commands ----------------------------------------------------------------------------------------------------


def show(source: str | None, instance: str | None, options: TenantOptions, *, as_json: bool) -> None:
    """Show the form, or the body without secrets."""
    output = _feed_output(read_deployment(source, instance))
    secret = output.get("key_secret_name")
    if not as_json:
        table = Table(title="SIEM Settings > Feeds > Add New Feed", title_justify="left")
        table.add_column("field", no_wrap=True)
        table.add_column("value", overflow="fold")
        for row in output["form"]:
            table.add_row(str(row["field"]), str(row["value"]))
        Console(highlight=False, markup=False).print(table)
        return
    body = json.loads(json.dumps(output["body"]))
    if any(options):
        body["details"]["logType"] = f"{read_tenant(*options).name}/logTypes/{short(body['details']['logType'])}"
    kind_of_source = source_type(body)
    if secret and kind_of_source in SETTINGS:
        hint = f"(from the secret {secret})"
        body["details"][SETTINGS[kind_of_source]]["authentication"] = {
            KEY_AUTHENTICATION[kind_of_source]: {"accessKeyId": hint, "secretAccessKey": hint}
        }
    _print_json(body)


def subject_id(options: TenantOptions, service_account: str | None, *, as_json: bool) -> None:
    """Print the digits that the role's trust names."""
    found = _feeds(read_tenant(*options), service_account).subject_id()
    if not found.isdigit():
        raise CommandError("SecOps names no identity for feeds of this tenant: ask Google's support for it.", status=1)
    if as_json:
        _print_json({"subject_id": found})
    else:
        print(found)  # noqa: T201
    _say(f'For Terraform: reader = {{ mode = "role", subject_id = "{found}" }}', err=True)


def apply(
    source: str | None,
    instance: str | None,
    options: TenantOptions,
    service_account: str | None,
    apply_options: ApplyOptions,
    *,
    as_json: bool,
) -> None:
    """Bring the feed to what the module wants."""
    deployment = read_deployment(source, instance)
    output = _feed_output(deployment)
    tenant = read_tenant(*options, instance=output.get("instance"))
    feeds = _feeds(tenant, service_account)
    key = _access_key(deployment) if output.get("key_secret_name") else None
    wanted = complete(output["body"], tenant.name, key)
    decided = plan(wanted, _listed(feeds), apply_options)
    _tell(decided, wanted, err=as_json)
    document = {
        "action": decided.action,
        "feed": decided.name,
        "changes": [{"field": each.field, "before": each.before, "after": each.after} for each in decided.changes],
        "renews_authentication": decided.renews,
        "enables": decided.enables,
        "notes": decided.notes,
        "dry_run": apply_options.dry_run,
    }
    if decided.action != "none" and not apply_options.dry_run:
        _confirm(apply_options)
        document["feed"] = _carry_out(decided, wanted, feeds, {key.secret_access_key} if key else set())
        _say(f"Done: {document['feed']}", err=as_json)
    if as_json:
        _print_json(document)


def status(
    source: str | None, instance: str | None, options: TenantOptions, service_account: str | None, *, as_json: bool
) -> int:
    """Show how the feeds that read this folder fare; return 1 where something is wrong with them."""
    output = _feed_output(read_deployment(source, instance))
    tenant = read_tenant(*options, instance=output.get("instance"))
    feeds = _listed(_feeds(tenant, service_account))
    found = readers(uri_of(output["body"]), feeds)
    wrong = problems(output["body"], feeds)
    if as_json:
        _print_json({"ok": not wrong, "problems": wrong, "feeds": [_described(feed) for feed in found]})
        return 1 if wrong else 0
    for feed in found:
        table = Table(title=title(feed), title_justify="left", show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in _described(feed).items():
            if isinstance(value, dict):
                for part, text in value.items():
                    table.add_row(f"failure: {part}", text)
            else:
                table.add_row(name.replace("_", " "), str(value))
        Console(highlight=False, markup=False).print(table)
    for problem in wrong:
        _say(problem)
    return 1 if wrong else 0


# --- their parts -----------------------------------------------------------------------------------------------------


def _feed_output(deployment: Deployment) -> dict[str, Any]:
    output = deployment.outputs.get("secops_feed")
    if not isinstance(output, dict) or not {"body", "form"} <= output.keys():
        raise CommandError("The outputs hold no secops_feed: update the module and apply it.")
    return output


def _feeds(tenant: Tenant, service_account: str | None) -> Feeds:
    address = endpoint(tenant.region, os.environ.get(ENDPOINT_VARIABLE))
    from .client import Feeds  # here, because Google's library takes a second to import, and may not be there

    return Feeds(tenant, address, service_account)


def _listed(feeds: Feeds) -> list[Body]:
    console = Console(stderr=True, highlight=False)
    with console.status("asking SecOps for its feeds …"):
        return feeds.list()


def _access_key(deployment: Deployment) -> AccessKey:
    from ..aws import session
    from ..reader_key.keys import reader_of
    from ..reader_key.store import Store

    reader = reader_of(deployment)
    key = Store(session(deployment.region), reader).read()
    if key is None:
        raise CommandError(
            f"The secret {reader.secret} holds no access key yet: make one with `zoomlogs reader-key create`."
        )
    return key


def _tell(decided: Plan, wanted: Body, *, err: bool) -> None:
    """Say what will change, field by field, before anything does."""
    if decided.action == "create":
        _say(f"No feed reads {uri_of(wanted)} yet. It will be created:", err=err)
        for change in decided.changes:
            _say(f"  {change.field}: {change.after}", err=err)
    elif decided.action == "none":
        _say(f"Nothing to change: {decided.name} is as the module wants it.", err=err)
    else:
        _say(f"The feed {decided.name} will change:", err=err)
        for change in decided.changes:
            _say(f"  {change}", err=err)
        if decided.renews:
            _say("  The access key, or role, is sent again", err=err)
        if decided.enables:
            _say("  State: disabled → enabled", err=err)
    for note in decided.notes:
        _say(f"Note: {note}", err=err)


def _confirm(apply_options: ApplyOptions) -> None:
    if apply_options.yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandError("Nobody is here to be asked, so nothing was changed: add --yes to do it, or --dry-run.")
    if not typer.confirm("Do it?", err=True):
        raise CommandError("Nothing was changed.", status=1)


def _carry_out(decided: Plan, wanted: Body, feeds: Feeds, secrets: set[str]) -> str:
    if decided.name is None:
        return str(feeds.create(wanted, secrets).get("name", ""))
    if decided.replaces_details:
        feeds.update_details(decided.name, wanted["details"], secrets)
    if decided.renames:
        feeds.rename(decided.name, wanted["displayName"])
    if decided.enables:
        feeds.enable(decided.name)
    return decided.name


def _described(feed: Body) -> dict[str, Any]:
    described: dict[str, Any] = {
        "feed": feed.get("name"),
        "name": feed.get("displayName"),
        "source": kind(feed),
        "reads": uri_of(feed),
        "state": messages.state(feed),
        "meaning": messages.meaning(feed),
        "last_transfer": messages.last_transfer(feed),
    }
    failure = messages.failure(feed)
    return {**described, "failure": failure} if failure else described


def _say(line: str, *, err: bool = False) -> None:
    Console(stderr=err, highlight=False, soft_wrap=True).print(line, markup=False)


def _print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201
