"""The checkpoint names its owner: two collectors in one bucket, or one with a changed prefix or account."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from standins.zoom import Account, Zoom
from zoom_operationlogs.errors import CredentialsRejectedError, OtherAccountError, ZoomRefusedError
from zoom_operationlogs.event import Request
from zoom_operationlogs.settings import Credentials

from .test_state import deleted, week_world
from .world import STATE_KEY, Promise, World, assert_none, days_ago, hold, multiset

ANOTHER = "zoom/another/"
OTHER_ACCOUNT = Account(id="another-account", client_id="another-client", client_secret="another-secret")


def of_another_account(world: World) -> World:
    """Return the collector of another account, with a changed prefix and an unchanged `STATE_KEY`."""
    other = world.beside(OTHER_ACCOUNT, prefix=ANOTHER, state_key=STATE_KEY)
    for ago in range(-3, 9):
        other.zoom.add_day(days_ago(ago), 35, seed=ago + 400)
    return other


def settle(*worlds: World) -> None:
    """Run the schedule of each, past the whole reconcile of the next day."""
    clock = worlds[0].clock
    for minutes in (15, 15, 24 * 60, 15, 15):
        clock.advance(minutes * 60)
        for world in worlds:
            world.run()
    for world in worlds:
        world.assert_exact()


def is_refused(world: World) -> bool:
    try:
        world.run()
    except OtherAccountError as error:
        return "another Zoom account: set STATE_KEY" in str(error)
    return False


def another_accounts_checkpoint(start_date: date | None = None) -> None:
    """The second of two accounts has its own prefix, but not its own STATE_KEY."""
    first = week_world(start_date=start_date)
    first.poll(3)
    stored, objects = first.s3.body(STATE_KEY), len(first.s3.ever_written())
    second = of_another_account(first)
    hold(Promise.SILENT, is_refused(second), "the checkpoint of another account is overwritten, and nothing says so")
    assert (first.s3.body(STATE_KEY), len(first.s3.ever_written())) == (stored, objects)
    del second.settings["state_key"]  # as the message says: it follows the prefix
    for _ in range(3):
        first.poll()
        second.run()
    settle(first, second)


@pytest.mark.parametrize("start_date", [None, days_ago(8)])
def test_another_accounts_checkpoint_is_refused(start_date: date | None) -> None:
    another_accounts_checkpoint(start_date)


def test_the_account_was_replaced_and_the_checkpoint_deleted() -> None:
    """The message's other advice."""
    first = week_world()
    first.poll(3)
    second = of_another_account(first)
    with pytest.raises(OtherAccountError):
        second.run()
    deleted(second)
    settle(second)
    with pytest.raises(OtherAccountError):
        first.run()


def another_prefix(start_date: date | None = None) -> None:
    """S3_PREFIX was changed, and STATE_KEY kept: the whole window is written under the new prefix."""
    world = week_world(start_date=start_date)
    world.poll(3)
    settle(world)
    moved = world.beside(prefix=ANOTHER, state_key=STATE_KEY)
    moved.run()
    moved.assert_exact()
    deleted(moved)
    settle(moved)


@pytest.mark.parametrize("start_date", [None, days_ago(6)])
def test_another_prefix_starts_anew_and_says_so(start_date: date | None, caplog: pytest.LogCaptureFixture) -> None:
    another_prefix(start_date)
    warned = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert any("under zoom/operationlogs/" in line and "STATE_KEY" in line for line in warned), warned


def test_two_prefixes_that_share_a_checkpoint_cost_only_reads() -> None:
    """Each ignores the other's."""
    first = week_world()
    second = first.beside(prefix=ANOTHER, state_key=STATE_KEY)
    for _ in range(6):
        first.poll()
        first.clock.advance(300)
        second.run()
    settle(first, second)


def a_mistyped_account(rejected: str = "account") -> None:
    """The first runs had an account ID that Zoom does not know: the right one must not be refused afterwards."""
    world = week_world()
    account = world.zoom.account
    mistyped = Account(id="mistyped") if rejected == "account" else Account(id="mistyped", client_id="mistyped")
    world.zoom.account = mistyped  # the collector has its credentials; Zoom knows only the other account
    for _ in range(3):
        with suppress(ZoomRefusedError):
            world.run()
        world.clock.advance(60)
    assert not world.archive()
    world.zoom.account = account
    hold(Promise.MISSING, not is_refused(world), "the account is refused because another one was mistyped")
    settle(world)
    assert is_refused(of_another_account(world))


@pytest.mark.parametrize("rejected", ["account", "client"])
def test_a_mistyped_account_leaves_no_trace(rejected: str) -> None:
    a_mistyped_account(rejected)


def the_secret_is_changed_to_another_account() -> None:
    """The function stays warm, with an access token of the first account. The run that finds another account's
    checkpoint changes nothing; then the checkpoint is deleted, as the message says.

    The second account has a date without records: for suspicious rows only the neighbouring dates are swept.
    """
    world = week_world(start_date=days_ago(6))
    first = world.zoom.account
    zoom = Zoom(first, OTHER_ACCOUNT, clock=world.clock)
    zoom.reports[first.id] = world.zoom.reports[first.id]
    for ago in (*range(-3, 4), *range(5, 9)):
        record = {"time": f"{days_ago(ago)}T08:00:00Z", "operator": f"{ago}@another.example"}
        zoom.reports[OTHER_ACCOUNT.id].add(record)
    world.connect(zoom)
    world.poll(3)
    zoom.account = OTHER_ACCOUNT
    hold(Promise.SILENT, is_refused(world), "another account's records continue in the archive")
    deleted(world)
    world.settle()
    assert_none(
        Promise.MISSING, multiset(zoom.reports[OTHER_ACCOUNT.id].records(days_ago(6))) - multiset(world.archive())
    )


def test_a_warm_function_reads_the_account_that_the_secret_names() -> None:
    the_secret_is_changed_to_another_account()


def test_a_run_does_not_change_its_account() -> None:
    """The cached credentials are invalid, and the secret now has another account's."""
    world = week_world()
    first = world.zoom.account
    zoom = Zoom(first, OTHER_ACCOUNT, clock=world.clock)
    zoom.reports[OTHER_ACCOUNT.id].add_day(days_ago(0), 35, seed=400)
    world.connect(zoom)
    void = Credentials(first.id, first.client_id, "void")
    stored = Credentials(OTHER_ACCOUNT.id, OTHER_ACCOUNT.client_id, OTHER_ACCOUNT.client_secret)
    run = world.make_run(credentials=lambda fresh: stored if fresh else void)
    with pytest.raises(CredentialsRejectedError):
        run.execute(Request())
    assert not world.archive()
