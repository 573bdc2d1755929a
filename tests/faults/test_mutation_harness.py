"""The mutation harness fails if a mutation proves nothing."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from standins.s3_memory import MemoryS3
from zoom_operationlogs.archive import Archive
from zoom_operationlogs.errors import CollectorError

from .mutations import (
    Function,
    HarnessError,
    Mutant,
    Mutation,
    NeverReachedError,
    NotApplicableError,
    NothingNoticedError,
    RunCrashedError,
    WrongPromiseError,
    prove,
)
from .world import PREFIX, STATE_KEY, Promise, World, days_ago


def two_runs() -> None:
    """The second run must learn from the archive what the first delivered."""
    world = World(page_size=10, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(0), 40, seed=1)
    world.run()
    world.s3.delete_versions(STATE_KEY)
    world.run()
    world.assert_exact()


def method(name: str, make: Any) -> Mutation:
    return lambda mutant: mutant.replace(MemoryS3, name, make)


def nothing_listed(_whole: Function) -> Function:
    return lambda self, *, Bucket, Prefix: iter([{"Name": Bucket, "Prefix": Prefix, "IsTruncated": False}])


def overwriting(whole: Function) -> Function:
    return lambda self, **request: whole(self, **{**request, "IfNoneMatch": None})


def blind(mutant: Mutant) -> None:
    """Ignore the archive, and overwrite objects: everything is delivered again."""
    mutant.replace(MemoryS3, "paginate", nothing_listed)
    mutant.replace(MemoryS3, "put_object", overwriting)


def no_op(mutant: Mutant) -> None:
    mutant.replace(MemoryS3, "paginate", lambda whole: lambda *args, **named: whole(*args, **named))


def crashes_inside(whole: Function) -> Function:
    def put(self: Any, **request: Any) -> Any:
        raise AssertionError("wrong arguments")

    return put


def refuses(whole: Function) -> Function:
    def put(self: Any, **request: Any) -> Any:
        raise CollectorError("A failure that the unchanged protocol does not have.")

    return put


def gone(mutant: Mutant) -> None:
    mutant.replace(Archive, "read_the_news", lambda whole: whole)


def another_signature(mutant: Mutant) -> None:
    mutant.replace(Archive, "read_new_objects", lambda whole: lambda self, day, since: whole(self, day, since))


def a_constant_of_another_type(mutant: Mutant) -> None:
    mutant.constant(MemoryS3, "bucket", 5, read_by=(MemoryS3, "paginate"))


def never_called(mutant: Mutant) -> None:
    blind(mutant)
    mutant.replace(MemoryS3, "list_objects_v2", lambda whole: lambda self, **request: whole(self, **request))


def test_it_names_the_broken_promise() -> None:
    assert prove(blind, two_runs, Promise.REPEATED).promise is Promise.REPEATED


@pytest.mark.parametrize(
    ("mutation", "promise", "error"),
    [
        pytest.param(no_op, Promise.REPEATED, NothingNoticedError, id="no-op"),
        pytest.param(method("put_object", crashes_inside), Promise.MISSING, RunCrashedError, id="crash"),
        pytest.param(method("put_object", refuses), Promise.MISSING, RunCrashedError, id="new failure"),
        pytest.param(gone, Promise.REPEATED, NotApplicableError, id="gone"),
        pytest.param(another_signature, Promise.REPEATED, NotApplicableError, id="another signature"),
        pytest.param(a_constant_of_another_type, Promise.REPEATED, NotApplicableError, id="another type"),
        pytest.param(never_called, Promise.REPEATED, NeverReachedError, id="never reached"),
        pytest.param(lambda _mutant: None, Promise.REPEATED, NeverReachedError, id="breaks nothing"),
        pytest.param(blind, Promise.MISSING, WrongPromiseError, id="wrong promise"),
    ],
)
def test_a_mutation_that_proves_nothing_fails(mutation: Mutation, promise: Promise, error: type[HarnessError]) -> None:
    with pytest.raises(error):
        prove(mutation, two_runs, promise)


def a_run_that_nobody_sees_fail() -> None:
    """The scenario hides how its run ended, so its finding looks like a broken promise."""
    world = World(page_size=10, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(0), 40, seed=1)
    with suppress(Exception):
        world.run()
    world.assert_exact()


def test_a_crash_fails_also_where_the_scenario_blames_a_promise() -> None:
    with pytest.raises(RunCrashedError, match="AssertionError"):
        prove(method("put_object", crashes_inside), a_run_that_nobody_sees_fail, Promise.MISSING)


def only_an_assertion() -> None:
    world = World(page_size=10, settings={"lookback_days": 1})
    world.zoom.add_day(days_ago(0), 5, seed=1)
    world.run()
    assert len(world.s3.keys(PREFIX)) == 1


def test_a_failed_assertion_that_names_no_promise_fails() -> None:
    def twice(put: Function) -> Function:
        def put_twice(self: Any, **request: Any) -> Any:
            if request["Key"].startswith(PREFIX):
                put(self, **{**request, "Key": request["Key"].replace("000001", "000002")})
            return put(self, **request)

        return put_twice

    with pytest.raises(RunCrashedError, match="names no promise"):
        prove(method("put_object", twice), only_an_assertion, Promise.REPEATED)


def test_a_scenario_that_fails_with_the_protocol_whole_proves_nothing() -> None:
    def fails() -> None:
        raise AssertionError("always")

    with pytest.raises(AssertionError, match="always"):
        prove(blind, fails, Promise.REPEATED)
