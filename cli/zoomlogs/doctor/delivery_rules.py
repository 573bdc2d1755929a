"""Judges what comes after the bucket: the reader, the feed, the alarms; and what roles may do.

Pure functions, from facts to a finding.
"""

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
LONGEST_WAIT = timedelta(hours=2)  # of a message in the feed's queue; a feed without one looks every 15 minutes


def rights(refused: Collection[str], who: str, role: str, kind: str = "Roles") -> Finding:
    """Judge a principal's rights by the actions that a simulation of its policies refused."""
    if refused:
        return fix(
            f"{who} may not {listed(refused)}: {APPLY}, or look for a boundary or a service control policy (SCP) that"
            f" forbids it (AWS console: IAM > {kind} > {role} > Permissions)."
        )
    return ok(f"{who} may do all that it has to, by its own policies.")


def alarms(states: Mapping[str, str], names: Mapping[str, str], composite: str, *, tells: bool = True) -> Finding:
    """Judge the alarms by their states; `names` are their names by what they watch; the composite one `tells`.

    As in the rule of the composite alarm, silence counts only once daily_limit has data: Zoom has answered a run then.
    """
    if missing := sorted({*names.values(), composite} - states.keys()):
        one = len(missing) == 1
        return fix(f"The alarm{'' if one else 's'} {listed(missing)} {'is' if one else 'are'} gone: {APPLY}.")
    before_the_first_run = states.get(names.get("daily_limit", "")) == "INSUFFICIENT_DATA"
    excused = {composite, names.get("silence")} if before_the_first_run else {composite}
    raised = sorted(name for name, state in states.items() if state == "ALARM" and name not in excused)
    if raised or states.get(composite) == "ALARM":
        return fix(
            f"In alarm: {listed(raised or [composite])}; docs/operations.md says what to do (AWS console: CloudWatch >"
            " All alarms)."
        )
    if not tells:
        return fix(
            f"The actions of {composite} are disabled or lead to no topic, so that it tells nobody: {APPLY} (`aws"
            f" cloudwatch enable-alarm-actions --alarm-names {composite}` enables them, too)."
        )
    blind = sorted(name for name, state in states.items() if state == "INSUFFICIENT_DATA")
    if blind:
        return unknown(f"No alarm is raised, but too few data have come yet for {listed(blind)}.")
    return ok(f"All {len(states)} alarms are quiet.")


def subscribers(topics: Mapping[str, Mapping[str, str] | None], made_here: str | None) -> Finding:
    """Judge whom the alarms tell, by each topic's attributes (None: it is gone); `made_here` is the module's own."""
    if not topics:
        return ok("The alarms tell nobody, as `monitoring.topic_arns = []` has it.")
    for topic, attributes in topics.items():
        if attributes is None:
            how = APPLY if topic == made_here else "make it, or give another in `monitoring.topic_arns`"
            return fix(f"The topic {topic} is gone, so that no alarm reaches anybody by it: {how}.")
        if int(attributes["SubscriptionsConfirmed"]):
            continue
        console = f"AWS console: Amazon SNS > Topics > {topic.rpartition(':')[2]}"
        if int(attributes["SubscriptionsPending"]):
            return fix(
                f"Nobody has confirmed a subscription to {topic}: follow the link in the mail from AWS, or have it sent"
                f" again ({console} > Subscriptions > Request confirmation)."
            )
        emails = 'set `monitoring = { emails = ["…"] }` and apply, or ' if topic == made_here else ""
        return fix(
            f"Nobody is subscribed to {topic}, so that no alarm reaches anybody: {emails}subscribe somebody ({console}"
            " > Create subscription)."
        )
    count = sum(int(attributes["SubscriptionsConfirmed"]) for attributes in topics.values() if attributes)
    return ok(f"The alarms reach {some(count, 'subscription')} that somebody confirmed.")


def reader_user(keys: Mapping[str, str], last_used: datetime | None, now: datetime, user: str) -> Finding:
    """Judge the reader by its access keys (id → Active or Inactive) and when one of them was last used."""
    console = f"AWS console: IAM > Users > {user} > Security credentials"
    if not keys:
        return fix(
            f"The user {user} has no access key, so SecOps cannot read: make one by `zoomlogs reader-key create` and"
            f" give it to the feed by `zoomlogs feed apply`, or in the consoles ({console}, and SecOps: SIEM Settings >"
            " Feeds)."
        )
    if "Active" not in keys.values():
        return fix(f"No access key of {user} is active, so SecOps cannot read: activate the feed's key ({console}).")
    return _last_read(last_used, now, f"the access key of {user}")


def reader_role(last_used: datetime | None, now: datetime, role: str) -> Finding:
    """Judge the reader by when its role was last used; AWS tells it some hours late."""
    return _last_read(last_used, now, f"the role {role}")


def _last_read(last_used: datetime | None, now: datetime, what: str) -> Finding:
    place = "in SecOps under SIEM Settings > Feeds"
    if last_used is None:
        return fix(f"SecOps has not read yet: nobody has used {what}; make the feed, or look at its state, {place}.")
    if now - last_used > LONGEST_UNREAD:
        return fix(
            f"SecOps no longer reads: {what} was last used {span(now - last_used)} ago; look at the feed {place}."
        )
    return ok(f"SecOps reads: {what} was last used {span(now - last_used)} ago.")


def feed(wanted: Body, feeds: Sequence[Body]) -> Finding:
    """Judge all the feeds of SecOps by the one that is wanted."""
    if wrong := [*problems(wanted, feeds)]:
        return fix(" ".join(wrong))
    [active] = filter(enabled, readers(uri_of(wanted), feeds))
    return ok(f"The feed {title(active)}: {meaning(active)}.")


def feed_queue(queue: str | None, ages: Sequence[float]) -> Finding:
    """Judge the feed's queue, None where it has none, by the age in seconds of its oldest message over time."""
    if queue is None:
        return ok("The feed has no queue: it lists the bucket.")
    if not ages:
        return unknown(
            f"CloudWatch has no age of the messages in {queue}, because nobody has used the queue for some hours: see"
            " what is said of the feed."
        )
    if ages[-1] > LONGEST_WAIT.total_seconds():
        return fix(
            f"The oldest message in {queue} has waited for {span(timedelta(seconds=ages[-1]))}, so the feed takes none:"
            " look at it in SecOps under SIEM Settings > Feeds, or with `zoomlogs feed status`."
        )
    return ok(f"The feed takes its messages: the oldest in {queue} has waited for {span(timedelta(seconds=ages[-1]))}.")
