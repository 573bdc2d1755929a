"""Expected warnings of an example's plan: an example cannot know whom the alarms should notify."""

from __future__ import annotations

from collections.abc import Iterable

NO_SUBSCRIBER = "Check block assertion failed: Nobody is subscribed to the SNS topic of the alarms"


def surprising(warnings: Iterable[str]) -> list[str]:
    """List the other warnings."""
    return [one for one in warnings if not one.startswith(NO_SUBSCRIBER)]
