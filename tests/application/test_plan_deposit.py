"""What money that is to come would buy: calculated, and nothing stored or ordered."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.application.check_result import Outcome
from core.application.plan_deposit import ComingMoney, plan_deposit
from core.domain.ids import Symbol
from core.domain.membership import Role
from core.domain.refusals import BadNumber, NotAllowed
from tests.application.acts import drifted
from tests.fakes.world import BEN, World


async def ask(world: World, amount: str) -> ComingMoney:
    anna, portfolio_id = await drifted(world)
    return await plan_deposit(
        world.store,
        world.brokers,
        world.market,
        member=anna,
        portfolio_id=portfolio_id,
        amount=Decimal(amount),
    )


async def test_the_money_and_the_cash_there_buy_what_is_under_its_target(world: World) -> None:
    """AAA stands at 70 of 101, BBB at 30: all of the money goes to BBB."""
    coming = await ask(world, "2000")
    plan = coming.result.plan
    assert plan is not None
    assert [(trade.side, trade.symbol) for trade in plan.trades] == [("buy", Symbol("BBB"))]
    assert plan.before.total == Decimal(10_100 + 2_000)
    assert Decimal(0) <= plan.after.cash < 150
    assert await world.outbox() == []
    async with world.store.read() as work:
        assert not await work.proposals.recent(coming.managed.portfolio.id, 5)


async def test_an_amount_that_buys_nothing_stays_in_cash(world: World) -> None:
    coming = await ask(world, "0.01")
    assert coming.result.outcome in {Outcome.NOTHING_HELPS, Outcome.ON_TARGET, Outcome.PROPOSED}
    plan = coming.result.plan
    assert plan is not None
    assert sum(trade.value for trade in plan.trades) <= Decimal("100.01")


@pytest.mark.parametrize("amount", ["0", "-5", "1.001"])
async def test_no_such_amount_is_planned(world: World, amount: str) -> None:
    with pytest.raises(BadNumber):
        await ask(world, amount)


async def test_who_only_looks_on_plans_no_deposit(world: World) -> None:
    _, portfolio_id = await drifted(world)
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, portfolio_id, Role.VIEWER)
    with pytest.raises(NotAllowed):
        await plan_deposit(
            world.store,
            world.brokers,
            world.market,
            member=ben,
            portfolio_id=portfolio_id,
            amount=Decimal(5),
        )
