"""Zoom's pages may have any number of rows: which groups of identical rows are then exact, and how many may be lost.

`python -m faults.test_varying_pages`, run in tests/, measures the figures in docs/verify.md.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest

from .world import World, days_ago

OLD, YESTERDAY = days_ago(6), days_ago(1)
PAGES = 8  # of a date
SHARE_OF_GROUPS = 0.3  # of the rows
TIES = ["newest", "shuffled"]


def history(seed: int, page_size: int, share: float, *, all_alike: bool = False, ties: str = "newest") -> World:
    """Return a world of pages that vary in length, after the runs that read it.

    On an old date, which is swept only because of START_DATE, and on yesterday each second has one row, or a group of
    identical rows. The largest group is that share of the shortest page; with `all_alike` all groups are as large.
    """
    dice = random.Random(seed)
    world = World(page_size=page_size, seed=seed, settings={"lookback_days": 1, "start_date": OLD})
    shortest = world.zoom.rules.fewest_rows = dice.randint(page_size // 2, page_size * 9 // 10)
    world.zoom.rules.ties = ties  # type: ignore[assignment]
    largest = max(2, int(share * shortest))
    smallest = largest if all_alike else 2
    for day in (OLD, YESTERDAY):
        moment, rows = datetime.combine(day, time(23, 50), UTC), 0
        while rows < PAGES * page_size:
            moment -= timedelta(seconds=dice.randint(1, 5))
            alone = dice.random() > SHARE_OF_GROUPS / (smallest + largest) * 2
            group = 1 if alone else dice.randint(smallest, largest)
            rows += group
            for _ in range(group):
                world.zoom.add({"time": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "operator": "same@example.com"})
    world.poll(2)
    world.poll(4, every=timedelta(hours=1))
    world.settle()
    return world


def assert_exact(seed: int, page_size: int, ties: str) -> None:
    world = history(seed, page_size, 1 / 3, ties=ties)
    world.assert_exact()
    assert world.results[-1]["owed"] == 0


def groups_on_varying_pages() -> None:
    for seed in range(4):
        assert_exact(seed, 20, "newest")


@pytest.mark.slow
@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("seed", [*range(12), 24])
def test_groups_up_to_a_third_of_the_shortest_page_are_exact(seed: int, ties: str) -> None:
    assert_exact(seed, 20, ties)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_they_are_on_long_pages(seed: int) -> None:
    assert_exact(seed, 300, "shuffled")


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize(("page_size", "seeds"), [(20, range(12, 130)), (300, range(3, 30))])
def test_they_are_in_many_more_histories(page_size: int, seeds: range, ties: str) -> None:
    for seed in seeds:
        assert_exact(seed, page_size, ties)


def measured(page_size: int, share: float, histories: int = 60) -> str:
    """Return in how many histories records were lost, and the lost share of identical ones."""
    identical, losses = 0, []
    for seed in range(histories):
        world = history(seed, page_size, share, all_alike=True)
        missing, repeated = world.difference()
        assert not repeated
        losses.append(missing.total())
        counts = Counter(row["time"] for row in world.zoom.records(OLD))
        identical += sum(count for count in counts.values() if count > 1)
    return f"{sum(map(bool, losses))} of {histories}, {sum(losses) / identical:.1%}"


if __name__ == "__main__":
    logging.getLogger("collector").addHandler(logging.NullHandler())
    for share, name in ((1 / 3, "a third"), (1 / 2, "half"), (1.0, "the whole")):
        print(f"| {name} | {measured(20, share)} | {measured(300, share)} |", flush=True)
