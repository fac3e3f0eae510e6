"""Splits and new names at the broker, and what they do to the ledger of lots."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.ledger import LedgerLot, RealisedSale, Split, distinct_splits, shares_today
from core.domain.lots import Term
from core.domain.opening import CashInLieu
from core.domain.portfolio import ManagedPortfolio
from core.ports.store import AuditEvent
from tests.application.test_ledger import open_lots, situation, taxed
from tests.application.watching import look, watched
from tests.fakes.world import World

AAA, NEW = Symbol("AAA"), Symbol("NEW")
OLD, RECENT = date(2018, 1, 2), date(2020, 3, 2)


async def family(world: World) -> ManagedPortfolio:
    """AAA 70 at $100, in an account that was looked at once."""
    _, portfolio_id = await watched(world)
    return await managed_of(world, portfolio_id)


async def managed_of(world: World, portfolio_id: PortfolioId) -> ManagedPortfolio:
    async with world.store.read() as work:
        return await work.portfolios.get(portfolio_id)


def a_lot(account: AccountId, quantity: str, left: str, cost: str, acquired: date) -> LedgerLot:
    return LedgerLot(account, AAA, Decimal(quantity), Decimal(left), Decimal(cost), acquired)


async def lots_of(world: World, managed: ManagedPortfolio, symbol: Symbol) -> list[LedgerLot]:
    async with world.store.read() as work:
        found = await work.taxes.open_lots(managed.accounts[0].id, symbol)
    return [replace(lot, id=0) for lot in found]


async def realised(world: World, managed: ManagedPortfolio) -> tuple[RealisedSale, ...]:
    async with world.store.read() as work:
        return await work.taxes.realised([managed.accounts[0].id], date.min)


async def events(world: World, managed: ManagedPortfolio) -> list[AuditEvent]:
    async with world.store.read() as work:
        found = await work.log.events(managed.portfolio.id, 50)
    return [event for event in found if event.kind == "lots_split"]


async def test_a_split_moves_lots_once_and_what_they_cost_stays(world: World) -> None:
    """60 of 2018 @ 90 (50 left) and 20 of March @ 110, split 10 for 1."""
    managed = await family(world)
    account = managed.accounts[0].id
    await open_lots(
        world, a_lot(account, "60", "50", "90", OLD), a_lot(account, "20", "20", "110", RECENT)
    )
    world.price(AAA=10)
    world.hold(100, AAA=700, BBB=60)
    for _ in range(2):
        await look(world)
    assert await lots_of(world, managed, AAA) == [
        a_lot(account, "600", "500", "9", OLD),
        a_lot(account, "200", "200", "11", RECENT),
    ]
    (event,) = await events(world, managed)
    assert event.data.startswith("AAA 10:1")


async def test_a_fraction_that_was_paid_out_leaves_the_oldest_lot(world: World) -> None:
    """35 and 35 shares, one for three, make 23⅓; 23 are held."""
    managed = await family(world)
    account = managed.accounts[0].id
    await open_lots(
        world, a_lot(account, "35", "35", "9", RECENT), a_lot(account, "35", "35", "6", OLD)
    )
    world.price(AAA=300)
    world.hold(1100, AAA=23, BBB=60)
    await look(world)
    recent, old = await lots_of(world, managed, AAA)
    assert recent.remaining == recent.quantity == Decimal("11.666666667")
    assert old.remaining == 23 - recent.remaining
    assert round(old.cost_per_share or 0, 6) == 18
    (event,) = await events(world, managed)
    assert event.data.endswith("paid out 0.333333333")
    (sale,) = await realised(world, managed)
    assert (sale.quantity, sale.proceeds, sale.gain, sale.term, sale.acquired, sale.sold) == (
        Decimal("0.333333333"),
        None,
        None,
        Term.UNKNOWN,
        OLD,
        date(2020, 3, 9),
    )


async def test_a_fraction_is_priced_once_the_broker_has_paid_for_it(world: World) -> None:
    """A third of a share, which had cost $6, is paid for with $100 two days after the split: a gain of $94."""
    managed = await family(world)
    await open_lots(world, a_lot(managed.accounts[0].id, "70", "70", "6", OLD))
    world.price(AAA=300)
    world.hold(1100, AAA=23, BBB=60)
    await look(world)
    world.broker.in_lieu = (
        CashInLieu("other", Symbol("BBB"), Decimal(7), date(2020, 3, 11)),
        CashInLieu("paid", AAA, Decimal(100), date(2020, 3, 11)),
    )
    await look(world)
    assert [sale.proceeds for sale in await realised(world, managed)] == [None]
    world.hold(1200, AAA=23, BBB=60)
    await look(world)
    (sale,) = await realised(world, managed)
    assert (sale.proceeds, sale.gain, sale.term) == (Decimal(100), Decimal(94), Term.LONG)


async def test_lots_follow_an_instrument_to_its_new_name(world: World) -> None:
    managed = await family(world)
    lot = a_lot(managed.accounts[0].id, "70", "70", "90", OLD)
    await open_lots(world, lot)
    world.broker.asset_ids[NEW] = "id-AAA"
    world.price(NEW=100)
    world.hold(100, NEW=70, BBB=60)
    await look(world)
    assert await lots_of(world, managed, AAA) == []
    assert await lots_of(world, managed, NEW) == [replace(lot, symbol=NEW)]


async def test_a_loss_of_before_a_split_is_washed_by_as_many_new_shares(world: World) -> None:
    """Sold 10 at a loss of $100 on 2 March; split 2 for 1 on 9 March; bought 5 new ones since: a quarter is washed."""
    managed = await family(world)
    await taxed(world, managed)
    loss = RealisedSale(
        account_id=managed.accounts[0].id,
        owner_id=managed.accounts[0].tax_owner_id,
        symbol=AAA,
        acquired=date(2019, 12, 2),
        quantity=Decimal(10),
        proceeds=Decimal(900),
        gain=Decimal(-100),
        term=Term.SHORT,
        sold=RECENT,
        execution="o-1/x",
    )
    async with world.store.begin() as work:
        await work.taxes.add_realised([loss])
    world.price(AAA=50)
    world.hold(100, AAA=140, BBB=60)
    await look(world)
    await open_lots(world, a_lot(managed.accounts[0].id, "5", "5", "60", date(2020, 3, 9)))
    told = await situation(world, managed)
    assert told.owner("Anna").year.short == Decimal(-75)
    assert told.loss_sales[0].quantity == Decimal(15)


def test_what_several_accounts_noticed_is_one_split() -> None:
    first, late = Split(AAA, RECENT, Fraction(2)), Split(AAA, date(2020, 3, 5), Fraction(2))
    next_one = Split(AAA, date(2020, 3, 20), Fraction(2))
    found = distinct_splits([late, next_one, first])
    assert found == (first, next_one)
    assert shares_today(AAA, Decimal(3), OLD, found) == 12
    assert shares_today(AAA, Decimal(3), RECENT, found) == 6
    assert shares_today(NEW, Decimal(3), OLD, found) == 3
