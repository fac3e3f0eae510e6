"""Performance: what a portfolio has earned in a time, what was done in it by whom, and against doing nothing at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from core.application.access import managed_for
from core.application.ask_flows import ask_flows
from core.application.compare_left_alone import Comparison, Lack, compare
from core.application.market import Market
from core.application.measured import Span, read_span
from core.application.show_proposal import ProposalView, view_of
from core.domain.cash_moves import Income
from core.domain.ids import PortfolioId
from core.domain.ledger import RealisedSale
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.performance import (
    Course,
    Period,
    Valued,
    a_year,
    money_weighted,
    moved,
    time_weighted,
)
from core.domain.permissions import Act
from core.domain.portfolio import ManagedPortfolio
from core.ports.broker import Brokers
from core.ports.store import Change, Store, UnitOfWork

PROPOSALS_READ = 200
CHANGES_READ = 200


@dataclass(frozen=True, slots=True)
class Performance:
    """What became of a portfolio in a time; money is in its currency, returns are fractions of the whole time.

    ``proposals`` are those that were put in it, oldest first, ``sales`` what was realised in it. ``against`` is what
    never having traded would have come to, or why that is not told; None where it was not asked for. ``income`` is what
    brokers have paid and charged; None where they do not tell. ``changes`` are those of targets and policy.
    """

    managed: ManagedPortfolio
    span: Span
    proposals: tuple[ProposalView, ...]
    sales: tuple[RealisedSale, ...]
    against: Comparison | Lack | None = None
    income: Income | None = None
    changes: tuple[Change, ...] = ()

    @property
    def began(self) -> Valued | None:
        """The value before the time, or else its first; None without any."""
        return self.span.valued[0] if self.span.values else None

    @property
    def ended(self) -> Valued | None:
        """The last value; None without any."""
        return self.span.valued[-1] if self.span.values else None

    @property
    def moved(self) -> tuple[Decimal, Decimal] | None:
        """The money that came and the money that went; None where that is not known."""
        return None if self.span.flows is None else moved(self.span.flows)

    @property
    def gain(self) -> Decimal | None:
        """What the value changed by beside the money that came and went; None where that is not known."""
        return Course(self.span.valued, self.span.flows).gain

    @property
    def by_time(self) -> Decimal | None:
        """The return as if no money had come or gone."""
        return None if self.span.flows is None else time_weighted(self.span.valued, self.span.flows)

    @property
    def by_money(self) -> Decimal | None:
        """The return of the money for the time that it was there."""
        return (
            None if self.span.flows is None else money_weighted(self.span.valued, self.span.flows)
        )

    def of_a_year(self, growth: Decimal | None) -> Decimal | None:
        """A return of the time as that of a year; None for less than a year."""
        if growth is None or self.began is None or self.ended is None:
            return None
        return a_year(growth, self.ended.at - self.began.at)

    @property
    def cost(self) -> Decimal:
        """What trading has cost: commissions, and how far executions were from the quotes."""
        return sum((v.report.cost for v in self.proposals if v.report is not None), ZERO)

    @property
    def tax(self) -> Decimal | None:
        """The tax that was expected of the plans that were carried out; None where none of them told one."""
        taxes = [v.proposal.revision.plan.tax for v in self.proposals if v.report is not None]
        known = [tax for tax in taxes if tax is not None]
        return sum(known, ZERO) if known else None

    @property
    def realised(self) -> Decimal | None:
        """The gains and losses of sales whose basis is known; None where none is."""
        gains = [sale.gain for sale in self.sales if sale.gain is not None]
        return sum(gains, ZERO) if gains else None

    @property
    def sales_unknown(self) -> int:
        """Sales of which the gain is not known."""
        return sum(sale.gain is None for sale in self.sales)


async def show_performance(
    store: Store,
    brokers: Brokers,
    market: Market,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    period: Period,
) -> Performance:
    """Look back over a period.

    Brokers are asked what money came and went where it does not move through us, and the source of closes once, for the
    comparison with doing nothing.
    """
    moment = await market.moment()
    async with store.read() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.SEE_PORTFOLIO)
        found = await read_performance(work, managed, period.begins(moment.today))
    if found.span.flows is None:
        told = await ask_flows(brokers, managed, found.span)
        span, income = (found.span, None) if told is None else told
        return replace(found, span=span, income=income, against=Lack.NOT_SIMULATED)
    return replace(found, against=await compare(store, market, managed, found.span, moment))


async def read_performance(
    work: UnitOfWork, managed: ManagedPortfolio, first: date | None, last: date | None = None
) -> Performance:
    """The same from the store alone, for the days from ``first`` to ``last``."""
    span = await read_span(work, managed, first, last)
    noted = span.noted
    if noted is None:
        return Performance(managed, span, (), ())
    sales = await work.taxes.realised(
        [account.id for account in managed.accounts], first or date.min
    )
    ended = span.values[-1].session
    changes = await work.portfolios.changes(managed.portfolio.id, CHANGES_READ)
    return Performance(
        managed,
        span,
        await _proposals(work, managed.portfolio.id, *noted),
        tuple(sale for sale in sales if sale.sold <= ended),
        changes=tuple(each for each in reversed(changes) if noted[0] < each.at <= noted[1]),
    )


async def _proposals(
    work: UnitOfWork, portfolio_id: PortfolioId, since: datetime, until: datetime
) -> tuple[ProposalView, ...]:
    found = await work.proposals.recent(portfolio_id, PROPOSALS_READ)
    within = [each for each in reversed(found) if since < each.created_at <= until]
    return tuple([await view_of(work, each.id) for each in within])
