"""Each fitting feature accepts the default plan, and refuses it when one of its rules is broken.

test_features.py tests the same for every set of options and every scenario.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .mutations import MUTATIONS, Plan
from .plans import FEATURES
from .verdicts import SCENARIOS, Case, Verdict, judged

pytestmark = pytest.mark.slow

BROKEN_BY = {
    "alarms": "an_alarm_is_muted",
    "alarms_silence": "there_is_no_silence_alarm",
    "alarms_key": "budgets_use_the_topics_key",
    "alarms_topic": "the_topic_has_snss_own_key",
    "bucket": "records_can_be_overwritten",
    "collector": "the_collector_deletes",
    "least_privilege": "a_policy_allows_actions_by_a_wildcard",
    "no_access_key": "terraform_creates_an_access_key",
    "public_access": "a_function_has_a_url",
    "reader": "The reader reads objects only in one folder",
    "secret": "the_collector_changes_the_secret",
    "secrets": "the_environment_has_a_secret_under_another_name",
    "versioning": "versioning_is_off",
}
"""A mutation for each feature file of the default plan."""


@pytest.fixture(scope="module")
def verdicts(plan_of: Callable[[str], Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    plan = plan_of("default")
    mutations = [one for one in MUTATIONS if one.name in BROKEN_BY.values()]
    cases = [Case("as planned", "default", plan), *(Case(one.name, "default", one.of(plan)) for one in mutations)]
    return judged(cases, tmp_path_factory.mktemp("plans"))


def test_every_fitting_scenario_accepts_the_default_plan(verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts["as planned"]
    assert verdict.accepted, verdict.output
    assert verdict.judged_by == {one.sentence for one in SCENARIOS if one.feature in FEATURES["default"]}


@pytest.mark.parametrize("feature", FEATURES["default"])
def test_each_feature_refuses_a_plan_that_breaks_it(feature: str, verdicts: dict[str, Verdict]) -> None:
    [mutation] = [one for one in MUTATIONS if one.name == BROKEN_BY[feature]]
    verdict = verdicts[mutation.name]
    assert not verdict.accepted
    assert verdict.refused_by == set(mutation.refused_by), verdict.output
    assert {one.feature for one in SCENARIOS if one.sentence in verdict.refused_by} == {feature}
