"""Ways to intercept the network calls of runs: observe each, kill a run at one, or interleave several runs."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .world import CrashedError, Killed, World


@contextmanager
def at_each_call(world: World, before: Callable[[], None], after: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Call `before` ahead of every call to Zoom and S3, and `after` when it was done."""
    handle = world.zoom.handle

    def seen(*request: object) -> object:
        before()
        answer = handle(*request)  # type: ignore[arg-type]
        after()
        return answer

    world.zoom.handle = seen  # type: ignore[method-assign,assignment]
    world.s3.before, world.s3.after = lambda *_: before(), lambda *_: after()
    try:
        yield
    finally:
        del world.zoom.handle
        world.s3.before = world.s3.after = None


class Killer:
    """Kills at the n-th call, before it is made or after it was done."""

    def __init__(self, at: int, *, after: bool = False) -> None:
        self.calls, self._at, self._after = 0, at, after

    def before(self) -> None:
        self.calls += 1
        # After a refused call, kill at the next one.
        if self.calls == self._at + self._after:
            raise Killed

    def after(self) -> None:
        if self.calls == self._at and self._after:
            raise Killed


@contextmanager
def killed(world: World, at: int, *, after: bool = False) -> Iterator[Killer]:
    """Kill the runs of the block at their `at`-th call."""
    killer = Killer(at, after=after)
    with at_each_call(world, killer.before, killer.after):
        yield killer


def overlap(world: World, runs: list[Callable[[], object]], seed: int) -> list[BaseException | None]:
    """Interleave the runs: at each network call, chance decides which one continues. Return how each ended.

    Only one runs at any moment, so a seed always gives the same history.
    """
    dice, condition = random.Random(seed), threading.Condition()
    alive = list(range(len(runs)))
    turn = dice.choice(alive)
    number = threading.local()
    ends: list[BaseException | None] = [None] * len(runs)

    def pass_on() -> None:
        nonlocal turn
        if alive:
            turn = dice.choice(alive)
        condition.notify_all()

    def take_turns() -> None:
        with condition:
            pass_on()
            condition.wait_for(lambda: turn == number.mine, timeout=600)

    def work(mine: int) -> None:
        number.mine = mine
        with condition:
            condition.wait_for(lambda: turn == mine, timeout=600)
        try:
            runs[mine]()
        except BaseException as end:
            ends[mine] = end
        with condition:
            alive.remove(mine)
            pass_on()

    with at_each_call(world, take_turns):
        threads = [threading.Thread(target=work, args=(n,)) for n in range(len(runs))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return ends


def assert_ended_well(*ends: BaseException | None) -> None:
    """Raise `CrashedError` if a run of `overlap` ended with an exception."""
    for end in ends:
        if end is not None:
            raise CrashedError(f"a run ended with {end!r}") from end
