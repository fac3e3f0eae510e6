"""Deposits and withdrawals: each wish moves money once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import cast

import pytest

from core.application.move_cash import deposit, withdraw
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Role
from core.domain.portfolio import Account
from core.domain.refusals import (
    BadNumber,
    BrokerDown,
    NoCashTransfers,
    NotAllowed,
    NotEnoughCash,
)
from core.ports.broker import Brokers, BrokerUnavailable
from tests.application.acts import drifted, let_in
from tests.fakes.world import World


async def put_in(
    world: World, member: Member, portfolio_id: PortfolioId, amount: str, key: str = "1"
) -> Decimal:
    return await deposit(
        world.store,
        world.brokers,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        amount=Decimal(amount),
        key=key,
    )


async def take_out(
    world: World, member: Member, portfolio_id: PortfolioId, amount: str, key: str = "1"
) -> Decimal:
    return await withdraw(
        world.store,
        world.brokers,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        amount=Decimal(amount),
        key=key,
    )


async def test_money_moves_once_for_each_key(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    assert await put_in(world, anna, portfolio_id, "50.25") == Decimal("150.25")
    assert await put_in(world, anna, portfolio_id, "50.25") == Decimal("150.25")
    assert await put_in(world, anna, portfolio_id, "50.25", "2") == Decimal("200.50")
    assert await take_out(world, anna, portfolio_id, "0.50", "3") == Decimal("200.00")
    assert await take_out(world, anna, portfolio_id, "0.50", "3") == Decimal("200.00")


async def test_a_broker_that_does_not_answer_is_named_and_nothing_is_logged_as_moved(
    world: World,
) -> None:
    anna, portfolio_id = await drifted(world)
    world.broker.read_error = BrokerUnavailable("no line")
    with pytest.raises(BrokerDown, match="no line"):
        await put_in(world, anna, portfolio_id, "50")
    async with world.store.read() as work:
        assert "cash_moved" not in {e.kind for e in await work.log.events(portfolio_id, 100)}


@pytest.mark.fault(5)
async def test_one_wish_told_twice_at_once_moves_money_once(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await asyncio.gather(*(put_in(world, anna, portfolio_id, "10") for _ in range(10)))
    assert world.broker.cash == 110


async def test_no_more_is_taken_out_than_there_is(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    with pytest.raises(NotEnoughCash) as refused:
        await take_out(world, anna, portfolio_id, "100.01")
    assert refused.value.available == 100
    assert world.broker.cash == 100


@pytest.mark.parametrize("amount", ["0", "-5", "0.001", "1000000000.01", "1e30"])
async def test_an_amount_that_is_none_is_refused(world: World, amount: str) -> None:
    anna, portfolio_id = await drifted(world)
    for move in (put_in, take_out):
        with pytest.raises(BadNumber):
            await move(world, anna, portfolio_id, amount)
    assert world.broker.cash == 100


class MovesItItself:
    """The family of a broker whose accounts' cash only their owner moves."""

    def of(self, _: Account) -> object:
        return object()


async def test_who_may_plan_a_deposit_is_told_that_the_broker_moves_its_money_itself(
    world: World,
) -> None:
    _, portfolio_id = await drifted(world)
    ben = await let_in(world, portfolio_id, Role.PROPOSER)
    elsewhere = cast("Brokers", MovesItItself())
    with pytest.raises(NoCashTransfers):
        await deposit(
            world.store,
            elsewhere,
            world.clock,
            member=ben,
            portfolio_id=portfolio_id,
            amount=Decimal(10),
            key="1",
        )


async def test_only_an_owner_moves_money(world: World) -> None:
    _, portfolio_id = await drifted(world)
    ben = await let_in(world, portfolio_id, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await put_in(world, ben, portfolio_id, "10")
