"""Typed lots of an account whose broker says itself what it holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.application.type_lots import show_lots, type_lots
from core.domain.book import BookChange
from core.domain.ids import PortfolioId, Symbol, UserId
from core.domain.ledger import LotSource
from core.domain.lots import Lot
from core.domain.membership import Member, Role
from core.domain.refusals import (
    BrokerDown,
    LotsBeyondHeld,
    NotAllowed,
    NotKeptByHand,
    OrdersUnderWay,
)
from core.ports.broker import BrokerUnavailable
from tests.application.acts import approved
from tests.application.test_open_lots import lots
from tests.application.watching import look, watched
from tests.fakes.world import World

AAA = Symbol("AAA")
BOUGHT = date(2015, 3, 4)


def change(quantity: int, cost: int | None = 50, day: date | None = BOUGHT) -> BookChange:
    price = None if cost is None else Decimal(cost)
    return BookChange({AAA: (Lot(AAA, Decimal(quantity), price, day),)})


async def typed(
    world: World, member: Member, portfolio_id: PortfolioId, said: BookChange, **more: Any
) -> None:
    await type_lots(
        world.store,
        world.brokers,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        change=said,
        **more,
    )


async def test_typed_lots_win_and_the_rest_is_taken_over_again(world: World) -> None:
    """AAA 70, which cost 5,900 together: 20 of them $50 in 2015, so the others $98 each."""
    world.broker.costs_of = {AAA: Decimal(5900)}
    anna, portfolio_id = await watched(world)
    assert await lots(world, AAA) == [
        (Decimal(70), Decimal(5900) / 70, None, LotSource.OPENING),
    ]
    await typed(world, anna, portfolio_id, change(20))
    await look(world)
    assert await lots(world, AAA) == [
        (Decimal(20), Decimal(50), BOUGHT, LotSource.TYPED),
        (Decimal(50), Decimal(98), None, LotSource.OPENING),
    ]
    assert world.broker.positions[AAA] == 70
    shown = await show_lots(world.store, world.brokers, member=anna, portfolio_id=portfolio_id)
    assert [lot.remaining for lot in shown.lots] == [20, 50]


async def test_lots_are_refused_beyond_what_is_held_and_without_a_cost(world: World) -> None:
    anna, portfolio_id = await watched(world)
    with pytest.raises(LotsBeyondHeld) as beyond:
        await typed(world, anna, portfolio_id, change(71))
    assert (beyond.value.typed, beyond.value.held) == (Decimal(71), Decimal(70))
    with pytest.raises(NotKeptByHand):
        await typed(world, anna, portfolio_id, change(7, None, None))
    with pytest.raises(NotKeptByHand):
        await typed(world, anna, portfolio_id, BookChange({}, Decimal(5)))
    assert await lots(world, AAA) == []


async def test_only_an_owner_types_lots_and_not_while_orders_are_under_way(world: World) -> None:
    anna, proposal = await approved(world)
    ben = await world.person(UserId(7), "Ben")
    await world.give_role(ben, proposal.portfolio_id, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await typed(world, ben, proposal.portfolio_id, change(1))
    with pytest.raises(OrdersUnderWay):
        await typed(world, anna, proposal.portfolio_id, change(1))
    world.broker.read_error = BrokerUnavailable("502")
    with pytest.raises(BrokerDown):
        await typed(world, anna, proposal.portfolio_id, change(1))
