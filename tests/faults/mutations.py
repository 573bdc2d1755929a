"""Breaks a rule of the protocol on purpose, and requires that a scenario notices: the harness and its seams.

A mutation proves something only if it applies to the code of today, is reached, makes no run crash, and breaks the
promise that it names. Anything else is a `HarnessError`, never a pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cache, partial, wraps
from inspect import Parameter, signature
from typing import Any

import pytest
from standins.s3_memory import MemoryS3
from zoom_operationlogs import checkpoint_store
from zoom_operationlogs.checkpoint import Checkpoint
from zoom_operationlogs.settings import Settings
from zoom_operationlogs.zoom import Zoom

from .world import Promise, PromiseBrokenError, World

Scenario = Callable[[], None]
Function = Callable[..., Any]
POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


class HarnessError(Exception):
    """The mutation proves nothing."""


class NotApplicableError(HarnessError):
    """The mutated code is gone, or has another signature."""


class NeverReachedError(HarnessError):
    """The scenario never reaches the broken code."""


class NothingNoticedError(HarnessError):
    """The scenario passes with the rule broken."""


class RunCrashedError(HarnessError):
    """A run, or the scenario, ended with an exception that names no promise."""


class WrongPromiseError(HarnessError):
    """The broken promise is not the one that the mutation names."""


class Mutant:
    """Replaces code with broken code, and counts how often it is reached."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.reached: dict[str, int] = {}

    def replace(self, owner: Any, name: str, make: Callable[[Function], Function]) -> None:
        """Replace a function, method or class method with `make(whole)`, which must take the same arguments."""
        what = f"{owner.__name__}.{name}"
        found = vars(owner).get(name)
        whole = found.__func__ if isinstance(found, classmethod) else found
        if not callable(whole):
            raise NotApplicableError(f"there is no {what}")
        broken = make(whole)
        if not takes_the_same(whole, broken):
            raise NotApplicableError(f"{what} takes {signature(whole)}, and its mutation {signature(broken)}")
        self.reached[what] = 0

        @wraps(whole)
        def counted(*args: Any, **named: Any) -> Any:
            self.reached[what] += 1
            return broken(*args, **named)

        self._patch.setattr(owner, name, classmethod(counted) if isinstance(found, classmethod) else counted)

    def constant(self, owner: Any, name: str, value: Any, *, read_by: tuple[Any, str]) -> None:
        """Change a constant to another value of its type; reaching the function that reads it counts as reaching it."""
        if type(vars(owner).get(name)) is not type(value):
            raise NotApplicableError(f"there is no {owner.__name__}.{name} of type {type(value).__name__}")
        self._patch.setattr(owner, name, value)
        self.replace(*read_by, lambda whole: lambda *args, **named: whole(*args, **named))


Mutation = Callable[[Mutant], None]


def takes_the_same(whole: Function, broken: Function) -> bool:
    """Return whether the broken function takes the same arguments as the original."""
    theirs, ours = signature(whole).parameters.values(), signature(broken).parameters.values()
    any_position = any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in ours)
    any_name = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in ours)
    if any_position and any_name:
        return True
    positions = [[p.name for p in side if p.kind in POSITIONAL] for side in (theirs, ours)]
    names = [{p.name for p in side if p.kind is Parameter.KEYWORD_ONLY} for side in (theirs, ours)]
    return positions[0] == positions[1] and (names[0] == names[1] or (any_name and names[1] <= names[0]))


@contextmanager
def observed() -> Iterator[set[type[BaseException]]]:
    """Yield the types of exceptions with which the block's runs end."""
    ends: set[type[BaseException]] = set()
    run = World.run

    def noted(self: World, *args: Any, **meddling: Any) -> dict[str, Any]:
        try:
            return run(self, *args, **meddling)
        except BaseException as end:
            ends.add(type(end))
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(World, "run", noted)
        yield ends


@cache
def ends_of_the_whole(scenario: Scenario) -> frozenset[type[BaseException]]:
    """Run the scenario once without a mutation: it must pass. Return how its runs end."""
    with observed() as ends:
        scenario()
    return frozenset(ends)


def prove(
    mutation: Mutation, scenario: Scenario, promise: Promise, mutant_of: type[Mutant] = Mutant
) -> PromiseBrokenError:
    """Return how the scenario notices the mutation; raise `HarnessError` unless exactly that promise is broken."""
    ordinary = ends_of_the_whole(scenario)
    failure: BaseException | None = None
    with pytest.MonkeyPatch.context() as patch, observed() as ends:
        mutant = mutant_of(patch)
        mutation(mutant)
        try:
            scenario()
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            failure = error
    if not mutant.reached or not all(mutant.reached.values()):
        raise NeverReachedError(f"how often each was called: {mutant.reached}") from failure
    if crashes := ends - ordinary:
        raise RunCrashedError(f"with the rule broken, runs end with {crashes}") from failure
    if failure is None:
        raise NothingNoticedError("the scenario passes with the rule broken")
    if not isinstance(failure, PromiseBrokenError):
        raise RunCrashedError(f"the scenario ends with {failure!r}, which names no promise") from failure
    if failure.promise is not promise:
        raise WrongPromiseError(f"expected {promise.name}, but {failure}") from failure
    return failure


# The seams: where mutations apply. Each is one place to change when the collector's structure changes.


def pages(mutant: Mutant, broken: Function) -> None:
    """Use `broken(ask, first, last, page_size, token)` where the collector requests a page from Zoom."""

    def make(whole: Function) -> Function:
        def page(self: Any, first: Any, last: Any, page_size: int, token: str = "") -> Any:
            return broken(partial(whole, self), first, last, page_size, token)

        return page

    mutant.replace(Zoom, "page", make)


def puts(mutant: Mutant, broken: Function) -> None:
    """Use `broken(put, request)` where the collector writes an object."""
    mutant.replace(MemoryS3, "put_object", lambda whole: lambda self, **request: broken(partial(whole, self), request))


def gets(mutant: Mutant, broken: Function) -> None:
    """Use `broken(get, request, s3)` where the collector reads an object."""
    mutant.replace(
        MemoryS3, "get_object", lambda whole: lambda self, **request: broken(partial(whole, self), request, self)
    )


def listings(mutant: Mutant, shows: Callable[[MemoryS3, str, Mapping[str, Any]], bool]) -> None:
    """List only the versions of which `shows(s3, prefix, version)` is true."""

    def make(whole: Function) -> Function:
        def paginate(self: MemoryS3, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
            for page in whole(self, Bucket=Bucket, Prefix=Prefix):
                yield {**page, "Versions": [found for found in page.get("Versions", []) if shows(self, Prefix, found)]}

        return paginate

    mutant.replace(MemoryS3, "paginate", make)


def stored(mutant: Mutant, change: Callable[[Checkpoint], Checkpoint]) -> None:
    """Change each checkpoint that is saved."""

    def make(whole: Function) -> Function:
        def encode(checkpoint: Checkpoint) -> bytes:
            return bytes(whole(change(checkpoint)))

        return encode

    mutant.replace(checkpoint_store, "encode", make)


def recalled(mutant: Mutant, change: Callable[[Checkpoint], Checkpoint]) -> None:
    """Change each checkpoint that is loaded."""
    mutant.replace(checkpoint_store, "decode", lambda whole: lambda body: change(whole(body)))


def merged(mutant: Mutant, broken: Callable[[Function, Checkpoint, Checkpoint], Checkpoint]) -> None:
    """Use `broken(merge, mine, theirs)` where two checkpoints are merged."""

    def make(whole: Function) -> Function:
        def merge(mine: Checkpoint, theirs: Checkpoint, swept: Any, ended: Any = ()) -> Checkpoint:
            return broken(lambda mine, theirs: whole(mine, theirs, swept, ended), mine, theirs)

        return merge

    mutant.replace(checkpoint_store, "merge", make)


def settings(mutant: Mutant, **changed: Any) -> None:
    """Run with other settings than those from Terraform."""
    if unknown := changed.keys() - {field.name for field in fields(Settings)}:
        raise NotApplicableError(f"there are no settings {unknown}")

    def make(whole: Function) -> Function:
        def post_init(self: Settings) -> None:
            vars(self).update(changed)
            whole(self)

        return post_init

    mutant.replace(Settings, "__post_init__", make)
