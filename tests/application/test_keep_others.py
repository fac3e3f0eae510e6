"""What others trade at the broker: it opens and closes lots as our own executions do, once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from core.application.execute_proposal import execute_approved
from core.domain.ids import AccountId, Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale
from core.domain.lots import Term
from core.domain.opening import ShareMove
from core.domain.portfolio import ManagedPortfolio
from core.ports.broker import BrokerUnavailable
from tests.application.acts import ask, decide
from tests.application.test_keep_splits import family, managed_of, realised
from tests.application.test_ledger import open_lots
from tests.application.watching import look, watched
from tests.fakes.world import World

AAA, NEW = Symbol("AAA"), Symbol("NEW")
OLD, RECENT = date(2018, 1, 2), date(2020, 3, 2)
TODAY = date(2020, 3, 9)


def move(name: str, shares: int, price: int, hour: int = 16, symbol: Symbol = AAA) -> ShareMove:
    """Somebody trades today."""
    at = datetime(2020, 3, 9, hour, 30, tzinfo=UTC)
    return ShareMove(name, symbol, Decimal(shares), at, TODAY, Decimal(price), f"order-{name}")


def figures(sales: tuple[RealisedSale, ...]) -> list[tuple[Decimal, Decimal | None, Term]]:
    return [(sale.quantity, sale.gain, sale.term) for sale in sales]


async def left(world: World, symbol: Symbol = AAA) -> list[Decimal]:
    async with world.store.read() as work:
        return [lot.remaining for lot in await work.taxes.open_lots(AccountId(1), symbol)]


async def two_lots(world: World) -> ManagedPortfolio:
    """AAA 70: 30 of 2018 @ 90 and 40 of March @ 110."""
    managed = await family(world)
    account = managed.accounts[0].id
    await open_lots(
        world,
        LedgerLot(account, AAA, Decimal(30), Decimal(30), Decimal(90), OLD),
        LedgerLot(account, AAA, Decimal(40), Decimal(40), Decimal(110), RECENT),
    )
    return managed


async def test_a_sale_by_somebody_else_is_realised_first_in_first_out_and_once(
    world: World,
) -> None:
    """35 sold at $100: 30 with a gain of $300, 5 with a loss of $50."""
    managed = await two_lots(world)
    world.broker.moves = (move("x", -35, 100),)
    world.hold(4500, AAA=35, BBB=60)
    for _ in range(2):
        await look(world)
        assert figures(await realised(world, managed)) == [
            (Decimal(30), Decimal(300), Term.LONG),
            (Decimal(5), Decimal(-50), Term.SHORT),
        ]
        assert await left(world) == [Decimal(35)]
    assert world.broker.asked_trades == 1


async def test_a_purchase_by_somebody_else_opens_a_lot_with_its_day_and_price(
    world: World,
) -> None:
    managed = await two_lots(world)
    world.broker.moves = (move("a", 4, 120), move("b", 2, 50, symbol=NEW))
    world.hold(100, AAA=74, NEW=2, BBB=60)
    world.price(NEW=50)
    await look(world)
    async with world.store.read() as work:
        *_, bought = await work.taxes.open_lots(managed.accounts[0].id, AAA)
        (new,) = await work.taxes.open_lots(managed.accounts[0].id, NEW)
    told = (bought.remaining, bought.cost_per_share, bought.acquired, bought.source)
    assert told == (Decimal(4), Decimal(120), TODAY, LotSource.FILL)
    assert (new.remaining, new.cost_per_share) == (Decimal(2), Decimal(50))


async def test_what_had_no_lot_is_sold_first_at_an_unknown_basis(world: World) -> None:
    """Of 70 only 40 are in lots; 35 are sold."""
    managed = await family(world)
    account = managed.accounts[0].id
    await open_lots(world, LedgerLot(account, AAA, Decimal(40), Decimal(40), Decimal(110), RECENT))
    world.broker.moves = (move("x", -35, 100),)
    world.hold(4500, AAA=35, BBB=60)
    await look(world)
    assert figures(await realised(world, managed)) == [
        (Decimal(30), None, Term.UNKNOWN),
        (Decimal(5), Decimal(-50), Term.SHORT),
    ]


async def test_a_sale_from_before_the_last_look_is_not_taken_for_the_one_since(
    world: World,
) -> None:
    managed = await two_lots(world)
    world.broker.moves = (move("before", -10, 95, hour=15), move("since", -5, 100))
    world.hold(1500, AAA=65, BBB=60)
    await look(world)
    assert figures(await realised(world, managed)) == [(Decimal(5), Decimal(50), Term.LONG)]


async def test_a_sale_that_is_told_late_is_realised_when_it_is_told(world: World) -> None:
    managed = await two_lots(world)
    world.hold(1500, AAA=65, BBB=60)
    await look(world)
    assert await realised(world, managed) == ()
    world.broker.moves = (move("late", -5, 100),)
    await look(world)
    assert figures(await realised(world, managed)) == [(Decimal(5), Decimal(50), Term.LONG)]


async def test_shares_that_were_moved_away_are_not_realised(world: World) -> None:
    """Five are gone; the only sale that is told is of three."""
    managed = await two_lots(world)
    world.broker.moves = (move("x", -3, 100),)
    world.hold(100, AAA=65, BBB=60)
    await look(world)
    assert await realised(world, managed) == ()
    assert await left(world) == [Decimal(30), Decimal(40)]


async def test_our_own_executions_are_not_taken_for_others(world: World) -> None:
    """Our sale is told among the trades, and somebody else sells one more."""
    anna, portfolio_id = await watched(world)
    managed = await managed_of(world, portfolio_id)
    await open_lots(
        world, LedgerLot(managed.accounts[0].id, AAA, Decimal(70), Decimal(70), Decimal(90), OLD)
    )
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    await look(world)
    (ours,) = await realised(world, managed)
    (order,) = [o for o in world.broker.orders if o.symbol == AAA]
    sold = int(ours.quantity)
    told = ShareMove(
        "ours", AAA, -ours.quantity, order.fills[0].at, TODAY, Decimal(100), order.broker_order_id
    )
    world.broker.moves = (told, move("x", -1, 100, hour=17))
    world.broker.positions[AAA] -= 1
    await look(world)
    assert [int(s.quantity) for s in await realised(world, managed)] == [sold, 1]
    assert await left(world) == [world.broker.positions[AAA]]


async def test_a_broker_that_does_not_answer_is_asked_again(world: World) -> None:
    managed = await two_lots(world)
    world.broker.moves = (move("x", -35, 100),)
    world.hold(4500, AAA=35, BBB=60)
    asked = world.broker.trades

    async def unheard(_since: object) -> None:
        raise BrokerUnavailable("502")

    world.broker.trades = unheard  # type: ignore[method-assign, assignment]
    await look(world)
    assert await realised(world, managed) == ()
    world.broker.trades = asked  # type: ignore[method-assign]
    await look(world)
    assert len(await realised(world, managed)) == 2
