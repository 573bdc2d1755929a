"""The commands of `zoomlogs feed`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from ..console import console, print_json, table
from ..deployment import Deployment, read_deployment
from ..errors import CommandError
from ..secops.tenant import Tenant, read_tenant
from .arrival import last_ingested, oldest_message
from .body import (
    FEED_NAME,
    KEY_AUTHENTICATION,
    SETTINGS,
    Change,
    changes,
    complete,
    knows_authentication,
    short,
    source_type,
)
from .feeds import (
    NEVER_RAN,
    choose,
    enabled,
    failure,
    kind,
    meaning,
    migration,
    problems,
    readers,
    state,
    title,
    uri_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..access_keys import AccessKey
    from .body import Body
    from .client import Feeds

TenantOptions = tuple[str | None, str | None, str | None]


class ApplyOptions(NamedTuple):
    """The options of `apply`."""

    dry_run: bool = False
    yes: bool = False
    renew_key: bool = False
    enable: bool = False
    allow_overlap: bool = False


class Plan(NamedTuple):
    """What `apply` does to the feed `name`, None for a new one."""

    name: str | None
    changes: list[Change]
    notes: list[str]
    renews: bool = False
    enables: bool = False
    stays_disabled: bool = False

    @property
    def action(self) -> str:
        """Say it in a word."""
        if self.name is None:
            return "create"
        return "update" if self.changes or self.renews or self.enables else "none"


def plan(wanted: Body, feeds: list[Body], apply_options: ApplyOptions) -> Plan:
    """Decide what to do; raise `CommandError` where records would be ingested twice, or the feed cannot be changed."""
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
    stays_disabled = not enabled(feed) and not enables
    if stays_disabled:
        notes.append(f"The feed {title(feed)} is disabled and reads nothing: add --enable.")
    made = Plan(feed.get("name", ""), found, notes, apply_options.renew_key, enables, stays_disabled)
    if made.action != "none" and feed.get("readOnly"):
        raise CommandError(f"The feed {title(feed)} is read-only in SecOps and cannot be changed here.")
    return made


def show(source: str | None, instance: str | None, options: TenantOptions, *, as_json: bool) -> None:
    """Show the form, or the body without secrets."""
    output = _feed_output(read_deployment(source, instance))
    secret = output.get("key_secret_name")
    if not as_json:
        form = table("SIEM Settings > Feeds > Add New Feed > Configure a single feed", "field", "value")
        rows = output["form"]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise CommandError("The outputs have no secops_feed.form: update the module and apply it.")
        for row in rows:
            form.add_row(str(row["field"]), str(row["value"]))
        console().print(form)
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
    print_json(body)


def subject_id(options: TenantOptions, service_account: str | None, *, as_json: bool) -> None:
    """Print the digits that the role's trust names."""
    found = _feeds(read_tenant(*options), service_account).subject_id()
    if not found.isdigit():
        raise CommandError("SecOps names no identity for feeds of this tenant: ask Google's support for it.", status=1)
    if as_json:
        print_json({"subject_id": found})
    else:
        _say(found)
    _say(f'For Terraform: reader = {{ mode = "role", subject_id = "{found}" }}', err=True)


def apply(
    source: str | None,
    instance: str | None,
    options: TenantOptions,
    service_account: str | None,
    apply_options: ApplyOptions,
    *,
    as_json: bool,
) -> int:
    """Make the feed as the module's output has it; return 0, or 1 where it stays disabled."""
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
        print_json(document)
    return 1 if decided.stays_disabled else 0


def status(
    source: str | None, instance: str | None, options: TenantOptions, service_account: str | None, *, as_json: bool
) -> int:
    """Show the state of the feeds that read this folder, and what arrives; return 1 where something is wrong."""
    deployment = read_deployment(source, instance)
    output = _feed_output(deployment)
    tenant = read_tenant(*options, instance=output.get("instance"))
    feeds = _listed(_feeds(tenant, service_account))
    found = readers(uri_of(output["body"]), feeds)
    wrong = [*problems(output["body"], feeds)]
    log_type = short(output["body"]["details"]["logType"])
    from ..secops.session import connect

    arrived = {"last_ingested": last_ingested(connect(tenant, service_account, pauses=()), log_type)}
    if queue := output.get("queue"):
        arrived["oldest_message"] = oldest_message(deployment, queue["name"])
    if as_json:
        print_json({"ok": not wrong, "problems": wrong, "feeds": [_described(feed) for feed in found], **arrived})
        return 1 if wrong else 0
    for feed in found:
        shown = table(title(feed), "", "", header=False)
        for name, value in _described(feed).items():
            if isinstance(value, dict):
                for part, text in value.items():
                    shown.add_row(f"failure: {part}", text)
            else:
                shown.add_row(name.replace("_", " "), str(value))
        console().print(shown)
    told = {"last_ingested": f"{log_type} was last ingested", "oldest_message": "The oldest message in the queue"}
    for name, text in arrived.items():
        _say(f"{told[name]}: {text.rstrip('.')}.")
    for problem in wrong:
        _say(problem)
    return 1 if wrong else 0


# --- their parts -----------------------------------------------------------------------------------------------------


def _feed_output(deployment: Deployment) -> dict[str, Any]:
    output = deployment.outputs.get("secops_feed")
    if not isinstance(output, dict) or not {"body", "form"} <= output.keys():
        raise CommandError("The outputs have no secops_feed: update the module and apply it.")
    return output


def _feeds(tenant: Tenant, service_account: str | None) -> Feeds:
    from ..secops.session import connect  # here, because Google's library may not be installed
    from .client import Feeds

    return Feeds(connect(tenant, service_account, pauses=()))


def _listed(feeds: Feeds) -> list[Body]:
    with console(stderr=True).status("asking SecOps for its feeds …"):
        return feeds.list()


def _access_key(deployment: Deployment) -> AccessKey:
    from ..access_keys import Store, reader_of
    from ..aws import session_for

    reader = reader_of(deployment)
    key = Store(session_for(deployment), reader).read()
    if key is None:
        raise CommandError(
            f"The secret {reader.secret} has no access key yet: create one with `zoomlogs reader-key create`."
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
        raise CommandError("There is no terminal to ask on, so nothing was changed: add --yes to do it, or --dry-run.")
    if not typer.confirm("Do it?", err=True):
        raise CommandError("Nothing was changed.", status=1)


def _carry_out(decided: Plan, wanted: Body, feeds: Feeds, secrets: set[str]) -> str:
    """Do what was decided, step by step; where one fails, its sentence names those that were done before."""
    if decided.name is None:
        return str(feeds.create(wanted, secrets).get("name", ""))
    name, done = decided.name, list[str]()
    changed = {change.field for change in decided.changes}
    steps: list[tuple[str, bool, Callable[[], object]]] = [
        (
            "its settings were changed",
            decided.renews or bool(changed - {FEED_NAME}),
            lambda: feeds.update_details(name, wanted["details"], secrets),
        ),
        ("it was renamed", FEED_NAME in changed, lambda: feeds.rename(name, wanted["displayName"])),
        ("it was enabled", decided.enables, lambda: feeds.enable(name)),
    ]
    for said, is_due, take in steps:
        try:
            if is_due:
                take()
                done.append(said)
        except CommandError as error:
            before = f" Before that {' and '.join(done)}: run `zoomlogs feed apply` again for the rest." if done else ""
            raise CommandError(f"{error}{before}", status=error.status) from None
    return name


def _described(feed: Body) -> dict[str, Any]:
    described = {
        "feed": feed.get("name"),
        "name": feed.get("displayName"),
        "source": kind(feed),
        "reads": uri_of(feed),
        "state": state(feed),
        "meaning": meaning(feed),
        "last_transfer": feed.get("lastFeedInitiationTime") or NEVER_RAN,
    }
    more = {"migration": migration(feed), "failure": failure(feed)}
    return described | {name: value for name, value in more.items() if value}


def _say(line: str, *, err: bool = False) -> None:
    console(stderr=err).say(line)
