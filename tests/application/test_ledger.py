"""The household's own ledger: executions open and close lots, and plans know of lots and taxes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.adapters.store.documents import read_snapshot, write_snapshot
from core.application.execute_proposal import execute_approved
from core.application.keep_lots import keep_lots
from core.application.read_tax import read_taxes
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.book import BookChange
from core.domain.ids import ClientOrderId, Symbol
from core.domain.ledger import LedgerLot, LotSource, RealisedSale, TaxProfile
from core.domain.lots import Lot, Term, quantity_of
from core.domain.order import Fill, Order
from core.domain.plan import Side
from core.domain.portfolio import KnownTaxes, ManagedPortfolio, Snapshot
from core.domain.proposal import Proposal
from core.domain.tax import TaxRulesName, TaxSituation, TaxYear, ToldYear
from tests.application.acts import approved, ask, drifted, proposed
from tests.application.hand_kept_world import HandKeptWorld, hand_kept_world
from tests.fakes.world import World

AAA, BBB = Symbol("AAA"), Symbol("BBB")
TODAY = date(2020, 3, 9)
NOON = datetime(2020, 3, 9, 16, tzinfo=UTC)


@pytest.fixture
async def hand(tmp_path: Path) -> AsyncIterator[HandKeptWorld]:
    async with hand_kept_world(tmp_path) as made:
        yield made


async def managed_of(world: World, proposal: Proposal) -> ManagedPortfolio:
    async with world.store.read() as work:
        return await work.portfolios.get(proposal.portfolio_id)


def a_lot(managed: ManagedPortfolio, quantity: int, cost: int, acquired: date) -> LedgerLot:
    shares = Decimal(quantity)
    return LedgerLot(managed.accounts[0].id, AAA, shares, shares, Decimal(cost), acquired)


async def open_lots(world: World, *lots: LedgerLot) -> None:
    async with world.store.begin() as work:
        for lot in lots:
            await work.taxes.open_lot(lot, "USD")


async def taxed(world: World, managed: ManagedPortfolio) -> None:
    """Anna is taxed by the rules of the United States."""
    owner = managed.accounts[0].tax_owner_id
    assert owner is not None
    told = ToldYear(2020, (Decimal(100), Decimal(0)))
    async with world.store.begin() as work:
        await work.taxes.set_profile(TaxProfile(owner, TaxRulesName.US, (told,)))


async def known(world: World, managed: ManagedPortfolio) -> KnownTaxes:
    moment = await world.market.moment()
    async with world.store.read() as work:
        return (await read_taxes(work, [managed], moment)).of(managed.parts[0])


async def situation(world: World, managed: ManagedPortfolio) -> TaxSituation:
    moment = await world.market.moment()
    async with world.store.read() as work:
        reader = await read_taxes(work, [managed], moment)
    return reader.situation(managed.portfolio.household_id)


async def sell(
    world: World,
    proposal: Proposal,
    snapshot: Snapshot,
    *fills: tuple[str, int, int],
    side: Side = Side.SELL,
) -> tuple[RealisedSale, ...]:
    """Keep the lots of executions (name, shares, price), each with a commission of $1; return what is realised."""
    managed = await managed_of(world, proposal)
    order = Order(
        id=1,  # type: ignore[arg-type]
        proposal_id=proposal.id,
        account_id=managed.accounts[0].id,
        leg=1,
        attempt=1,
        client_order_id=ClientOrderId("rb-test-1-1-1"),
        symbol=AAA,
        side=side,
        quantity=Decimal(100),
        limit_price=None,
    )
    made = [
        Fill(name, Decimal(shares), Decimal(price), Decimal(1), NOON)
        for name, shares, price in fills
    ]
    async with world.store.begin() as work:
        await work.orders.add([order]) if not await work.orders.of_proposal(proposal.id) else None
        part, held = managed.parts[0], snapshot.accounts[0]
        await keep_lots(work, world.brokers, part, held, order, made)
        return await work.taxes.realised([managed.accounts[0].id], date(2020, 1, 1))


def without(snapshot: Snapshot, held: int, *lots: LedgerLot) -> Snapshot:
    (account,) = snapshot.accounts
    holdings = replace(account.holdings, positions={AAA: Decimal(held)})
    taxes = KnownTaxes(tuple(lot.lot for lot in lots))
    return replace(snapshot, accounts=(replace(account, holdings=holdings, taxes=taxes),))


async def test_carrying_a_plan_out_opens_lots_and_realises_sales_of_unknown_basis(
    world: World,
) -> None:
    """Held before: AAA 70, of which nobody knows what they cost."""
    _, proposal = await approved(world)
    await execute_approved(world.desk)
    managed = await managed_of(world, proposal)
    async with world.store.read() as work:
        orders = await work.orders.of_proposal(proposal.id)
        sales = await work.taxes.realised([managed.accounts[0].id], TODAY)
        (bought,) = await work.taxes.open_lots(managed.accounts[0].id, BBB)
    assert [sale.gain for sale in sales] == [None]
    sold = next(order for order in orders if order.side is Side.SELL)
    assert sales[0].quantity == sold.filled_quantity
    assert (bought.acquired, bought.source) == (TODAY, LotSource.FILL)
    assert bought.remaining == next(o for o in orders if o.side is Side.BUY).filled_quantity
    (lot,) = (await known(world, managed)).lots
    assert (lot.symbol, lot.quantity) == (BBB, bought.remaining)


async def test_a_sale_takes_the_oldest_lots_once_whatever_is_reported_twice(world: World) -> None:
    """AAA 10 @ 80 of 2018 · 10 @ 110 of 2020; sold 15 @ 100, commission 1."""
    _, proposal = await proposed(world)
    managed = await managed_of(world, proposal)
    old, new = (
        a_lot(managed, 10, 80, date(2018, 1, 2)),
        a_lot(managed, 10, 110, date(2020, 1, 2)),
    )
    await open_lots(world, new, old)
    snapshot = without(proposal.revision.snapshot, 20, old, new)
    for _ in range(2):
        sales = await sell(world, proposal, snapshot, ("x", 15, 100))
    assert [(s.quantity, s.gain, s.term) for s in sales] == [
        (Decimal(10), Decimal("199.33"), Term.LONG),
        (Decimal(5), Decimal("-50.33"), Term.SHORT),
    ]
    async with world.store.read() as work:
        (left,) = await work.taxes.open_lots(managed.accounts[0].id, AAA)
    assert (left.remaining, left.quantity) == (Decimal(5), Decimal(10))


async def test_shares_beyond_the_lots_are_sold_first_and_their_gain_is_unknown(
    world: World,
) -> None:
    """Held 14, of which 10 are in a lot; sold 3, 3 and 3."""
    _, proposal = await proposed(world)
    managed = await managed_of(world, proposal)
    lot = a_lot(managed, 10, 80, date(2018, 1, 2))
    await open_lots(world, lot)
    snapshot = without(proposal.revision.snapshot, 14, lot)
    await sell(world, proposal, snapshot, ("x", 3, 100))
    sales = await sell(world, proposal, snapshot, ("x", 3, 100), ("y", 3, 100), ("z", 3, 100))
    assert [(s.quantity, s.gain is None) for s in sales] == [
        (Decimal(3), True),
        (Decimal(1), True),
        (Decimal(2), False),
        (Decimal(3), False),
    ]


async def test_a_purchase_costs_its_commission_too(world: World) -> None:
    _, proposal = await proposed(world)
    snapshot = proposal.revision.snapshot
    await sell(world, proposal, snapshot, ("x", 10, 100), side=Side.BUY)
    managed = await managed_of(world, proposal)
    async with world.store.read() as work:
        (lot,) = await work.taxes.open_lots(managed.accounts[0].id, AAA)
    assert lot.cost_per_share == Decimal("100.1")


async def test_a_plan_knows_lots_and_the_year_and_an_edit_knows_the_same(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    async with world.store.read() as work:
        managed = await work.portfolios.get(portfolio_id)
    await taxed(world, managed)
    await open_lots(world, a_lot(managed, 70, 60, date(2018, 1, 2)))
    result = await ask(world, anna, portfolio_id)
    assert result.plan is not None
    assert result.snapshot is not None
    (realised,) = result.plan.realised
    assert realised.owner == "Anna"
    assert realised.long_gain > 0
    assert realised.tax is not None
    frozen = result.snapshot
    assert frozen.situation.today == TODAY
    assert frozen.situation.owner("Anna").year.carried_short == Decimal(100)
    again = read_snapshot(write_snapshot(frozen))
    assert (again.accounts, again.situation) == (frozen.accounts, frozen.situation)


async def test_a_loss_is_washed_by_what_another_account_bought_within_thirty_days(
    world: World,
) -> None:
    """Sold AAA 10 at a loss of $100 on 2 March; bought 4 elsewhere on 5 March: $40 do not count."""
    anna = await world.person()
    first = (await world.portfolio(anna, {"AAA": 50, "BBB": 50}, "First")).portfolio
    second = (await world.portfolio(anna, {"AAA": 50, "BBB": 50}, "Second")).portfolio
    loss = RealisedSale(
        account_id=first.accounts[0].id,
        owner_id=anna.id,
        symbol=AAA,
        acquired=date(2019, 12, 2),
        quantity=Decimal(10),
        proceeds=Decimal(900),
        gain=Decimal(-100),
        term=Term.SHORT,
        sold=date(2020, 3, 2),
        execution="o-1/x",
    )
    await open_lots(world, a_lot(second, 4, 90, date(2020, 3, 5)))
    async with world.store.begin() as work:
        await work.taxes.add_realised([loss])
    assert (await situation(world, second)).loss_sales == ()
    await taxed(world, first)
    told = await situation(world, second)
    assert told.owner("Anna").year.short == Decimal(-60)
    (claimed,) = told.loss_sales
    assert (claimed.quantity, claimed.loss) == (Decimal(6), Decimal(60))
    assert told.acquisitions == ()
    (lot,) = (await known(world, second)).lots
    assert (lot.cost_per_share, lot.acquired) == (Decimal(100), date(2019, 12, 5))


async def test_what_last_year_lost_is_carried_into_this_one(world: World) -> None:
    """2019: told a short loss of 4,000 elsewhere and 500 carried in, sold at a long loss of 200: 3,000 meet income."""
    _, proposal = await proposed(world)
    managed = await managed_of(world, proposal)
    owner = managed.accounts[0].tax_owner_id
    assert owner is not None
    last = ToldYear(2019, (Decimal(500), Decimal(0)), (Decimal(-4000), Decimal(0)))
    loss = RealisedSale(
        account_id=managed.accounts[0].id,
        owner_id=owner,
        symbol=BBB,
        acquired=date(2015, 12, 2),
        quantity=Decimal(10),
        proceeds=Decimal(900),
        gain=Decimal(-200),
        term=Term.LONG,
        sold=date(2019, 6, 3),
        execution="o-1/x",
    )
    async with world.store.begin() as work:
        await work.taxes.add_realised([loss])
        await work.taxes.set_profile(TaxProfile(owner, TaxRulesName.US, (last,)))
    year = (await situation(world, managed)).owner("Anna").year
    assert year == TaxYear(carried_short=Decimal(1500), carried_long=Decimal(200))
    told = ToldYear(2020, (Decimal(7), Decimal(0)))
    async with world.store.begin() as work:
        await work.taxes.set_profile(TaxProfile(owner, TaxRulesName.US, (last, told)))
    year = (await situation(world, managed)).owner("Anna").year
    assert year == TaxYear(carried_short=Decimal(7))


async def test_the_sweep_gives_its_plans_the_lots(world: World) -> None:
    _, portfolio_id = await drifted(world)
    async with world.store.read() as work:
        managed = await work.portfolios.get(portfolio_id)
    await open_lots(world, a_lot(managed, 70, 60, date(2018, 1, 2)))
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    await run_due_checks(world.store, world.brokers, world.market, world.clock)
    async with world.store.read() as work:
        (made,) = await work.proposals.recent(portfolio_id, 5)
    assert quantity_of(made.revision.snapshot.accounts[0].taxes.lots) == Decimal(70)
    assert made.revision.plan.sells[0].lots[0].lot.acquired == date(2018, 1, 2)


async def test_typed_lots_are_the_lots_of_a_hand_kept_account_and_count_once(
    hand: HandKeptWorld,
) -> None:
    lot = Lot(AAA, Decimal(70), Decimal("60.10"), date(2018, 1, 2))
    for _ in range(2):
        await hand.type(BookChange({AAA: (lot,)}))
    result = await hand.ask()
    assert result.snapshot is not None
    async with hand.world.store.read() as work:
        (kept,) = await work.taxes.open_lots(hand.managed.accounts[0].id, AAA)
    found = [each for each in result.snapshot.accounts[0].taxes.lots if each.symbol == AAA]
    assert found == [replace(lot, name=kept.label)]
    assert (kept.source, kept.cost_per_share) == (LotSource.TYPED, Decimal("60.10"))
