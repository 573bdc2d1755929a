"""The dashboard: readable at a glance, without overlaps, from fields that the log really has."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from bench.cost import QUERIES
from standins.zoom import faults
from zoom_operationlogs.metrics import RunOutcome

from .conftest import Planned
from .operations import log_fields
from .recorder import FUNCTION, POLL, START, STATE_KEY, Collected, collected

pytestmark = pytest.mark.slow

COLUMNS = 24
UNITS = ("runs", "records", "objects", "calls", "hours", "dates", "invocations", "incidents", "rows")
# Logs Insights' own, and those of Lambda's report of a run (Lambda Developer Guide, "Log message format").
OF_AWS = {"@timestamp", "type", "record.status"}
FUNCTIONS = {"bin", "coalesce", "concat", "ispresent", "max", "min", "strcontains", "sum"}
WORDS = {"SOURCE", "and", "as", "by", "desc", "fields", "filter", "in", "limit", "or", "sort", "stats", "1h"}


@pytest.fixture(scope="module")
def logged() -> dict[str, set[str]]:
    """Return the fields that the collector really logs: in its lines "run ended", and in all lines."""
    found: dict[str, set[str]] = {"ended": set(), "all": set()}
    with collected() as world:

        def note(world: Collected) -> None:
            found["ended"] |= world.ended.keys()
            found["all"] |= {name for line in world.logged for name in line}

        world.zoom.add_day(START.date(), 20, seed=1)
        world.run({"action": "reconcile"})
        note(world)
        world.s3.delete(STATE_KEY)
        world.run()
        note(world)
        world.zoom.faults.rule = lambda _request: faults.server_error(503)
        world.run()
        note(world)
        world.zoom.faults.clear()
        world.zoom.spend_calls(30_000)
        world.run()
        note(world)
    return found


def widgets(planned: Planned, *types: str) -> list[dict[str, Any]]:
    return [widget for widget in planned.dashboard["widgets"] if not types or widget["type"] in types]


def queries(planned: Planned) -> list[str]:
    return [widget["properties"]["query"] for widget in widgets(planned, "log")]


def named_in(query: str) -> set[str]:
    """Return the fields in a Logs Insights query, without keywords, functions, strings, numbers and aliases."""
    bare = re.sub(r"""'[^']*'|"[^"]*\"""", "", query)
    own = set(re.findall(r"\bas (\w+)", bare))
    functions = set(re.findall(r"\b(\w+)\(", bare))
    assert functions <= FUNCTIONS
    return set(re.findall(r"[@a-zA-Z][\w.]*|\b1h\b", bare)) - own - functions - WORDS


def test_every_query_uses_fields_that_the_log_has(planned: Planned, logged: dict[str, set[str]]) -> None:
    assert len(queries(planned)) == QUERIES, "the bill in docs/bench.md counts them"
    for query in queries(planned):
        of_runs = 'message = "run ended" and ispresent(outcome)' in query
        unknown = named_in(query) - OF_AWS - logged["ended" if of_runs else "all"]
        assert unknown == set(), query


def test_every_query_uses_the_functions_log_group_and_closes_its_strings(planned: Planned) -> None:
    for query in queries(planned):
        source, _, commands = query.partition(" | ")
        assert source == f"SOURCE '/aws/lambda/{FUNCTION}'"
        bare = re.sub(r'"[^"]*"', "", commands)
        assert "'" not in bare + commands
        assert '"' not in bare
        assert all(re.match(r"(fields|filter|stats|sort|limit) ", command) for command in bare.split(" | ")), bare


def test_a_field_that_the_log_lacks_is_found(planned: Planned, logged: dict[str, set[str]]) -> None:
    for query in queries(planned):
        for field in named_in(query) - OF_AWS:
            misspelt = re.sub(rf"\b{field}\b(?!\")", f"{field}_", query)
            assert named_in(misspelt) - OF_AWS - logged["all"], (query, field)


def test_the_outcomes_in_the_queries_exist(planned: Planned) -> None:
    looked_for = {
        text for query in queries(planned) for text in re.findall(r'strcontains\(outcome, "([^"]+)"\)', query)
    }
    assert len(looked_for) == 3
    for text in looked_for:
        assert len([outcome for outcome in RunOutcome if text in outcome.value]) == 1, text


def test_the_page_lists_the_fields(logged: dict[str, set[str]]) -> None:
    of_powertools = {"level", "location", "message", "timestamp", "service", "correlation_id", "boto3"}
    said = set(log_fields())
    assert logged["ended"] - of_powertools <= said
    assert said - logged["ended"] == {"waiting_for"}


def test_no_widget_overlaps_or_exceeds_the_grid(planned: Planned) -> None:
    cells = [
        (x, y)
        for widget in widgets(planned)
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < COLUMNS
    assert min(x for x, _ in cells) == min(y for _, y in cells) == 0


def test_single_values_are_at_the_top(planned: Planned) -> None:
    views = [(widget["y"], widget["properties"].get("view")) for widget in widgets(planned)]
    last_value = max(y for y, view in views if view == "singleValue")
    assert last_value < min(y for y, view in views if view in ("timeSeries", "table"))
    assert len(json.dumps(planned.dashboard)) < 30_000


def test_every_widget_has_a_title_and_units(planned: Planned) -> None:
    titles = [widget["properties"]["title"] for widget in widgets(planned, "metric", "log", "alarm")]
    assert len(set(titles)) == len(titles)
    for widget in widgets(planned, "metric"):
        shown = widget["properties"]
        axes = {"right" if line[-1].get("yAxis") == "right" else "left" for line in shown["metrics"]}
        if shown["view"] == "timeSeries":
            assert shown["yAxis"].keys() == axes
            assert all(axis["label"] and axis["showUnits"] is False for axis in shown["yAxis"].values())
        assert all(line[-1]["label"] for line in shown["metrics"])
    for widget in widgets(planned, "log"):
        if widget["properties"]["view"] == "timeSeries":
            assert any(unit in widget["properties"]["title"].lower() for unit in UNITS), widget["properties"]["title"]


def test_metrics_of_different_magnitude_have_separate_axes(planned: Planned) -> None:
    """Used and remaining calls, objects and records, lateness and age: on one axis the smaller would be a flat line."""
    apart = [
        ("zoom_calls", "zoom_calls_left"),
        ("objects", "written"),
        ("late_seconds", "newest_record_seconds"),
    ]
    charts = [
        named_in(one["properties"]["query"]) for one in widgets(planned, "log") if "stats" in one["properties"]["query"]
    ]
    for one, other in apart:
        assert any(one in chart for chart in charts)
        assert any(other in chart for chart in charts)
        assert not any({one, other} <= chart for chart in charts), (one, other)
    [duration] = [one["properties"] for one in widgets(planned, "metric") if "Duration" in one["properties"]["title"]]
    assert {mark["yAxis"] for mark in duration["annotations"]["horizontal"]} == {"right"}
    assert [line[-1].get("yAxis", "left") for line in duration["metrics"]] == ["left", "right"]


def test_it_shows_every_alarm_and_the_threshold_of_the_duration(planned: Planned) -> None:
    [alarms] = [widget["properties"]["alarms"] for widget in widgets(planned, "alarm")]
    names = {arn.rpartition(":")[2] for arn in alarms}
    assert names == {alarm.name for alarm in planned.alarms.values()} | {planned.composite[0]}
    marks = {
        mark["value"]
        for widget in widgets(planned, "metric")
        for mark in widget["properties"].get("annotations", {}).get("horizontal", [])
    }
    assert marks == {planned.alarms["duration"].threshold, 300_000}


def test_every_alarm_links_to_the_runbook(plans: dict[str, Planned]) -> None:
    by_name, by_address = plans[""], plans["in a window"]
    [text] = [widget["properties"]["markdown"] for widget in widgets(by_name, "text")]
    assert "**docs/operations.md**" in text
    [text] = [widget["properties"]["markdown"] for widget in widgets(by_address, "text")]
    assert "](https://example.com/operations.md)" in text
    for concern, said in by_name.descriptions.items():
        hyphened = concern.replace("_", "-")
        if concern == "not_healthy":
            assert said.endswith("Runbook: docs/operations.md of the module")
        else:
            assert said.endswith(f"Runbook: docs/operations.md of the module, FUNCTION-{hyphened}.")
            assert by_address.descriptions[concern].endswith(
                f"Runbook: https://example.com/operations.md#function-{hyphened}"
            )
        assert len(said) <= 1024
    assert by_address.descriptions["not_healthy"].endswith("Runbook: https://example.com/operations.md")


def test_the_last_failure_is_found_by_its_query(planned: Planned) -> None:
    """The message of a failed run is in its last line, that of an incident in a separate line."""
    [query] = [query for query in queries(planned) if "coalesce" in query]
    assert "ispresent(failure) or ispresent(incident)" in query
    with collected() as world:
        world.zoom.add_day(START.date(), 20, seed=1)
        world.every(POLL, POLL)
        assert not [line for line in world.logged if "failure" in line or "incident" in line]
        world.s3.delete(STATE_KEY)
        world.zoom.faults.rule = lambda request: faults.server_error(503) if request.endpoint == "report" else None
        world.every(POLL, timedelta(minutes=15))
        found = [
            line.get("failure") or line["message"] for line in world.logged if "failure" in line or "incident" in line
        ]
        assert found == [world.incidents["checkpoint rebuilt"], str(world.failure)]
