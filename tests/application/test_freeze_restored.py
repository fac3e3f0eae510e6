"""A store put back from a backup stops everything, once, and says so to its owners (fault 62)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.application.pause import resume
from core.application.reconcile import reconcile
from core.domain.change import ChangeState
from core.domain.change_kinds import RoleChange
from core.domain.membership import Role
from core.domain.policy import Policy
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from tests.application.live_world import account_of, drifted_on, live_world
from tests.fakes.world import World


def _mark_restored(folder: Path) -> None:
    """What putting a backup back leaves in the store."""
    with closing(sqlite3.connect(folder / "evenkeel.db")) as file, file:
        file.execute("UPDATE installation SET restored_at = '2020-03-09T15:00:00.000000Z'")


@pytest.mark.fault(62)
async def test_a_restored_store_is_paused_until_an_owner_resumes(
    world: World, tmp_path: Path
) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    portfolio_id = current.portfolio.portfolio.id
    _mark_restored(tmp_path)

    await reconcile(world.desk)
    await reconcile(world.desk)

    async with world.store.read() as work:
        assert (await work.portfolios.get(portfolio_id)).portfolio.is_paused
    assert await world.outbox() == [("restored", 1001)]

    await resume(world.store, world.clock, member=anna, portfolio_id=portfolio_id)
    await reconcile(world.desk)
    async with world.store.read() as work:
        assert not (await work.portfolios.get(portfolio_id)).portfolio.is_paused


@pytest.mark.fault(62)
async def test_a_restored_store_is_paused_for_every_household(world: World, tmp_path: Path) -> None:
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    async with world.store.begin() as work:
        neighbours = await work.people.add_household("Next door")
        theirs = await work.portfolios.add(neighbours, "theirs", "Theirs", "USD", Policy())
    _mark_restored(tmp_path)
    await reconcile(world.desk)
    async with world.store.read() as work:
        assert (await work.portfolios.get(theirs.id)).portfolio.is_paused


async def test_an_ordinary_store_is_left_alone(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    await reconcile(world.desk)
    async with world.store.read() as work:
        assert not (await work.portfolios.get(current.portfolio.portfolio.id)).portfolio.is_paused
    assert await world.outbox() == []


@pytest.mark.fault(62, 76)
async def test_what_was_confirmed_before_a_backup_does_not_stand_after_it(tmp_path: Path) -> None:
    """An old confirmation, put back, would be one that an owner has since taken away."""
    async with live_world(tmp_path) as world:
        anna, proposal = await drifted_on(world, Rung.LIVE)
        async with world.store.begin() as work:
            what = RoleChange(anna.id, Role.OWNER, Role.VIEWER)
            at = world.clock.now()
            change = await work.changes.draft(proposal.portfolio_id, what, by=anna.id, at=at)
            await work.changes.move(
                change.id, ChangeState.DRAFTED, ChangeState.ASKED, takes_effect_at=at
            )
        _mark_restored(tmp_path)
        await reconcile(world.desk)
        account = await account_of(world, anna)
        assert account.rung is Rung.DRY_RUN
        async with world.store.read() as work:
            assert await work.ladder.confirmation(account.id) is None
            waited = await work.changes.get(change.id)
            assert waited is not None
            assert waited.state is ChangeState.OVERTAKEN
        assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
        kinds = [kind for kind, _ in await world.outbox()]
        assert {"restored", "rung_changed"} <= set(kinds)
