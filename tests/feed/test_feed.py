"""`zoomlogs feed` as it is run, against a server that speaks the API and refuses what the real one refuses."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from security.leaks import spellings

from .conftest import World
from .deployments import KEY_SECRET, SUBJECT_ID, URI, body, module

pytestmark = pytest.mark.slow


def settings_in(secops):
    [feed] = secops.feeds.values()
    return feed["details"]["amazonS3V2Settings"]


# --- apply -----------------------------------------------------------------------------------------------------------


def test_applying_twice_makes_one_feed(world: World, stored):
    assert world.run("reader-key", "create").status == 0
    first = world.run("feed", "apply", "--yes")
    assert first.status == 0
    assert "It will be created:" in first.out
    assert f"  S3 URI: {URI}" in first.out
    [(name, feed)] = world.secops.feeds.items()
    assert feed["details"]["logType"] == f"{world.secops.name}/logTypes/ZOOM_OPERATION_LOGS"
    key = stored()
    assert settings_in(world.secops)["authentication"] == {
        "accessKeySecretAuth": {"accessKeyId": key["access_key_id"], "secretAccessKey": key["secret_access_key"]}
    }
    writes = len(world.secops.writes)
    second = world.run("feed", "apply")  # and asks nobody
    assert second.status == 0
    assert f"Nothing to change: {name} is as the module wants it." in second.out
    assert len(world.secops.writes) == writes == 1
    assert list(world.secops.feeds) == [name]


def test_only_what_differs_is_said_and_sent(keyless: World):
    keyless.run("feed", "apply", "--yes")
    keyless.outputs(module(body(mode="role", lookback=30, labels={"env": "prod"}, name="Zoom"), mode="role"))
    keyless.secops.calls.clear()
    ran = keyless.run("feed", "apply", "--yes")
    assert [line for line in ran.out.splitlines() if line.startswith("  ")] == [
        "  Feed name: Zoom Operation Logs → Zoom",
        "  Maximum file age (days): 180 → 30",
        "  Ingestion labels: (none) → env=prod",
    ]
    # Google takes the display name only in a request without other fields.
    patches = keyless.secops.writes
    assert [(call.method, call.query["updateMask"]) for call in patches] == [
        ("PATCH", "details"),
        ("PATCH", "displayName"),
    ]
    assert "displayName" not in patches[0].body
    assert "details" not in patches[1].body
    [feed] = keyless.secops.feeds.values()
    assert (feed["displayName"], feed["details"]["labels"]) == ("Zoom", {"env": "prod"})
    assert keyless.run("feed", "apply").out.startswith("Nothing to change")


def test_a_change_that_breaks_off_says_what_was_done_and_goes_on(keyless: World):
    keyless.run("feed", "apply", "--yes")
    keyless.outputs(module(body(mode="role", lookback=30, name="Zoom"), mode="role"))
    keyless.secops.fail_after(2, 503, "Try later.")  # the list and the settings are well, the name is not
    ran = keyless.run("feed", "apply", "--yes")
    assert ran.status == 1
    assert "Before that its settings were changed: run `zoomlogs feed apply` again for the rest." in ran.err
    ran = keyless.run("feed", "apply", "--yes")
    assert [line for line in ran.out.splitlines() if line.startswith("  ")] == [
        "  Feed name: Zoom Operation Logs → Zoom"
    ]
    assert "Nothing to change" in keyless.run("feed", "apply").out


def test_a_dry_run_says_it_and_writes_nothing(keyless: World):
    ran = keyless.run("feed", "apply", "--dry-run")
    assert ran.status == 0
    assert "It will be created:" in ran.out
    assert keyless.secops.writes == []
    keyless.run("feed", "apply", "--yes")
    keyless.outputs(module(body(mode="role", lookback=30), mode="role"))
    keyless.secops.calls.clear()
    ran = keyless.run("feed", "apply", "--dry-run", "--json")
    assert ran.json["action"] == "update"
    assert ran.json["changes"] == [{"field": "Maximum file age (days)", "before": "180", "after": "30"}]
    assert "Maximum file age (days): 180 → 30" in ran.err
    assert keyless.secops.writes == []


def test_nobody_to_ask_means_no(keyless: World):
    ran = keyless.run("feed", "apply")
    assert (ran.status, keyless.secops.feeds) == (2, {})
    assert "There is no terminal to ask on, so nothing was changed: add --yes" in ran.err


@pytest.mark.parametrize(("answer", "feeds"), [("y\n", 1), ("n\n", 0)])
def test_somebody_at_a_terminal_is_asked(keyless: World, answer: str, feeds: int):
    ran = keyless.run("feed", "apply", stdin=answer, terminal=True)
    assert "It will be created" in ran.out
    assert "Do it? [y/N]" in ran.err
    assert len(keyless.secops.feeds) == feeds
    assert (ran.status, "Nothing was changed." in ran.err) == ((0, False) if feeds else (1, True))


def test_a_feed_on_a_later_page_is_found(keyless: World):
    keyless.secops.most_per_page = 2
    for number in range(5):
        keyless.secops.add(body(mode="role", uri=f"s3://other-{number}/", name=f"Other {number}"))
    keyless.run("feed", "apply", "--yes")
    assert len(keyless.secops.feeds) == 6
    assert keyless.run("feed", "apply").out.startswith("Nothing to change")
    assert [call.query.get("pageToken") for call in keyless.secops.calls if call.method == "GET"][-3:] == [
        None,
        "2",
        "4",
    ]


def test_a_second_feed_of_the_same_folder_is_refused(keyless: World):
    keyless.secops.add(
        {"displayName": "By hand", "details": {"feedSourceType": "AMAZON_S3", "amazonS3Settings": {"s3Uri": URI}}}
    )
    ran = keyless.run("feed", "apply", "--yes")
    assert ran.status == 2
    assert "By hand (" in ran.err
    assert "a second would ingest every record twice" in ran.err
    assert keyless.secops.writes == []


def test_an_overlap_is_refused_until_it_is_accepted(keyless: World):
    keyless.secops.add(body(mode="role", uri="s3://your-zoom-operation-logs/", name="Whole bucket"))
    assert "--allow-overlap" in keyless.run("feed", "apply", "--yes").err
    assert keyless.secops.writes == []
    ran = keyless.run("feed", "apply", "--yes", "--allow-overlap")
    assert (ran.status, len(keyless.secops.feeds)) == (0, 2)
    assert "Note: The feed Whole bucket (" in ran.out


def test_a_disabled_feed_is_named_and_enabled_if_asked(keyless: World):
    keyless.run("feed", "apply", "--yes")
    [name] = keyless.secops.feeds
    keyless.secops.change(name, state="INACTIVE")
    ran = keyless.run("feed", "apply")
    assert (ran.status, "is disabled and reads nothing: add --enable" in ran.out) == (1, True)
    ran = keyless.run("feed", "apply", "--yes", "--enable")
    assert ran.status == 0
    assert "State: disabled → enabled" in ran.out
    assert keyless.secops.feeds[name]["state"] == "ACTIVE"


@pytest.mark.parametrize("tells", [True, False], ids=["SecOps tells the key's id", "SecOps tells nothing of the key"])
def test_a_rotated_key_reaches_the_feed(world: World, stored, tells: bool):
    world.secops.tells_access_key_id = tells
    world.run("reader-key", "create")
    world.run("feed", "apply", "--yes")
    world.run("reader-key", "rotate")
    new = stored()
    if not tells:
        ran = world.run("feed", "apply", "--yes")
        assert "Nothing to change" in ran.out
        assert "after a change of either, add --renew-key" in ran.out
    ran = world.run("feed", "apply", "--yes", *([] if tells else ["--renew-key"]))
    assert (f"→ {new['access_key_id']}" in ran.out) == tells
    assert settings_in(world.secops)["authentication"]["accessKeySecretAuth"] == {
        "accessKeyId": new["access_key_id"],
        "secretAccessKey": new["secret_access_key"],
    }


def test_without_a_stored_key_the_sentence_says_what_makes_one(world: World):
    ran = world.run("feed", "apply", "--yes")
    assert ran.status == 2
    assert f"The secret {KEY_SECRET} has no access key yet: create one with `zoomlogs reader-key create`." in ran.err


# --- what Google refuses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "sentence"),
    [
        (400, 2, "Google refuses the request: compare the feed's values with `zoomlogs feed show`."),
        (401, 2, "does not accept these credentials"),
        (403, 2, "roles/chronicle.admin"),
        (404, 2, "there is no such tenant, or its region does not have this method: compare --project"),
        (429, 1, "limit is reached"),
        (500, 1, "run it again in a while"),
    ],
)
def test_a_refusal_is_one_sentence_with_googles_own_words(keyless: World, code: int, status: int, sentence: str):
    for _ in range(3 if code == 401 else 1):  # Google's library signs in again twice
        keyless.secops.fail_next(code, "the reason")
    ran = keyless.run("feed", "apply", "--yes")
    assert ran.status == status
    assert ran.err.startswith("zoomlogs could not list the feeds: ")
    assert sentence in ran.err
    assert "the reason)" in ran.err


def test_a_tenant_that_does_not_exist(keyless: World):
    wrong = {"ZOOMLOGS_SECOPS_CUSTOMER_ID": "99999999-89ab-4cde-8f01-23456789abcd"}
    ran = keyless.run("feed", "status", **wrong)
    assert (ran.status, "there is no such tenant" in ran.err) == (2, True)


def test_invalid_credentials(keyless: World, tmp_path: Path):
    nothing = tmp_path / "none.json"
    assert (
        f"{nothing} cannot be read: No such file"
        in keyless.run("feed", "status", "--service-account", str(nothing)).err
    )
    nothing.write_text('{"private_key": "a-private-value"}')
    ran = keyless.run("feed", "status", "--service-account", str(nothing))
    assert f"{nothing} is not the key file of a Google service account." in ran.err
    assert "a-private-value" not in ran.err
    file = keyless.folder / "service-account.json"
    account = json.loads(file.read_text())
    file.write_text(json.dumps(account | {"client_email": "stranger@example.com"}))
    ran = keyless.run("feed", "status")
    assert ran.status == 2
    assert "Google refuses the sign-in: invalid_grant: Invalid grant: account not found. Run `gcloud auth" in ran.err


def test_a_missing_permission_is_googles_refusal(keyless: World):
    keyless.secops.permitted = False
    ran = keyless.run("feed", "status")
    assert ran.status != 0
    assert "Permission 'chronicle.feeds.list' denied" in ran.err


def test_application_default_credentials_sign_in(keyless: World):
    default = str(keyless.folder / "service-account.json")
    ran = keyless.run(
        "feed", "apply", "--yes", ZOOMLOGS_SECOPS_SERVICE_ACCOUNT="", GOOGLE_APPLICATION_CREDENTIALS=default
    )
    assert ran.status == 0, ran.err


def test_nobody_answers(keyless: World):
    ran = keyless.run("feed", "status", ZOOMLOGS_SECOPS_ENDPOINT="http://127.0.0.1:1")
    assert (ran.status, "zoomlogs could not list the feeds" in ran.err) == (1, True)


def test_a_missing_tenant_and_a_missing_output(keyless: World):
    ran = keyless.run("feed", "apply", ZOOMLOGS_SECOPS_PROJECT="", ZOOMLOGS_SECOPS_REGION="")
    assert "Which SecOps tenant? Give --project, --region (or set" in ran.err
    old = module(mode="role")
    del old["secops_feed"]
    keyless.outputs(old)
    assert "The outputs have no secops_feed: update the module" in keyless.run("feed", "show").err


def test_terraform_may_name_the_tenant(keyless: World):
    outputs = module(mode="role")
    outputs["secops_feed"]["instance"] = keyless.secops.name
    keyless.outputs(outputs)
    nothing = {"ZOOMLOGS_SECOPS_PROJECT": "", "ZOOMLOGS_SECOPS_REGION": "", "ZOOMLOGS_SECOPS_CUSTOMER_ID": ""}
    assert keyless.run("feed", "apply", "--yes", **nothing).status == 0
    assert "No feed reads" not in keyless.run("feed", "status", **nothing).out
    other = keyless.run("feed", "status", "--region", "us", **nothing)  # an option over what Terraform names
    assert "Instance 'projects/security-project/locations/us/" in other.err


def test_a_missing_library_of_googles_is_named(keyless: World, monkeypatch: pytest.MonkeyPatch):
    for missing in ("auth", "oauth2"):
        monkeypatch.setitem(sys.modules, f"google.{missing}", None)
    monkeypatch.delitem(sys.modules, "zoomlogs.secops.session", raising=False)
    monkeypatch.delattr("zoomlogs.secops.session", raising=False)
    ran = keyless.run("feed", "status")
    assert ran.status == 2
    assert ran.err.startswith("Google's library is not installed here: install zoomlogs with its extra [secops]")
    assert keyless.run("feed", "show", "--json").json["displayName"] == "Zoom Operation Logs"


# --- show, subject-id, status ----------------------------------------------------------------------------------------


def test_show_for_people_and_for_programs(world: World):
    ran = world.run("feed", "show")
    assert "SIEM Settings > Feeds > Add New Feed" in ran.out
    assert "team=[red]" in ran.out  # and not as markup
    shown = world.run("feed", "show", "--json").json
    assert shown["details"]["logType"] == f"{world.secops.name}/logTypes/ZOOM_OPERATION_LOGS"
    authentication = shown["details"]["amazonS3V2Settings"]["authentication"]["accessKeySecretAuth"]
    assert set(authentication.values()) == {f"(from the secret {KEY_SECRET})"}
    off = dict.fromkeys(("ZOOMLOGS_SECOPS_PROJECT", "ZOOMLOGS_SECOPS_REGION", "ZOOMLOGS_SECOPS_CUSTOMER_ID"), "")
    assert world.run("feed", "show", "--json", **off).json["details"]["logType"] == "ZOOM_OPERATION_LOGS"
    assert world.secops.calls == []


def test_the_subject_id_alone_is_on_standard_output(keyless: World):
    ran = keyless.run("feed", "subject-id")
    assert (ran.status, ran.out) == (0, f"{SUBJECT_ID}\n")
    assert f'reader = {{ mode = "role", subject_id = "{SUBJECT_ID}" }}' in ran.err
    assert keyless.run("feed", "subject-id", "--json").json == {"subject_id": SUBJECT_ID}
    keyless.secops.subject_id = ""
    ran = keyless.run("feed", "subject-id")
    assert (ran.status, "names no identity" in ran.err) == (1, True)


def test_status_of_a_feed_that_is_well(keyless: World):
    keyless.run("feed", "apply", "--yes")
    ran = keyless.run("feed", "status")
    assert ran.status == 0
    assert "has not read anything yet; the first read comes within 15 minutes" in ran.out
    [name] = keyless.secops.feeds
    keyless.secops.change(name, state="SUCCEEDED", lastFeedInitiationTime="2026-11-24T10:15:00Z")
    told = keyless.run("feed", "status", "--json").json
    assert (told["ok"], told["problems"]) == (True, [])
    assert (told["feeds"][0]["state"], told["feeds"][0]["last_transfer"]) == ("SUCCEEDED", "2026-11-24T10:15:00Z")


MIGRATED = {"stsMigrationReadiness": "READY", "lastV2MigrationAttemptTime": "2026-11-24T10:15:00Z"}


def test_fields_that_google_sets_for_a_migration_are_no_change(keyless: World):
    keyless.run("feed", "apply", "--yes")
    [name] = keyless.secops.feeds
    keyless.secops.change(name, details=MIGRATED)
    writes = len(keyless.secops.writes)
    assert "Nothing to change" in keyless.run("feed", "apply", "--yes").out
    assert len(keyless.secops.writes) == writes


def test_a_feed_that_google_cannot_migrate_is_explained(keyless: World):
    keyless.run("feed", "apply", "--yes")
    [name] = keyless.secops.feeds
    keyless.secops.change(name, details={"stsMigrationReadiness": "AUTH_RECONFIG_REQUIRED"})
    ran = keyless.run("feed", "status")
    assert ran.status == 1
    assert "AUTH_RECONFIG_REQUIRED" in ran.out
    assert "`zoomlogs feed apply --renew-key`" in " ".join(ran.out.split())
    told = keyless.run("feed", "status", "--json").json
    assert "AUTH_RECONFIG_REQUIRED" in told["feeds"][0]["migration"]
    keyless.secops.change(name, details={"stsMigrationReadiness": "NOT_READY"})
    assert keyless.run("feed", "status").status == 0


def test_status_says_when_the_log_type_was_last_ingested(keyless: World):
    keyless.run("feed", "apply", "--yes")
    told = keyless.run("feed", "status", "--json").json
    assert told["last_ingested"] == "never yet"
    ingested = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
    keyless.secops.events.add(b'{"action": "Update"}', "ZOOM_OPERATION_LOGS", ingested)
    assert keyless.run("feed", "status", "--json").json["last_ingested"] == "2026-11-24T10:15:00Z"
    assert "2026-11-24T10:15:00Z" in keyless.run("feed", "status").out
    keyless.secops.denied.add("logTypes.list")
    ran = keyless.run("feed", "status", "--json")
    assert ran.status == 0
    assert "give them roles/chronicle.viewer, which has chronicle.logTypes.list," in ran.json["last_ingested"]


def test_status_of_one_that_is_not(keyless: World):
    ran = keyless.run("feed", "status")
    assert (ran.status, "create it with `zoomlogs feed apply`" in ran.out) == (1, True)
    keyless.run("feed", "apply", "--yes")
    [name] = keyless.secops.feeds
    failure = {"errorCode": "ACCESS_DENIED", "httpErrorCode": 403, "errorCause": "[red]No", "errorAction": "Grant it."}
    keyless.secops.change(name, state="FAILED", failureDetails=failure)
    ran = keyless.run("feed", "status")
    assert ran.status == 1
    assert "may not list or read the bucket" in ran.out
    assert "[red]No. Grant it." in ran.out
    told = keyless.run("feed", "status", "--json")
    assert (told.status, told.json["ok"], told.json["feeds"][0]["failure"]["code"]) == (1, False, "ACCESS_DENIED")
    keyless.secops.change(name, state="INACTIVE")
    assert keyless.run("feed", "status").status == 1
    keyless.secops.change(name, state="SUCCEEDED")
    keyless.secops.add(body(mode="role", name="Twin"))
    ran = keyless.run("feed", "status")
    assert (ran.status, "Several feeds read" in ran.out) == (1, True)


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_is_ever_said(world: World, stored, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    """On every path: Google's logs at DEBUG, an API that quotes the request, a failure of each kind."""
    world.run("reader-key", "create")
    first = stored()["secret_access_key"]
    for name in ("google.auth.transport.requests", "requests", "urllib3"):  # the first would log the sign-in
        caplog.set_level(logging.DEBUG, name)
    assert world.run("feed", "apply", "--yes").status == 0
    assert "urllib3" in caplog.text
    for arguments in (["feed", "status"], ["feed", "show", "--json"], ["feed", "apply"]):
        assert world.run(*arguments).status == 0
    world.run("reader-key", "rotate")
    second = stored()["secret_access_key"]
    for code in (400, 500):
        calls = len(world.secops.calls)
        # The list succeeds, and the update fails, quoting what it was given.
        world.secops.fail_after(1, code, f'Invalid value "{second}" at feed.details')
        ran = world.run("feed", "apply", "--yes", "--json")
        assert (len(world.secops.calls) > calls, '"(hidden)"' in ran.err) == (True, True)
    world.run("feed", "apply", "--yes")
    world.run("reader-key", "list")
    world.run("reader-key", "list", "--json")
    private = json.loads((tmp_path / "service-account.json").read_text())["private_key"].splitlines()[3]
    logged = [str(vars(each)) for each in caplog.records]  # Google's library logs requests as fields of a record
    said = "\n".join([*world.said, *logged]).encode()
    assert len(said) > 3000
    for secret in (first, second, private, *world.secops.tokens):
        assert not [spelling for spelling in spellings(secret) if spelling in said]
