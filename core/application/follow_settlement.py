"""Follow a settlement: where a broker's money must settle first, what was sold is invested by a look of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core.application.check_drift import SETTLED
from core.application.market import Market
from core.domain.ids import PortfolioId
from core.domain.order import Order
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import EndOfHistory
from core.domain.report import by_account, sold_not_bought
from core.domain.session import Session
from core.domain.settlement import exchange_date, is_settlement_day
from core.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Look:
    """When a portfolio is looked at for purchases, because the money of its sales has settled."""

    portfolio_id: PortfolioId
    session: date
    due_at: datetime


def look_after(market: Market, managed: ManagedPortfolio, orders: Sequence[Order]) -> Look | None:
    """When the purchases of a plan are to be planned that wait for its sales to settle; None where none do."""
    cases = [sold_not_bought(each) for each in by_account(orders).values()]
    sold = [o for case in cases if case and case.goes_on_by_itself for o in case.sold]
    if not sold:
        return None
    last = max(exchange_date(fill.at) for order in sold for fill in order.fills)
    session = _settlement_after(market, last)
    if session is None:
        return None
    due_at = min(session.slot_at(slot) for slot in managed.policy.check_times)
    return Look(managed.portfolio.id, session.date, due_at)


def _settlement_after(market: Market, traded: date) -> Session | None:
    """The session in which what was traded on a day settles; None at the end of the calendar."""
    try:
        session = market.calendar.next_after(traded)
        while not is_settlement_day(session.date):
            session = market.calendar.next_after(session.date)
    except EndOfHistory:
        return None
    return session


async def schedule(work: UnitOfWork, look: Look) -> bool:
    """Make the row of the look, in the caller's unit of work; False where it is there already."""
    return await work.checks.add_due(look.portfolio_id, look.session, SETTLED, look.due_at)
