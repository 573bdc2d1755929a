"""The feed's body: complete for every option, held field by field against what SecOps has."""

from __future__ import annotations

import copy

import pytest
from google.cloud import chronicle_v1 as chronicle
from google.protobuf import json_format
from zoomlogs.access_keys import AccessKey
from zoomlogs.errors import CommandError
from zoomlogs.feed import feeds as messages
from zoomlogs.feed.body import changes, complete
from zoomlogs.feed.command import ApplyOptions, plan
from zoomlogs.feed.feeds import choose
from zoomlogs.secops.tenant import endpoint, read_tenant

from .deployments import ROLE, SUBJECT_ID, URI, body

INSTANCE = "projects/p/locations/eu/instances/01234567-89ab-4cde-8f01-23456789abcd"
KEY = AccessKey("AKIAIOSFODNN7EXAMPLE", "a/secret+value")


def wanted(**options):
    return complete(body(**options), INSTANCE, KEY if options.get("mode", "user") == "user" else None)


def found(feed, identifier="f1", state="SUCCEEDED", **more):
    """A feed as SecOps gives it: without the secret, by way of Google's proto."""
    feed = copy.deepcopy(feed)
    for settings in feed["details"].values():
        if isinstance(settings, dict):
            for authentication in settings.get("authentication", {}).values():
                authentication.pop("secretAccessKey", None)
    message = json_format.ParseDict(
        {**feed, "name": f"{INSTANCE}/feeds/{identifier}", "state": state, **more}, chronicle.Feed.pb(chronicle.Feed())
    )
    return json_format.MessageToDict(message)


@pytest.mark.parametrize("source", ["AMAZON_S3_V2", "AMAZON_SQS_V2"])
@pytest.mark.parametrize("mode", ["user", "role"])
def test_a_complete_body_is_a_feed_of_googles_that_signs_in(source, mode):
    made = wanted(source=source, mode=mode)
    parsed = json_format.ParseDict(made, chronicle.Feed.pb(chronicle.Feed()))
    assert json_format.MessageToDict(parsed) == made  # nothing lost, nothing renamed
    kind = parsed.details.WhichOneof("details")
    authentication = getattr(parsed.details, kind).authentication.WhichOneof("auth_type")
    keyed = {
        "amazon_s3_v2_settings": "access_key_secret_auth",
        "amazon_sqs_v2_settings": "sqs_v2_access_key_secret_auth",
    }
    assert authentication == ("aws_iam_role_auth" if mode == "role" else keyed[kind])
    assert changes(made, found(made)) == []


def test_completing_leaves_the_output_as_it_is():
    given = body()
    before = copy.deepcopy(given)
    complete(given, INSTANCE, KEY)
    assert given == before


def test_without_a_reader_there_is_no_feed():
    with pytest.raises(CommandError, match=r"makes no reader.*set reader.mode to user or role"):
        complete(body(mode="none"), INSTANCE, None)


def test_a_source_of_another_type_is_refused():
    given = body()
    given["details"]["feedSourceType"] = "AMAZON_S3_V3"
    with pytest.raises(CommandError, match="source type AMAZON_S3_V3: update zoomlogs"):
        complete(given, INSTANCE, KEY)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "Zoom"}, "Feed name: Zoom → Zoom Operation Logs"),
        ({"deletion": "ON_SUCCESS"}, "Source deletion option: ON_SUCCESS → NEVER"),
        ({"lookback": 7}, "Maximum file age (days): 7 → 180"),
        ({"namespace": "old"}, "Asset namespace: old → (none)"),
        ({"labels": {"b": "2", "a": "1"}}, "Ingestion labels: a=1, b=2 → (none)"),
        ({"uri": f"{URI}old"}, f"S3 URI: {URI}old/ → {URI}"),
    ],
)
def test_a_difference_is_said_in_words(options, said):
    assert [str(change) for change in changes(wanted(), found(wanted(**options)))] == [said]


def test_other_spellings_of_googles_are_no_change():
    """Else `apply` would send the same again each time."""
    mine = wanted(labels={"a": "1", "b": "2"})
    settings = mine["details"]["amazonS3V2Settings"]
    settings["includePrefixes"] = ["x/", "y/"]
    theirs = copy.deepcopy(mine)
    theirs["details"]["labels"] = [{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]
    theirs["details"]["amazonS3V2Settings"] |= {
        "s3Uri": URI.rstrip("/"),
        "includePrefixes": ["y/", "x/"],
        "maxLookbackDays": str(settings["maxLookbackDays"]),
    }
    assert changes(mine, theirs) == []
    assert choose(mine, [{**theirs, "name": "projects/p/locations/l/instances/i/feeds/1"}]).feed is not None
    theirs["details"]["labels"][0]["value"] = "3"
    assert [str(change) for change in changes(mine, theirs)] == ["Ingestion labels: a=1, b=3 → a=1, b=2"]


def test_another_key_is_a_change_and_its_secret_is_not_in_it():
    old = complete(body(), INSTANCE, AccessKey("AKIAOLD", "an/older+value"))
    [change] = changes(wanted(), found(old))
    assert str(change) == f"Access key ID: AKIAOLD → {KEY.access_key_id}"
    assert KEY.secret_access_key not in str(changes(wanted(), None))


def test_from_a_key_to_a_role():
    assert {str(change) for change in changes(wanted(mode="role"), found(wanted()))} == {
        f"Access key ID: {KEY.access_key_id} → (none)",
        f"AWS IAM role ARN: (none) → {ROLE}",
        f"Subject ID: (none) → {SUBJECT_ID}",
    }


def test_fields_that_secops_hides_are_no_change():
    silent = found(wanted())
    del silent["details"]["amazonS3V2Settings"]["authentication"]
    assert changes(wanted(), silent) == []
    empty = found(wanted())
    empty["details"]["amazonS3V2Settings"]["authentication"] = {"accessKeySecretAuth": {}}
    assert changes(wanted(), empty) == []


def test_defaults_and_output_fields_are_no_change():
    there = found(wanted())
    settings = there["details"]["amazonS3V2Settings"]
    del settings["sourceDeletionOption"], settings["maxLookbackDays"]
    settings["chronicleServiceAccount"] = "project-1@storage-transfer-service.iam.gserviceaccount.com"
    there["details"]["logType"] = there["details"]["logType"].replace("projects/p/", "projects/987654321/")
    assert changes(wanted(), there) == []
    settings["sourceDeletionOption"] = "SOURCE_DELETION_OPTION_V2_UNSPECIFIED"
    assert changes(wanted(), there) == []


def test_a_field_set_by_hand_is_said_to_be_removed():
    there = found(wanted())
    there["details"]["amazonS3V2Settings"]["includePrefixes"] = ["zoom/operationlogs/2026/"]
    assert [str(change) for change in changes(wanted(), there)] == [
        "Object prefixes: zoom/operationlogs/2026/ → (none)",
    ]


def test_fields_that_google_adds_are_no_change():
    there = found(wanted())
    there["details"] |= {
        "stsMigrationReadiness": "READY",
        "lastV2MigrationAttemptTime": "2026-11-24T10:15:00Z",
        "somethingNew": {"a": 1},
    }
    there["details"]["amazonS3V2Settings"]["somethingNewer"] = True
    assert changes(wanted(), there) == []


# --- which feed ------------------------------------------------------------------------------------------------------


def v1(uri, **more):
    return found(
        {"displayName": "Old", "details": {"feedSourceType": "AMAZON_S3", "amazonS3Settings": {"s3Uri": uri}}}, **more
    )


UPPER = "s3://your-zoom-operation-logs/"
OTHER = found(body(uri="s3://another/zoom/", name="Other"), "f9")


def test_the_one_that_reads_the_folder_is_chosen():
    mine = found(wanted())
    assert choose(wanted(), [OTHER, mine]).feed == mine
    assert choose(wanted(), [OTHER]).feed is None
    assert choose(wanted(), [found(wanted(uri=URI.rstrip("/")))]).feed is not None
    # a neighbour whose name begins alike is another folder
    assert choose(wanted(), [found(wanted(uri=URI.rstrip("/") + "-old/"))]).feed is None


@pytest.mark.parametrize(
    ("feeds", "sentence"),
    [
        (
            [found(wanted(), "f1"), found(wanted(name="Twin"), "f2")],
            r"Several feeds read .*Zoom Operation Logs \(f1\), Twin \(f2\)",
        ),
        ([v1(URI)], r"Old \(f1\), Amazon S3, the old kind, reads s3://.* already: a second would ingest every record"),
        ([found(wanted(source="AMAZON_SQS_V2"))], "Amazon SQS V2, reads .* already"),
        ([found(wanted(uri=UPPER))], f"reads {UPPER}, which contains .*--allow-overlap"),
        ([found(wanted(uri=URI + "2026/"))], "which is in .*--allow-overlap"),
        ([v1("s3://your-zoom-operation-logs")], "which contains"),
    ],
)
def test_another_reader_of_the_records_is_named_and_refused(feeds, sentence):
    with pytest.raises(CommandError, match=sentence):
        choose(wanted(), [OTHER, *feeds])


def test_disabled_feeds_get_a_note_only():
    mine = found(wanted(), "f1")
    others = [found(wanted(name="Twin"), "f2", "INACTIVE"), v1(URI, identifier="f3", state="INACTIVE")]
    choice = choose(wanted(), [*others, mine])
    assert choice.feed == mine
    assert len(choice.notes) == 2
    assert all("disabled: keep it so" in note for note in choice.notes)
    with pytest.raises(CommandError, match="Several feeds"):
        choose(wanted(), [found(wanted(), "f1", "INACTIVE"), found(wanted(), "f2", "INACTIVE")])


def test_an_overlap_can_be_accepted():
    above = found(wanted(uri="s3://your-zoom-operation-logs/"))
    choice = choose(wanted(), [above], allow_overlap=True)
    assert choice.feed is None
    assert "ingested twice" in choice.notes[0]


def test_two_feeds_of_one_queue_are_refused():
    mine = wanted(source="AMAZON_SQS_V2")
    with pytest.raises(CommandError, match="takes messages from the same queue"):
        choose(mine, [found(wanted(source="AMAZON_SQS_V2", uri="s3://another/x/"))])
    old = {"queue": "zoom-operationlogs-feed", "accountNumber": "123456789012"}
    with pytest.raises(CommandError, match="the old kind, takes messages"):
        choose(
            mine, [found({"displayName": "Old", "details": {"feedSourceType": "AMAZON_SQS", "amazonSqsSettings": old}})]
        )
    old["accountNumber"] = "210987654321"
    choose(mine, [found({"displayName": "Old", "details": {"feedSourceType": "AMAZON_SQS", "amazonSqsSettings": old}})])


# --- the plan ----------------------------------------------------------------------------------------------


def test_plans():
    assert plan(wanted(), [], ApplyOptions()).action == "create"
    same = plan(wanted(), [found(wanted())], ApplyOptions())
    assert (same.action, same.notes) == ("none", [])
    renamed = plan(wanted(name="New"), [found(wanted())], ApplyOptions())
    assert (renamed.action, [change.field for change in renamed.changes]) == ("update", ["Feed name"])
    detailed = plan(wanted(lookback=7), [found(wanted())], ApplyOptions())
    assert (detailed.action, [change.field for change in detailed.changes]) == ("update", ["Maximum file age (days)"])
    again = plan(wanted(), [found(wanted())], ApplyOptions(renew_key=True))
    assert (again.action, again.changes, again.renews) == ("update", [], True)


def test_a_disabled_feed_is_enabled_only_if_asked():
    off = found(wanted(), state="INACTIVE")
    left = plan(wanted(), [off], ApplyOptions())
    assert left.action == "none"
    assert "is disabled and reads nothing: add --enable" in left.notes[0]
    assert plan(wanted(), [off], ApplyOptions(enable=True)).enables
    assert plan(wanted(), [found(wanted())], ApplyOptions(enable=True)).action == "none"


def test_a_read_only_feed_is_not_tried():
    with pytest.raises(CommandError, match="is read-only"):
        plan(wanted(lookback=7), [found(wanted(), readOnly=True)], ApplyOptions())
    assert plan(wanted(), [found(wanted(), readOnly=True)], ApplyOptions()).action == "none"


# --- messages --------------------------------------------------------------------------------------------------------


def test_every_state_of_googles_has_its_words():
    for state in chronicle.Feed.State:
        if state.name != "STATE_UNSPECIFIED":
            assert "unknown" not in messages.meaning({"state": state.name})


@pytest.mark.parametrize("values", [{"state": "PAUSED_BY_GOOGLE"}, {}])
def test_a_state_that_is_not_known_is_a_problem(values: dict[str, str]):
    [problem] = messages.problems(wanted(), [found(wanted()) | {"state": None} | values])
    assert problem.endswith(
        f"is in the state {values.get('state', 'STATE_UNSPECIFIED')}, which zoomlogs does not know: look at it in"
        " SecOps, and update zoomlogs."
    )


def test_a_failure_is_explained_and_google_is_quoted():
    details = {"errorCode": "ACCESS_DENIED", "httpErrorCode": 403, "errorCause": "No.", "errorAction": "Grant it"}
    told = messages.failure({"state": "FAILED", "failureDetails": details})
    assert told["code"] == "ACCESS_DENIED"
    assert "may not list or read the bucket" in told["means"]
    assert "terraform plan" in told["do"]
    assert "set reader.list_whole_bucket = true" in told["do"]
    assert told["google"] == "No. Grant it."
    assert messages.failure({"state": "FAILED", "failureMsg": "Broken"}) == {"google": "Broken."}
    assert messages.failure({"state": "SUCCEEDED", "failureDetails": details}) == {}


# --- the tenant ------------------------------------------------------------------------------------------------------

UUID = "01234567-89ab-4cde-8f01-23456789abcd"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ((None, "eu", None), r"Which SecOps tenant\? Give --project, --customer-id \(or set ZOOMLOGS_SECOPS_PROJECT, "),
        (("p", "eu.evil.example/", UUID), "--region is eu.evil.example/: give a region such as us"),
        (("p", "eu", "1234"), "--customer-id is 1234: give a UUID"),
        (("P/..", "eu", UUID), "--project is P/..: give a project's id"),
    ],
)
def test_missing_parts_of_the_tenant_are_named(given, sentence):
    with pytest.raises(CommandError, match=sentence):
        read_tenant(*given)


def test_the_address_follows_the_region_and_is_never_unencrypted():
    assert endpoint("europe-west2", None) == "https://europe-west2-chronicle.googleapis.com"
    assert endpoint("eu", "http://127.0.0.1:8080/x") == "http://127.0.0.1:8080"
    assert endpoint("eu", "https://proxy.example") == "https://proxy.example"
    for wrong in ("http://10.0.0.1:80", "http://127.0.0.1.evil.example", "http://localhost@evil.example", "chronicle"):
        with pytest.raises(CommandError, match="give an address that starts with https://"):
            endpoint("eu", wrong)
