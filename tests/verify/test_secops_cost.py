"""Six months of 1,000 records a day fit into five minutes with SecOps: fewer dates, counted and scaled."""

from __future__ import annotations

import time
from typing import Any

import pytest
from zoomlogs.verify.page import page

from .test_secops import Both
from .world import days_ago

RECORDS, DAYS, SIX_MONTHS = 1_000, 12, 180
PAGE_SIZE = 300
HALF = 150.0  # seconds of the processor, of five minutes: the other half is for Google and Zoom to answer
AN_EVENT = 1_600  # bytes; the stand-in's have about 800


@pytest.mark.slow
def test_six_months_fit_into_five_minutes() -> None:
    both = Both(records=RECORDS, days=DAYS, page_size=PAGE_SIZE, settings={"start_date": days_ago(DAYS)})
    answered: list[int] = []

    def weigh(response: Any, *_: Any, **__: Any) -> None:
        answered.append(len(response.content))

    both.tenant.session._http.hooks["response"].append(weigh)
    pages, reads = both.world.report_calls(), both.world.s3.calls["get_object"]
    began = time.process_time()
    result = both.verify(*(days_ago(ago) for ago in range(DAYS, 0, -1)))
    shown = page(result)
    took = time.process_time() - began

    assert result.equal
    assert sum(day.secops.in_secops for day in result.days if day.secops) > 0.97 * RECORDS * DAYS
    assert len(both.tenant.secops.calls) == len(answered) == DAYS, "a query a date; the tenant's limit is 2,000 an hour"
    assert sum(answered) < AN_EVENT * RECORDS * DAYS, "each event once"
    assert both.world.report_calls() - pages <= DAYS * -(-RECORDS // PAGE_SIZE) + 3, "each page once"
    assert both.world.s3.calls["get_object"] - reads <= DAYS + 1, "each object once"
    assert took * SIX_MONTHS / DAYS < HALF
    assert len(shown) * SIX_MONTHS / DAYS < 1_000_000
