"""The ledger of harvested losses: what was harvested in each year, what of it counts, and what is carried over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.application.access import managed_for
from core.application.market import Market
from core.application.read_tax import (
    Ledger,
    Washes,
    owners_of,
    read_ledger,
    washes_of,
    years_of,
)
from core.domain.harvest import Switch
from core.domain.ids import AccountId, ClientOrderId, HouseholdId, MemberId, PortfolioId, ProposalId
from core.domain.ledger import RealisedSale
from core.domain.lots import Term, counted_as
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.permissions import Act
from core.domain.portfolio import ManagedPortfolio
from core.domain.tax import TaxYear
from core.ports.store import Store


@dataclass(frozen=True, slots=True)
class HarvestedSale:
    """A sale that harvested a loss: with the part that does not count, whose it is, and the proposal that it came from.

    ``account`` is the name of its portfolio.
    """

    sale: RealisedSale
    disallowed: Decimal
    account: str
    owner: str
    proposal_id: ProposalId

    @property
    def loss(self) -> Decimal:
        """What was lost, in money above 0."""
        return -(self.sale.gain or ZERO)

    @property
    def counted(self) -> Decimal:
        """The part of the loss that counts."""
        return self.loss - self.disallowed


@dataclass(frozen=True, slots=True)
class HarvestYear:
    """One person's year: harvested losses that count, by term, and all losses that it leaves to the next one.

    Amounts are money of 0 or more; a loss of unknown term counts as long-term.
    """

    year: int
    owner: str
    short: Decimal
    long: Decimal
    disallowed: Decimal
    carried_short: Decimal
    carried_long: Decimal


@dataclass(frozen=True, slots=True)
class HarvestLedger:
    """The harvests of the portfolios that a member belongs to, and the switches that this portfolio waits for."""

    managed: ManagedPortfolio
    this_year: int
    years: tuple[HarvestYear, ...]
    sales: tuple[HarvestedSale, ...]
    waiting: tuple[Switch, ...]

    def of(self, year: int) -> tuple[HarvestedSale, ...]:
        """The sales of one year."""
        return tuple(each for each in self.sales if each.sale.sold.year == year)


async def show_harvests(
    store: Store, market: Market, *, member: Member, portfolio_id: PortfolioId
) -> HarvestLedger:
    """Show what was harvested in each year in the portfolios that a member belongs to."""
    today = (await market.moment()).session.date
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.SEE_HARVESTED)
        household = managed.portfolio.household_id
        ledger = await read_ledger(work, [household], today)
        mine = await work.portfolios.of_member(member.id)
        seen = await work.portfolios.many([portfolio.id for portfolio in mine])
        places = {account.id: each.portfolio.slug for each in seen for account in each.accounts}
        orders = await work.harvests.sales(sorted(places))
        waiting = await work.harvests.waiting([portfolio_id])
    washes = washes_of(ledger, household)
    owners = owners_of(ledger, household, washes, today)
    names = {number: owner.name for number, owner in owners.items()}
    sales = tuple(_harvested(ledger, washes, places, orders, names))
    years = _years(ledger, household, washes, sales, names, today)
    return HarvestLedger(managed, today.year, years, sales, waiting)


def _harvested(
    ledger: Ledger,
    washes: Washes,
    places: Mapping[AccountId, str],
    orders: Mapping[ClientOrderId, ProposalId],
    names: Mapping[MemberId, str],
) -> Iterable[HarvestedSale]:
    """The sales of harvests at a loss, oldest first."""
    disallowed = washes.disallowed()
    found = [
        HarvestedSale(
            sale,
            disallowed.get((sale.execution, sale.part), ZERO),
            place,
            names.get(sale.owner_id, "") if sale.owner_id is not None else "",
            orders[order],
        )
        for account, place in places.items()
        for sale in ledger.sales.get(account, ())
        if (order := ClientOrderId(sale.execution.partition("/")[0])) in orders
        and sale.gain is not None
        and sale.gain < ZERO
    ]
    return sorted(found, key=lambda each: (each.sale.sold, each.sale.symbol, each.sale.execution))


def _years(
    ledger: Ledger,
    household: HouseholdId,
    washes: Washes,
    sales: Iterable[HarvestedSale],
    names: Mapping[MemberId, str],
    today: date,
) -> tuple[HarvestYear, ...]:
    """Each year and person with a harvest; newest first."""
    every = tuple(sales)
    carried = {
        (year, member): after
        for member in names
        for year, after in _carried(ledger, household, washes, member, today).items()
    }
    keys = sorted({(each.sale.sold.year, each.sale.owner_id) for each in every if each.owner})
    years = []
    for year, member in reversed(keys):
        if member is None:
            continue
        of_year = [e for e in every if (e.sale.sold.year, e.sale.owner_id) == (year, member)]
        after = carried.get((year, member), TaxYear())
        short = _counted(of_year, is_short=True)
        years.append(
            HarvestYear(
                year,
                names[member],
                short,
                _counted(of_year, is_short=False),
                sum((each.disallowed for each in of_year), ZERO),
                after.carried_short,
                after.carried_long,
            )
        )
    return tuple(years)


def _counted(sales: Iterable[HarvestedSale], *, is_short: bool) -> Decimal:
    return sum(
        (
            each.counted
            for each in sales
            if (counted_as(each.sale.term, -each.loss) is Term.SHORT) is is_short
        ),
        ZERO,
    )


def _carried(
    ledger: Ledger, household: HouseholdId, washes: Washes, member: MemberId, today: date
) -> dict[int, TaxYear]:
    """What each year leaves to the next one, as that one has it: calculated, or told."""
    chain = years_of(ledger, household, washes, member, date(today.year + 1, 1, 1))
    return {each.year - 1: each.figures for each in chain}
