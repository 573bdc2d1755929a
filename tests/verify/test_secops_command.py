"""`zoomlogs verify --secops` as an operator runs it: a key file, a tenant over HTTP, an archive on the stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import commands
import pytest
from faults.world import PREFIX, STATE_KEY
from secops.world import feed
from standins.aws import AwsStandIn
from standins.secops import SecOps
from zoomlogs.verify.command import main as verify
from zoomlogs.verify.secops import SecopsOptions

from .place import Place, back, now_world, placed

pytestmark = pytest.mark.slow

OPTIONS = ("PROJECT", "REGION", "CUSTOMER_ID", "SERVICE_ACCOUNT")
DAYS, RECORDS = 2, 75  # a date: the published samples, and a few made ones


@dataclass
class Read:
    """The place, and a tenant whose feed has read its bucket."""

    place: Place
    secops: SecOps
    environ: dict[str, str]

    def verify(self, *arguments: object, status: int, **environ: str) -> commands.Ran:
        aws = self.place.aws.env(commands.neutral())
        outputs = {"ZOOMLOGS_OUTPUTS": str(self.place.outputs), "COLUMNS": "80"}
        ran = commands.zoomlogs("verify", *arguments, environ={**aws, **outputs, **self.environ, **environ})
        assert ran.status == status, ran
        return ran


@pytest.fixture(scope="module")
def place(aws: AwsStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with placed(aws, tmp_path_factory.mktemp("place"), now_world(RECORDS, DAYS)) as made:
        document = json.loads(made.outputs.read_text())
        body = feed(labels={"team": "soc"})
        body["details"]["amazonS3V2Settings"]["s3Uri"] = f"s3://{made.world.s3.bucket}/{PREFIX}"
        document["zoom_operation_logs"]["value"]["secops_feed"] = {"body": body, "form": [], "instance": None}
        made.outputs.write_text(json.dumps(document))
        made.store(None)
        made.fill()
        yield made


@pytest.fixture
def read(place: Place, tmp_path: Path) -> Iterator[Read]:
    place.fill()
    with SecOps() as secops:
        document = json.loads(place.outputs.read_text())
        secops.add(document["zoom_operation_logs"]["value"]["secops_feed"]["body"])
        secops.transfer(place.world.s3.bucket, place.world.s3.ever_written(PREFIX), after=timedelta())
        key = secops.service_account(tmp_path)
        yield Read(place, secops, {**secops.env(), "ZOOMLOGS_SECOPS_SERVICE_ACCOUNT": key})


def test_all_is_in_secops_and_a_double_is_not_hidden(read: Read, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    ran = read.verify("--secops", "--html", page, status=0)
    assert "In SecOps: each of 150 records, once.\n" in ran.out
    assert 'metadata.log_type = "ZOOM_OPERATION_LOGS" AND metadata.ingestion_labels["team"] = "soc"' in (
        " ".join(ran.out.split())
    )
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "are they all in Google SecOps?" in page.read_text("utf-8")
    read.secops.events.double(read.secops.events.logs[80].record)
    told = json.loads(read.verify("--secops", "--json", status=1).out)
    assert told["secops"]["totals"]["doubled"] == 1
    assert told["equal"] is False
    assert [day["state"] for day in told["days"]] == ["equal"] * 3
    for secret in ("PRIVATE KEY", *read.secops.tokens):
        assert secret not in ran.out + ran.err + page.read_text("utf-8") + json.dumps(told)


def test_after_a_repair_secops_is_asked_again_about_its_dates(
    read: Read, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**read.place.aws.env(commands.neutral()), **read.environ}.items():
        monkeypatch.setenv(name, value)
    read.place.change(2, lambda records: records[1:])  # after the feed has read it
    # The events of the other date took five hours, so that each may take ten.
    started = datetime.now(UTC)
    read.secops.events.clock = lambda: started + timedelta(hours=6)
    for log in read.secops.events.logs:
        if log.at.date() == back(1):
            log.ingested = started + timedelta(hours=5)
    read.place.aws.client("s3").delete_object(Bucket=read.place.bucket, Key=STATE_KEY)  # it takes that for delivered
    first = json.loads(read.verify("--secops", "--json", status=1).out)
    assert [(day["missing"], day["secops"]["in_secops"]) for day in first["days"]][-2:] == [(1, 74), (0, 75)]
    asked = len(read.secops.calls)

    def mend(_event: Any) -> dict[str, int]:
        read.place.change(2, lambda records: records)
        return {"written": 1, "owed": 0}

    tenant = (read.environ[f"ZOOMLOGS_SECOPS_{name}"] for name in OPTIONS)
    at = read.place.deployment
    status = verify(at, as_json=True, repair=True, secops=SecopsOptions(*tenant), invoke=mend)
    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert [(day["missing"], day["secops"]["in_secops"]) for day in told["days"]][-2:] == [(0, 75), (0, 75)]
    hours = [each["secops"]["missing_after_seconds"] / 3600 for each in (first, told)]
    assert hours == pytest.approx([10, 10], abs=0.1), "the second look, at the other date alone, waits as long"
    assert told["secops"]["totals"] == {"in_secops": 150, "missing": 0, "doubled": 0, "not_yet": 0, "others": 0}
    assert sum("udmSearch" in call.path for call in read.secops.calls[asked:]) == len(told["days"]) + 1


def test_an_accepted_repeat_of_the_archive_is_none_in_secops(read: Read, tmp_path: Path) -> None:
    repeated = read.place.world.zoom.records(back(2), back(2))[5]
    read.place.change(2, lambda records: [*records, repeated])
    read.secops.events.double(repeated)  # as the feed reads it
    before = json.loads(read.verify("--secops", "--json", status=1).out)
    [found] = before["differences"]
    assert (found["kind"], before["secops"]["differences"]) == ("repeated", [])
    entry = {"date": found["date"], "fingerprint": found["fingerprint"], "reason": "Two runs by hand."}
    accept, page = tmp_path / "accepted.json", tmp_path / "page.html"
    accept.write_text(json.dumps([entry]))
    ran = read.verify("--secops", "--accept", accept, status=0)
    assert "1 repeat accepted by --accept." in " ".join(ran.out.split())
    assert "In SecOps: each of 151 records, once.\n" in ran.out
    read.secops.events.double(repeated)
    told = json.loads(read.verify("--secops", "--accept", accept, "--html", page, "--json", status=1).out)
    assert f'<td class="day different"><a href="#d{back(2)}"' in page.read_text("utf-8")
    assert (told["totals"]["accepted"], told["secops"]["totals"]["doubled"]) == (1, 1)


def test_without_the_option_google_is_not_asked(read: Read) -> None:
    told = json.loads(read.verify("--json", status=0, ZOOMLOGS_SECOPS_SERVICE_ACCOUNT="/nowhere").out)
    assert "secops" not in told and "secops" not in told["days"][0]
    assert read.secops.calls == []


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"ZOOMLOGS_SECOPS_SERVICE_ACCOUNT": "/nowhere.json"}, "/nowhere.json cannot be read: No such file or"),
        ({"ZOOMLOGS_SECOPS_PROJECT": ""}, "Which SecOps tenant? Give --project (or set ZOOMLOGS_SECOPS_PROJECT)"),
        ({"ZOOMLOGS_SECOPS_ENDPOINT": "http://example.com"}, "give an address that starts with https://"),
    ],
)
def test_what_must_be_changed_first_is_said_before_zoom_is_asked(
    read: Read, environ: dict[str, str], sentence: str
) -> None:
    asked = len(read.place.world.zoom.calls)
    ran = read.verify("--secops", status=2, **environ)
    assert sentence in ran.err and ran.err.count("\n") == 1
    assert len(read.place.world.zoom.calls) == asked


def test_a_missing_role_leaves_what_zoom_and_the_archive_say(read: Read) -> None:
    read.secops.denied.add("events.udmSearch")
    ran = read.verify("--secops", status=1)
    text = " ".join(ran.out.split())
    assert "Equal: each of Zoom's 150 records is in the archive, once." in text
    assert "give them roles/chronicle.viewer, which has chronicle.events.udmSearch," in text
    assert text.endswith("SecOps could not be checked.")


def test_an_older_module_without_the_output_is_refused(read: Read, tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads(read.place.outputs.read_text())
    del document["zoom_operation_logs"]["value"]["secops_feed"]
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps(document))
    ran = read.verify("--secops", status=2, ZOOMLOGS_OUTPUTS=str(outputs))
    assert ran.err == "The outputs have no secops_feed: update the module and apply it.\n"
