"""Schedule: give every portfolio the row of its next check."""

from __future__ import annotations

from datetime import date, datetime, time

from core.application.market import Market, Moment
from core.domain.ids import PortfolioId
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import EndOfHistory
from core.domain.session import Session, slot_name
from core.ports.store import Store


async def schedule_checks(store: Store, market: Market) -> int:
    """Make the next due check of each portfolio that has none, and return how many were made.

    Only the next one: after downtime there is exactly one catch-up, whatever was missed.
    """
    moment = await market.moment()
    async with store.read() as work:
        waiting = await work.checks.unscheduled()
        portfolios = await work.portfolios.many(waiting) if waiting else ()
    rows = [
        row for managed in portfolios if (row := _next_row(market, managed, moment)) is not None
    ]
    if not rows:
        return 0
    async with store.begin() as work:
        return await work.checks.add_due_many(rows)


def _next_row(
    market: Market, managed: ManagedPortfolio, moment: Moment
) -> tuple[PortfolioId, date, str, datetime] | None:
    times = sorted(managed.policy.check_times)
    found = _next_slot(moment.session, times, moment.now)
    if found is None:
        try:
            found = _next_slot(market.calendar.next_after(moment.session.date), times, moment.now)
        except EndOfHistory:
            return None
    if found is None:
        return None
    session, slot = found
    return managed.portfolio.id, session.date, slot_name(slot), session.slot_at(slot)


def _next_slot(session: Session, times: list[time], now: datetime) -> tuple[Session, time] | None:
    for slot in times:
        if session.slot_at(slot) > now:
            return session, slot
    return None
