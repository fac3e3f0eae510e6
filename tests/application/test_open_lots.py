"""Lots of what a connected account held before: taken over from its broker, once, and never in the way of others."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from core.application.execute_proposal import execute_approved
from core.domain.ids import AccountId, Symbol
from core.domain.ledger import LedgerLot, LotSource
from core.domain.opening import ShareMove
from core.ports.broker import BrokerUnavailable
from tests.application.acts import ask, decide, drifted
from tests.application.test_keep_splits import managed_of
from tests.application.watching import LATER, look, watched
from tests.fakes.world import World

AAA, BBB = Symbol("AAA"), Symbol("BBB")


async def lots(
    world: World, symbol: Symbol
) -> list[tuple[Decimal, Decimal | None, date | None, LotSource]]:
    async with world.store.read() as work:
        found = await work.taxes.open_lots(AccountId(1), symbol)
    return [(lot.remaining, lot.cost_per_share, lot.acquired, lot.source) for lot in found]


def bought(name: str, shares: int, price: int, day: date) -> ShareMove:
    at = datetime(day.year, day.month, day.day, 15, tzinfo=UTC)
    return ShareMove(name, AAA, Decimal(shares), at, day, Decimal(price))


async def test_the_first_look_takes_lots_over_as_they_were_bought_or_at_their_average(
    world: World,
) -> None:
    """AAA 70: 50 @ 80 and 20 @ 95; of BBB 60 it is only told that they cost 2,400 together."""
    world.broker.moves = (
        bought("x", 50, 80, date(2018, 1, 2)),
        bought("y", 20, 95, date(2020, 1, 2)),
    )
    world.broker.costs_of = {AAA: Decimal(5900), BBB: Decimal(2400)}
    await watched(world)
    for _ in range(2):
        assert await lots(world, AAA) == [
            (Decimal(50), Decimal(80), date(2018, 1, 2), LotSource.OPENING),
            (Decimal(20), Decimal(95), date(2020, 1, 2), LotSource.OPENING),
        ]
        assert await lots(world, BBB) == [(Decimal(60), Decimal(40), None, LotSource.OPENING)]
        await look(world)
    assert world.broker.asked_costs == 1


async def test_typed_lots_stand_and_only_the_rest_is_taken_over(world: World) -> None:
    """AAA 70, of which 30 @ 90 were typed; the position cost 5,900."""
    world.broker.others_trade = True
    _, portfolio_id = await drifted(world)
    managed = await managed_of(world, portfolio_id)
    typed = LedgerLot(
        managed.accounts[0].id, AAA, Decimal(30), Decimal(30), Decimal(90), source=LotSource.TYPED
    )
    async with world.store.begin() as work:
        await work.taxes.open_lot(typed, "USD")
    world.broker.costs_of = {AAA: Decimal(5900)}
    await look(world)
    assert await lots(world, AAA) == [
        (Decimal(30), Decimal(90), None, LotSource.TYPED),
        (Decimal(40), Decimal(80), None, LotSource.OPENING),
    ]


async def test_our_own_purchases_are_not_taken_over_a_second_time(world: World) -> None:
    world.broker.costs_of = {AAA: Decimal(5900), BBB: Decimal(2400)}
    anna, portfolio_id = await watched(world)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    before = await lots(world, BBB)
    assert [source for *_, source in before] == [LotSource.OPENING, LotSource.FILL]
    await look(world)
    assert await lots(world, BBB) == before
    assert sum(shares for shares, *_ in before) == world.broker.positions[BBB]


async def test_a_broker_that_does_not_tell_leaves_costs_unknown(world: World) -> None:
    await watched(world)
    assert await lots(world, AAA) == []
    world.broker.costs_of = {AAA: Decimal(5900)}
    asked, world.broker.asked_costs = world.broker.costs, 0

    async def unheard(_symbols: object) -> None:
        raise BrokerUnavailable("502")

    world.broker.costs = unheard  # type: ignore[method-assign, assignment]
    await look(world)
    assert await lots(world, AAA) == []
    world.broker.costs = asked  # type: ignore[method-assign]
    await look(world)
    assert len(await lots(world, AAA)) == 1


async def test_shares_that_are_on_their_way_wait_for_the_next_look(world: World) -> None:
    """Somebody buys ten more between the look and the question."""
    world.broker.costs_of = {AAA: Decimal(5900)}
    asked = world.broker.costs

    async def later(symbols: list[Symbol]) -> object:
        world.broker.positions[AAA] += 10
        return await asked(symbols)

    world.broker.costs = later  # type: ignore[method-assign, assignment]
    await watched(world)
    assert await lots(world, AAA) == []
    world.broker.costs = asked  # type: ignore[method-assign]
    world.pass_time(LATER)
    await look(world)
    assert [shares for shares, *_ in await lots(world, AAA)] == [Decimal(80)]
