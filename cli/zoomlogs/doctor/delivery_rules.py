"""Judges reader, feed, alarms, and what roles may do. Pure functions, facts to finding."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from zoom_operationlogs.dates import ONE_DAY

from ..dates import listed, some, span
from ..feed.feeds import enabled, meaning, problems, readers, title, uri_of
from .findings import APPLY, Finding, fix, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..feed.body import Body

LONGEST_UNREAD = ONE_DAY
LONGEST_WAIT = timedelta(hours=2)  # of a message in the feed's queue; a feed without one reads every 15 minutes


def rights(refused: Collection[str], who: str, role: str, kind: str = "Roles") -> Finding:
    """Judge a principal's rights by the actions that a simulation of its policies denied."""
    if refused:
        return fix(
            f"{who} may not {listed(refused)}: {APPLY}, or look for a boundary or a service control policy (SCP) that"
            f" denies it (AWS console: IAM > {kind} > {role} > Permissions)."
        )
    return ok(f"{who} has all the permissions it needs in its own policies.")


def alarms(states: Mapping[str, str], names: Mapping[str, str], composite: str, *, tells: bool = True) -> Finding:
    """Judge the alarms by their states; `tells` is whether the composite alarm notifies its topics.

    As in the composite alarm's rule, silence counts only if daily_limit has data, that is, Zoom has answered a run.
    """
    if missing := sorted({*names.values(), composite} - states.keys()):
        one = len(missing) == 1
        return fix(f"The alarm{'' if one else 's'} {listed(missing)} {'does' if one else 'do'} not exist: {APPLY}.")
    before_the_first_run = states.get(names.get("daily_limit", "")) == "INSUFFICIENT_DATA"
    excused = {composite, names.get("silence")} if before_the_first_run else {composite}
    raised = sorted(name for name, state in states.items() if state == "ALARM" and name not in excused)
    if raised or states.get(composite) == "ALARM":
        return fix(
            f"In ALARM: {listed(raised or [composite])}; docs/operations.md says what to do (AWS console: CloudWatch >"
            " All alarms)."
        )
    if not tells:
        return fix(
            f"The actions of {composite} are disabled or name no topic, so nobody is notified: {APPLY} (or run `aws"
            f" cloudwatch enable-alarm-actions --alarm-names {composite}`)."
        )
    blind = sorted(name for name, state in states.items() if state == "INSUFFICIENT_DATA")
    if blind:
        return unknown(f"No alarm is in ALARM, but there is not enough data yet for {listed(blind)}.")
    return ok(f"None of the {len(states)} alarms is in ALARM.")


def subscribers(topics: Mapping[str, Mapping[str, str] | None], made_here: str | None) -> Finding:
    """Judge the alarms' topics by their attributes (None: there is no topic); `made_here` is the module's topic."""
    if not topics:
        return ok("The alarms notify nobody (`monitoring.topic_arns = []`).")
    for topic, attributes in topics.items():
        if attributes is None:
            how = APPLY if topic == made_here else "create it, or set another in `monitoring.topic_arns`"
            return fix(f"The topic {topic} does not exist, so it notifies nobody: {how}.")
        if int(attributes["SubscriptionsConfirmed"]):
            continue
        console = f"AWS console: Amazon SNS > Topics > {topic.rpartition(':')[2]}"
        if int(attributes["SubscriptionsPending"]):
            return fix(
                f"No subscription to {topic} is confirmed: follow the link in the email from AWS, or request it again"
                f" ({console} > Subscriptions > Request confirmation)."
            )
        emails = 'set `monitoring = { emails = ["…"] }` and apply, or ' if topic == made_here else ""
        return fix(
            f"The topic {topic} has no subscription, so its alarms notify nobody: {emails}create a subscription"
            f" ({console} > Create subscription)."
        )
    count = sum(int(attributes["SubscriptionsConfirmed"]) for attributes in topics.values() if attributes)
    return ok(f"The alarms notify {some(count, 'confirmed subscription')}.")


def reader_user(keys: Mapping[str, str], last_used: datetime | None, now: datetime, user: str) -> Finding:
    """Judge the reader by its access keys (id → Active or Inactive) and their last use."""
    console = f"AWS console: IAM > Users > {user} > Security credentials"
    if not keys:
        return fix(
            f"The user {user} has no access key, so SecOps cannot read: create one with `zoomlogs reader-key create`"
            f" and send it to the feed with `zoomlogs feed apply`, or use the consoles ({console}, and SecOps: SIEM"
            " Settings > Feeds)."
        )
    if "Active" not in keys.values():
        return fix(f"No access key of {user} is active, so SecOps cannot read: activate the feed's key ({console}).")
    return _last_read(last_used, now, f"the access key of {user}")


def reader_role(last_used: datetime | None, now: datetime, role: str) -> Finding:
    """Judge the reader by its role's last use, which AWS reports some hours late."""
    return _last_read(last_used, now, f"the role {role}")


def _last_read(last_used: datetime | None, now: datetime, what: str) -> Finding:
    place = "in SecOps under SIEM Settings > Feeds"
    if last_used is None:
        return fix(
            f"SecOps has not read yet: {what} has never been used; create the feed, or look at its state, {place}."
        )
    if now - last_used > LONGEST_UNREAD:
        return fix(
            f"SecOps has stopped reading: {what} was last used {span(now - last_used)} ago; look at the feed {place}."
        )
    return ok(f"SecOps reads: {what} was last used {span(now - last_used)} ago.")


def feed(wanted: Body, feeds: Sequence[Body]) -> Finding:
    """Judge the tenant's feeds by the one that the module describes."""
    if wrong := problems(wanted, feeds):
        return fix(" ".join(wrong))
    [active] = filter(enabled, readers(uri_of(wanted), feeds))
    return ok(f"The feed {title(active)}: {meaning(active)}.")


def feed_queue(queue: str | None, ages: Sequence[float]) -> Finding:
    """Judge the feed's queue, None without one, by the age in seconds of its oldest message over time."""
    if queue is None:
        return ok("The feed has no queue: it lists the bucket.")
    if not ages:
        return unknown(
            f"CloudWatch has no message age for {queue}, because the queue was not used for some hours: see the check"
            " feed."
        )
    if ages[-1] > LONGEST_WAIT.total_seconds():
        return fix(
            f"The oldest message in {queue} has waited for {span(timedelta(seconds=ages[-1]))}, so the feed does"
            " not read: look at it in SecOps under SIEM Settings > Feeds, or with `zoomlogs feed status`."
        )
    return ok(f"The feed reads its messages: the oldest in {queue} has waited for {span(timedelta(seconds=ages[-1]))}.")
