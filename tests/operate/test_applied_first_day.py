"""docs/first-day.md on the applied module: each command, and the output on the page."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import commands
import pytest
from standins.secops import SecOps
from zoomlogs.doctor.checks import CHECKS

from .conftest import Place

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "first-day.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?ms)^```(sh|text)\n(.*?)^```$")
TODAY = date(2026, 11, 24)  # on the page


@dataclass(frozen=True)
class Step:
    """Command lines of the page, and the output that it shows for the last of them, or ""."""

    lines: list[str]
    answer: str = ""


def steps() -> list[Step]:
    found: list[Step] = []
    for language, text in BLOCK.findall(PAGE):
        if language == "sh":
            found.append(Step(text.splitlines()))
        else:
            found[-1] = Step(found[-1].lines, text)
    return found


def plain(text: str) -> str:
    """Normalise an output: names, numbers and line breaks do not count."""
    text = text.replace("your-zoom-operation-logs", "zoom-operation-logs")
    text = re.sub(r"[0-9]\s+(?:second|minute|hour|day)s?\b", "0 time", text)
    text = re.sub(r"[0-9]\s+(record|object|page|run)s?\b", r"0 \1", text)
    text = re.sub(r"\s+", "", text)
    text = re.sub(r"\([0-9a-f-]{2,}\)", "(id)", text)
    return re.sub(r"[0-9][0-9,.:]*", "0", text)


def today(found: re.Match[str]) -> str:
    return str(datetime.now(UTC).date() + (date.fromisoformat(found[0]) - TODAY))


@pytest.fixture
def secops(tmp_path: Path) -> Iterator[SecOps]:
    with SecOps() as tenant:
        tenant.service_account(tmp_path)
        yield tenant


def prepare(place: Place, folder: Path) -> None:
    """Prepare a first day: no key yet, a confirmed address, credentials in a file, records to collect."""
    place.forget_readers_key()
    account = place.world.zoom.account
    credentials = {"account_id": account.id, "client_id": account.client_id, "client_secret": account.client_secret}
    (folder / "zoom.json").write_text(json.dumps(credentials))
    [topic] = place.deployment.outputs["monitoring"]["topic_arns"]
    sns = place.aws.client("sns")
    for each in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        if each["SubscriptionArn"].startswith("arn:"):
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="soc@example.com")
    sns.confirm_subscription(TopicArn=topic, Token="soc@example.com")
    place.world.zoom.add_day(datetime.now(UTC).date(), 40, seed=2411)


def test_every_step_of_the_page_works(place: Place, secops: SecOps, tmp_path: Path) -> None:
    prepare(place, tmp_path)
    environ = {
        **place.aws.env(commands.neutral()),
        **secops.env(),
        "ZOOMLOGS_OUTPUTS": str(place.outputs),
        "ZOOMLOGS_SECOPS_SERVICE_ACCOUNT": str(tmp_path / "service-account.json"),
    }
    played, answer = [], ""
    with place.aws.authorising():
        for step in steps():
            for line in step.lines:
                played.append(line)
                if line == "terraform plan -detailed-exitcode":
                    assert not place.world.terraform.plan(place.world.variables).actions
                    continue
                name, *words = shlex.split(re.sub(r"\d{4}-\d\d-\d\d", today, line))
                assert name == "zoomlogs"
                ran = commands.zoomlogs(*words, environ=environ, folder=tmp_path)
                assert ran.status == 0, (line, ran)
                answer = ran.out
                if line.startswith("zoomlogs feed apply"):  # half an hour later, after a scheduled run
                    place.run_by_schedule()
                    [feed] = secops.feeds
                    secops.change(feed, state="SUCCEEDED", lastFeedInitiationTime="2026-11-24T10:15:00Z")
            rest = plain(answer)
            for part in filter(None, step.answer.split("…\n")):
                before, shown, rest = rest.partition(plain(part))
                assert shown, f"{step.lines[-1]} does not say\n{part}\nbut\n{answer}"
                assert "✗" not in before
                assert "?" not in before
    assert len(played) == len(set(played)) == 12
    assert f"{len(CHECKS)} of {len(CHECKS)} checks" in PAGE
    assert sum(line.startswith("zoomlogs doctor") for line in played) == 4


def test_every_trial_is_on_the_page() -> None:
    lines = {line for step in steps() for line in step.lines}
    assert {f"zoomlogs doctor --{option}" for option in ("probe", "test-alarm", "as-reader")} <= lines
