"""After crashes everything is paused, and each owner is told once."""

from __future__ import annotations

import pytest

from core.application.pause import pause, resume
from core.application.stop_all import stop_after_crashes
from core.domain.ids import PortfolioId
from tests.application.acts import drifted, let_in
from tests.fakes.world import World


async def is_paused(world: World, portfolio_id: PortfolioId) -> bool:
    async with world.store.read() as work:
        return (await work.portfolios.get(portfolio_id)).portfolio.is_paused


@pytest.mark.fault(70)
async def test_every_portfolio_is_paused_and_its_owners_are_told_once(world: World) -> None:
    anna, first = await drifted(world)
    second = (await world.portfolio(anna, name="Other")).portfolio.portfolio.id
    await let_in(world, first)
    assert await stop_after_crashes(world.store, world.clock) == 2
    assert await is_paused(world, first)
    assert await is_paused(world, second)
    assert await world.outbox() == [("kept_crashing", 1001)] * 2
    assert await stop_after_crashes(world.store, world.clock) == 0
    assert len(await world.outbox()) == 2


async def test_what_was_paused_already_is_no_news_and_what_was_resumed_is(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await pause(world.store, world.clock, member=anna, portfolio_id=portfolio_id)
    assert await stop_after_crashes(world.store, world.clock) == 0
    assert await world.outbox() == []
    await resume(world.store, world.clock, member=anna, portfolio_id=portfolio_id)
    assert await stop_after_crashes(world.store, world.clock) == 1
    assert await world.outbox() == [("kept_crashing", 1001)]


async def test_before_anybody_is_there_nothing_is_stopped(world: World) -> None:
    assert await stop_after_crashes(world.store, world.clock) == 0
