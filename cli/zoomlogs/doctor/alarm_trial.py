"""Tests the notification of an alarm: sets a member alarm to ALARM, follows the composite alarm, and resets it.

Only the composite alarm's history shows whether CloudWatch could publish to the topic: the topic's policy or the KMS
key of an encrypted topic can prevent it.
"""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ..aws import FAILURES, reason
from ..dates import some
from ..errors import CommandError
from ..policies import TRIED_ALARM
from .findings import Finding, NotCheckedError, fix, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .aws_facts import Entry
    from .facts import Facts

PATIENCE_SECONDS = 300
LOOK_EVERY_SECONDS = 5.0
SAYS = "zoomlogs doctor --test-alarm"
REACH = (
    "let the topic's policy grant sns:Publish, and the policy of its KMS key kms:Decrypt and kms:GenerateDataKey*, to"
    " cloudwatch.amazonaws.com (docs/operations.md, Notifications)"
)


def alarm_to_message(facts: Facts) -> Finding:
    """Set the member alarm, follow the composite alarm, and always reset it."""
    if not facts.deployment.outputs.get("monitoring"):
        raise NotCheckedError("monitoring is off, so there is no alarm to test")
    monitoring = facts.output("monitoring")
    member, composite = monitoring["alarms"][TRIED_ALARM], monitoring["composite_alarm_name"]
    alarms = facts.alarms([member, composite])
    told = {topic: facts.subscriptions(topic) for topic in monitoring["topic_arns"]}
    if wrong := obstacle(alarms, member, composite, told):
        return wrong
    known = set(facts.history(composite))
    facts.say(
        f"Setting {member} to ALARM; {composite} should follow within two minutes (waiting for"
        f" {PATIENCE_SECONDS // 60} minutes at most). The alarm is reset afterwards, also after Ctrl-C."
    )
    began = time.monotonic()
    with _raised(facts, member, alarms[member]["StateValue"]):
        news = _follow(lambda: [entry for entry in facts.history(composite) if entry not in known], told)
    return judged(news, member, composite, told, time.monotonic() - began)


def obstacle(
    alarms: Mapping[str, Mapping[str, Any]],
    member: str,
    composite: str,
    told: Mapping[str, Sequence[Mapping[str, str]]],
) -> Finding | None:
    """Return why a test would show nothing; None if it can start."""
    if missing := sorted({member, composite} - alarms.keys()):
        return fix(
            f"There is no alarm {' and no alarm '.join(missing)}: run `terraform apply`, which creates it again."
        )
    if raised := [name for name in (composite, member) if alarms[name]["StateValue"] == "ALARM"]:
        raise NotCheckedError(
            f"{raised[0]} is in ALARM already, so there is no further notification until it ends: docs/operations.md"
            " says what to do"
        )
    if not told:
        raise NotCheckedError("the alarms notify nobody (`monitoring.topic_arns = []`)")
    if not alarms[composite].get("ActionsEnabled", True):
        return fix(
            f"The actions of {composite} are disabled, so nobody is notified: run `terraform apply`, which enables them"
            f" (or run `aws cloudwatch enable-alarm-actions --alarm-names {composite}`)."
        )
    if missing := sorted(set(told) - set(alarms[composite].get("AlarmActions", []))):
        return fix(f"{composite} does not notify {' and '.join(missing)}: run `terraform apply`, which repairs it.")
    if not any(is_confirmed(each) for subscriptions in told.values() for each in subscriptions):
        return fix(
            "No subscription to the alarms' topic is confirmed, so nobody would get the notification: follow the link"
            ' in the email from AWS, or set `monitoring = { emails = ["…"] }` and apply; then try again.'
        )
    return None


def judged(
    news: Sequence[Entry], member: str, composite: str, told: Mapping[str, Sequence[Mapping[str, str]]], seconds: float
) -> Finding:
    """Judge the test by the composite alarm's history."""
    if not any(entry.is_alarm for entry in news):
        return fix(
            f"{member} was in ALARM, but {composite} did not follow within {seconds:.0f} seconds: compare its rule with"
            " `terraform plan`, and check that it has no actions suppressor (AWS console: CloudWatch > All alarms)."
        )
    actions = [entry.summary for entry in news if entry.kind == "Action"]
    if failed := [summary for summary in actions if not summary.startswith("Successfully")]:
        return fix(f"{composite} followed, but nobody was notified ({failed[0].rstrip('.')}): {REACH}.")
    if silent := [topic for topic in told if not any(topic in summary for summary in actions)]:
        return fix(
            f"{composite} followed, but its history shows no notification to {' and '.join(silent)} within"
            f" {seconds:.0f} seconds (AWS console: CloudWatch > All alarms > {composite} > History)."
        )
    who = [address(each) for subscriptions in told.values() for each in subscriptions if is_confirmed(each)]
    return ok(
        f"{composite} followed {member}, and CloudWatch published to {some(len(told), 'topic')}. Two messages, for"
        f" ALARM and OK, should now reach: {', '.join(who)}."
    )


def is_confirmed(subscription: Mapping[str, str]) -> bool:
    """Whether a subscription is confirmed: only then SNS gives it an ARN."""
    return subscription["SubscriptionArn"].startswith("arn:")


def address(subscription: Mapping[str, str]) -> str:
    """Return the endpoint of a subscription."""
    kind = subscription["Protocol"]
    return subscription["Endpoint"] if kind.startswith("email") else f"{kind} {subscription['Endpoint']}"


def _follow(look: Callable[[], Sequence[Entry]], topics: Mapping[str, Any]) -> Sequence[Entry]:
    """Wait until the history shows the alarm and a message to each topic, or time is up."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        news = look()
        followed = any(entry.is_alarm for entry in news)
        told = [entry for entry in news if entry.kind == "Action"]
        if (followed and len(told) >= len(topics)) or time.monotonic() >= end:
            return news
        time.sleep(LOOK_EVERY_SECONDS)


@contextmanager
def _raised(facts: Facts, alarm: str, before: str) -> Iterator[None]:
    """Keep an alarm in ALARM for the block, then reset it to the state `before`."""
    refused = False
    try:
        try:
            facts.set_alarm(alarm, "ALARM", f"A test by {SAYS}; it ends in a few minutes.")
        except ClientError:
            refused = True  # nothing to reset
            raise
        yield
    finally:
        if not refused:
            _put_back(facts, alarm, before)


def _put_back(facts: Facts, alarm: str, before: str) -> None:
    with _uninterrupted():
        try:
            facts.set_alarm(alarm, before, f"The test by {SAYS} is over.")
        except FAILURES as error:
            raise CommandError(
                f"{alarm} could not be reset ({reason(error)}): run `aws cloudwatch set-alarm-state --alarm-name"
                f" {alarm} --state-value {before} --state-reason over`. CloudWatch also resets it when it next"
                " evaluates the metric.",
                status=1,
            ) from error


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C in the block, if this is the main thread."""
    kept: Any = None
    with suppress(ValueError):
        kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        if kept is not None:
            signal.signal(signal.SIGINT, kept)
