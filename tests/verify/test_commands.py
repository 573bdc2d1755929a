"""`zoomlogs verify` and `status` as an operator runs them: on the stand-ins, with the rights they need and no more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import commands
import pytest
from aws_cli import carry_out
from faults.world import PREFIX, STATE_KEY
from standins.aws import AwsStandIn, Keys
from standins.zoom import faults
from zoomlogs.deleted import removing_command
from zoomlogs.policies import of_repair, of_status, of_verify
from zoomlogs.verify import command as verify_command

from .place import Place, back, now_world, placed

pytestmark = pytest.mark.slow

DAYS = 7
NOT_ASKED = "No backfill was asked for: no date lacks a record that one would write and that is not owed already."


@pytest.fixture(scope="module")
def built(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with placed(aws, tmp_path_factory.mktemp("place"), now_world(120, DAYS)) as place:
        yield place


@pytest.fixture
def place(built: Place) -> Iterator[Place]:
    """The place, its archive complete, its secret right, Zoom well."""
    built.store(None)
    built.fill()
    yield built
    built.world.zoom.faults.clear()


def test_a_complete_archive(place: Place) -> None:
    out = place.zoomlogs("verify")
    assert out.endswith("Equal: each of Zoom's 840 records is in the archive, once.\n")
    assert out.count("✓") == DAYS
    assert place.said == ""
    assert json.loads(place.zoomlogs("verify", "--json"))["equal"] is True


def test_one_record_lost_and_one_doubled(place: Place, tmp_path: Path) -> None:
    place.change(6, lambda records: records[1:])
    place.change(2, lambda records: [*records, records[5]])
    page = tmp_path / "page.html"
    told = json.loads(place.zoomlogs("verify", "--json", "--html", page, status=1))
    assert {day["date"]: (day["missing"], day["repeated"]) for day in told["days"] if day["state"] != "equal"} == {
        str(back(6)): (1, 0),
        str(back(2)): (0, 1),
    }
    assert [(each["kind"], each["date"]) for each in told["differences"]] == [
        ("missing", str(back(6))),
        ("repeated", str(back(2))),
    ]
    assert place.said == f"The page is in {page}.\n"
    assert "Different on 2 dates: 1 missing and 1 repeated." in page.read_text("utf-8")
    for secret in ("stand-in-secret", "stand-in-client"):
        assert secret not in page.read_text("utf-8") + json.dumps(told)
    for columns in (80, 120):
        out = place.zoomlogs("verify", status=1, columns=columns)
        assert max(map(len, out.split("\n"))) <= columns
        assert "Different on 2 dates: 1 missing and 1 repeated." in out


def outputs_with(place: Place, name: str, change: Any) -> Path:
    """Write other outputs beside the place's own."""
    module = json.loads(place.outputs.read_text())
    change(module["zoom_operation_logs"]["value"])
    other = place.outputs.with_name(name)
    other.write_text(json.dumps(module))
    return other


def test_a_deleted_archive_is_red_until_the_markers_are_removed_as_it_says(
    place: Place, tmp_path: Path, environ: Any
) -> None:
    """Every object deleted, as an administrator could before there was a bucket policy."""
    here = boto3.Session(region_name=place.aws.region)
    s3 = place.aws.client("s3")
    for key in place.world.s3.keys(PREFIX):
        s3.delete_object(Bucket=place.bucket, Key=key)
    assert s3.list_objects_v2(Bucket=place.bucket, Prefix=PREFIX)["KeyCount"] == 0
    page = tmp_path / "page.html"
    out = " ".join(place.zoomlogs("verify", "--html", page, columns=200, status=1).split())
    assert "Different on 7 dates: 840 in deleted objects." in out
    assert '<th scope="col">deleted</th>' in page.read_text("utf-8")
    told = json.loads(place.zoomlogs("verify", "--json", status=1))
    assert (told["totals"]["in_archive"], told["totals"]["missing"], told["totals"]["deleted"]) == (0, 0, 840)
    # The advice, carried out: each note has the command that lists the markers of its date.
    for day in told["days"]:
        [listing] = re.findall(r"`(aws s3api list-object-versions .*?)`", day["note"])
        for row in carry_out(here, listing):
            key, version = row
            carry_out(here, removing_command(place.bucket, key, version))
    assert json.loads(place.zoomlogs("verify", "--json"))["equal"] is True


def test_what_a_feed_that_deletes_has_deleted_counts(place: Place) -> None:
    s3 = place.aws.client("s3")
    for key in place.world.s3.keys(PREFIX):
        s3.delete_object(Bucket=place.bucket, Key=key)
    deletes = outputs_with(
        place, "deletes.json", lambda module: module["function"]["environment"].update({"FEED_DELETES": "true"})
    )
    place.zoomlogs("verify", "--outputs", deletes)


def test_repair_verifies_a_second_time_and_ends_by_that(
    place: Place, tmp_path: Path, environ: Any, capsys: Any
) -> None:
    place.change(6, lambda records: records[1:])
    page, asked = tmp_path / "page.html", []

    def mend(event: Any) -> dict[str, int]:
        asked.append(event)
        place.change(6, lambda records: records)
        return {"written": 1, "owed": 0}

    at = place.deployment
    assert verify_command.main(at, repair=True, html=page, invoke=mend) == 0
    captured = capsys.readouterr()
    assert asked == [{"action": "backfill", "from": str(back(6)), "to": str(back(6))}]
    assert "Different on 1 date: 1 missing." in captured.out
    assert captured.out.endswith("Equal: each of Zoom's 840 records is in the archive, once.\n")
    assert f"Looking a second time at {back(6)} …" in captured.err
    assert "Equal: each of Zoom" in page.read_text("utf-8")

    place.change(6, lambda records: records[1:])
    assert verify_command.main(at, repair=True, as_json=True, invoke=lambda _event: {"written": 0, "owed": 0}) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["totals"]["missing"], told["totals_before_repair"]["missing"]) == (1, 1)


def test_an_accepted_repeat_is_shown_and_no_fault(place: Place, tmp_path: Path) -> None:
    place.change(2, lambda records: [*records, records[5]])
    [found] = json.loads(place.zoomlogs("verify", "--json", status=1))["differences"]
    file, page = tmp_path / "accepted.json", tmp_path / "page.html"
    entry = {"date": found["date"], "fingerprint": found["fingerprint"], "reason": "Two runs, ticket <7>."}
    file.write_text(json.dumps([entry]))
    out = place.zoomlogs("verify", "--accept", file, "--html", page)
    assert "1 repeat accepted by --accept." in " ".join(out.split())
    assert "Two runs, ticket &lt;7&gt;." in page.read_text("utf-8")
    assert place.said == f"The page is in {page}.\n"
    others = [
        {**entry, "fingerprint": "0" * 32},
        {**entry, "date": "2020-01-31"},
        {**entry, "fingerprint": "1" * 32, "until": "2026-01-01"},
        entry,
    ]
    file.write_text(json.dumps(others))
    place.zoomlogs("verify", "--accept", file)
    said = place.said.splitlines()
    assert [line.partition(": ")[0].split(", ")[-1] for line in said] == [
        "but no such record is repeated there",
        "which Zoom no longer keeps",
        "which is over",
    ]
    file.write_text(json.dumps([{**entry, "until": "2026-01-01"}]))
    place.zoomlogs("verify", "--accept", file, status=1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no", "is not JSON: write ["),
        ("{}", "is not a list: write ["),
        ('[{"date": "2026-03-01", "reason": "x"}]', "entry 1 lacks date, fingerprint or reason"),
        ('[{"date": "2026-03-01", "fingerprint": "AB", "reason": "x"}]', "32 hexadecimal digits"),
        (f'[{{"date": "x", "fingerprint": "{"a" * 32}", "reason": "x"}}]', "date is not a date"),
        (f'[{{"date": null, "fingerprint": "{"a" * 32}", "reason": "x"}}]', "date is null"),
        (f'[{{"date": "2026-03-01", "fingerprint": "{"a" * 32}", "reason": " "}}]', "has no reason"),
        (f'[{{"date": "2026-03-01", "fingerprint": "{"a" * 32}", "reason": "x", "count": 0}}]', "1 or more"),
        (
            f'[{{"date": "2026-03-01", "fingerprint": "{"a" * 32}", "reason": "x", "why": 1}}]',
            "unknown field why",
        ),
        (
            (
                f'[{{"date": "2026-03-01", "fingerprint": "{"a" * 32}", "reason": "x"}},'
                f' {{"date": "2026-03-01", "fingerprint": "{"a" * 32}", "reason": "y"}}]'
            ),
            "twice: give one entry with a count",
        ),
    ],
)
def test_a_file_of_accepted_repeats_that_is_wrong_is_refused_before_zoom_is_asked(
    place: Place, tmp_path: Path, text: str, sentence: str
) -> None:
    file = tmp_path / "accepted.json"
    file.write_text(text)
    calls = len(place.world.zoom.calls)
    assert place.zoomlogs("verify", "--accept", file, status=2) == ""
    assert sentence in place.said and place.said.count("\n") == 1
    assert len(place.world.zoom.calls) == calls


@pytest.fixture
def environ(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign this process in at the stand-in."""
    for name, value in place.aws.env(commands.neutral()).items():
        if name.startswith("AWS_") or name.lower() == "no_proxy":
            monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "x"], "--from is 'x': give a calendar date written as YYYY-MM-DD, such as 2026-01-31."),
        (["--from", str(back(2)), "--to", str(back(3))], "give the earlier date as --from."),
        (["--to", str(back(-2))], "is in the future: give "),
        (["--from", str(back(200))], "is older than Zoom keeps its records: give "),
        (
            ["--html", "/no/such/folder/page.html"],
            "is in no existing folder: create /no/such/folder, or",
        ),
        (["--html", "/"], "--html / is a folder: give the name of a file."),
        (["--html", "/dev/null"], "--html /dev/null is not an ordinary file: give another."),
        (["--html", "x" * 300], " cannot be written: File name too long."),
        (["--outputs", "nowhere.json"], "nowhere.json cannot be read: No such file or directory."),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(place: Place, arguments: list[str], sentence: str) -> None:
    calls = len(place.world.zoom.calls)
    assert place.zoomlogs("verify", *arguments, status=2) == ""
    assert sentence in place.said and place.said.count("\n") == 1
    assert len(place.world.zoom.calls) == calls


def test_a_page_whose_folder_goes_while_zoom_is_asked_costs_only_the_page(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    for as_json in ([], ["--json"]):
        folder.mkdir()
        place.world.zoom.on_page = lambda _page: folder.exists() and folder.rmdir()
        out = place.zoomlogs("verify", *as_json, "--html", folder / "page.html", status=1)
        place.world.zoom.on_page = None
        assert json.loads(out)["equal"] if as_json else "Equal: each of Zoom's 840 records" in out
        assert place.said == f"{folder / 'page.html'} could not be written: No such file or directory.\n"


def test_a_refused_verification_leaves_no_file(place: Place, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("an older page")
    place.world.zoom.faults.next(faults.answer(403, {"code": 200, "message": "No permission."}))
    place.zoomlogs("verify", "--html", page, status=1)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("page.html", "an older page")]


@pytest.mark.parametrize(
    ("secret", "sentence"),
    [
        ("TOPSECRET", "is not JSON: store"),
        ({"account_id": "TOPSECRET", "client_id": "x"}, "lacks client_secret: store"),
        (
            {"account_id": "stand-in-account", "client_id": "stand-in-client", "client_secret": "TOPSECRET"},
            "Zoom does not know this client id and client secret: copy both again",
        ),
    ],
)
def test_a_wrong_secret_is_a_sentence_without_its_value(place: Place, secret: object, sentence: str) -> None:
    place.store(secret)
    assert place.zoomlogs("verify", status=1) == ""
    assert sentence in place.said and place.said.count("\n") == 1
    assert "TOPSECRET" not in place.said


def test_an_empty_secret(place: Place) -> None:
    secrets = place.aws.client("secretsmanager")
    module = json.loads(place.outputs.read_text())
    module["zoom_operation_logs"]["value"]["secret"]["arn"] = secrets.create_secret(Name="empty")["ARN"]
    other = place.outputs.with_name("empty.json")
    other.write_text(json.dumps(module))
    place.zoomlogs("verify", "--outputs", other, status=1)
    assert "is still empty: store {" in place.said and place.said.count("\n") == 1


def test_zoom_refuses_on_the_way(place: Place) -> None:
    # The dates asked for before: yesterday, its two neighbours, and one more for the date before it.
    place.world.zoom.faults.at(5, faults.answer(403, {"code": 200, "message": "No permission."}))
    told = json.loads(place.zoomlogs("verify", "--json", status=1))
    assert told["unchecked"] == [str(back(days)) for days in range(DAYS, 2, -1)]
    assert (told["equal"], told["totals"]["in_zoom"]) == (False, 240)
    assert place.said.startswith("The Zoom user who owns the app may not see the report")
    assert place.said.endswith(f"Unchecked: {back(7)} to {back(3)}.\n") and place.said.count("\n") == 1


def test_status(place: Place) -> None:
    for columns in (80, 120):
        out = place.zoomlogs("status", columns=columns)
        assert max(map(len, out.split("\n"))) <= columns
        assert "Newest record" in out and "Nothing." in out
    told = json.loads(place.zoomlogs("status", "--json"))
    assert (told["owed"], told["settled"][0]) == ([], str(back(DAYS)))
    place.aws.client("s3").put_object(Bucket=place.bucket, Key=STATE_KEY, Body=b"damaged")
    place.zoomlogs("status", status=1)
    assert place.said.endswith(" is damaged: the next run rebuilds it, and no record is lost.\n")
    place.aws.client("s3").delete_object(Bucket=place.bucket, Key=STATE_KEY)
    told = json.loads(place.zoomlogs("status", "--json", status=1))  # what can be shown is shown
    assert told["last_run"]["outcome"] == "ok" and told["checkpoint"].startswith("There is no checkpoint at ")
    assert place.said.startswith("There is no checkpoint at ") and place.said.count("\n") == 1
    assert "Last run" in place.zoomlogs("status", status=1)


def test_status_without_a_line_in_the_log_is_no_success(place: Place) -> None:
    for name, words in (("/nowhere", "cannot be read: "), ("/silent", "has no run in the last 14 days.")):
        other = outputs_with(place, "silent.json", lambda module, name=name: module["log_group"].update({"name": name}))
        place.zoomlogs("status", "--outputs", other, status=1)
        assert words in place.said and place.said.count("\n") == 1
        if name == "/nowhere":
            place.aws.client("logs").create_log_group(logGroupName="/silent")


def test_verify_without_a_checkpoint(place: Place) -> None:
    place.aws.client("s3").delete_object(Bucket=place.bucket, Key=STATE_KEY)
    place.zoomlogs("verify")
    assert place.said.startswith("There is no checkpoint at ") and place.said.count("\n") == 1


# --- rights ----------------------------------------------------------------------------------------------------------


class Operator:
    """An AWS user with a policy that can be set."""

    def __init__(self, place: Place) -> None:
        self._iam = place.aws.client("iam")
        self._iam.create_user(UserName="operator")
        made = self._iam.create_access_key(UserName="operator")["AccessKey"]
        self.keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])

    def may(self, *allowed: dict[str, Any]) -> None:
        document = {"Version": "2012-10-17", "Statement": list(allowed)}
        self._iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=json.dumps(document))


@pytest.fixture(scope="module")
def operator(built: Place) -> Operator:
    return Operator(built)


def without_one(needed: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each action, and the statements without it."""
    for statement in needed:
        [action] = statement["Action"]
        yield action, [other for other in needed if other is not statement]


def test_status_needs_each_of_its_rights(place: Place, operator: Operator) -> None:
    needed = of_status(place.deployment)
    for there, action in ((True, "s3:GetObject"), (False, "s3:ListBucket")):
        if not there:
            place.aws.client("s3").delete_object(Bucket=place.bucket, Key=STATE_KEY)
        operator.may(*needed)
        with place.aws.authorising():
            place.zoomlogs("status", status=0 if there else 1, keys=operator.keys)
        assert place.said == "" if there else place.said.startswith("There is no checkpoint")
        operator.may(*dict(without_one(needed))[action])
        with place.aws.authorising():
            place.zoomlogs("status", status=1, keys=operator.keys)
        assert place.said.count("\n") == 1 and "AccessDenied" in place.said, action


def test_verify_needs_each_of_its_rights(place: Place, operator: Operator) -> None:
    needed = of_verify(place.deployment)
    operator.may(*needed)
    with place.aws.authorising():
        place.zoomlogs("verify", keys=operator.keys)
    assert place.said == ""
    for action, left in without_one(needed):
        if action == "s3:ListBucket":
            continue  # told by status
        operator.may(*left)
        with place.aws.authorising():
            assert place.zoomlogs("verify", status=1, keys=operator.keys) == ""
        assert place.said.count("\n") == 1 and "AccessDenied" in place.said, action


def test_repair_works_with_its_right_and_without_it_says_so(place: Place, operator: Operator) -> None:
    place.change(6, lambda records: records[1:])
    needed = of_repair(place.deployment)
    operator.may(*of_verify(place.deployment))
    with place.aws.authorising():
        told = json.loads(place.zoomlogs("verify", "--repair", "--json", status=1, keys=operator.keys))
    [asked] = told["repair"]
    assert (asked["from"], asked["to"], asked["result"]) == (str(back(6)), str(back(6)), None)
    assert "AccessDenied" in asked["error"] and "could not be invoked" in asked["error"]
    assert place.said == f"Asking the collector to read {back(6)} again …\n{asked['error']}\n"
    operator.may(*needed)
    with place.aws.authorising():
        told = json.loads(place.zoomlogs("verify", "--repair", "--json", status=1, keys=operator.keys))
    # The stand-in has no function here; tests/operate invokes a real one with the same right.
    assert "There is no function zoom_operationlogs_to_s3" in told["repair"][0]["error"]


def test_repair_of_repeats_asks_for_nothing(place: Place) -> None:
    place.change(2, lambda records: [*records, records[5]])
    out = " ".join(place.zoomlogs("verify", "--repair", status=1).split())
    assert NOT_ASKED in out
    assert f"The repeats on {back(2)} cannot be repaired: objects are written once" in out


def test_repair_of_records_held_as_delivered_asks_for_nothing_and_says_what_helps(place: Place) -> None:
    place.change(1, lambda records: records[1:])
    out = " ".join(place.zoomlogs("verify", "--repair", status=1).split())
    assert NOT_ASKED in out
    assert (
        f"A backfill does not write the records of {back(1)} that the checkpoint holds as delivered: delete the"
        ' checkpoint first, as "Replaying a day" in docs/operations.md says.'
    ) in out
