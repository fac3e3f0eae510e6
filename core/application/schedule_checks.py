"""Schedule: give every portfolio the row of its next check."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import TypeAlias

from core.application.market import Market, Moment
from core.application.refresh_pinned import refresh_pinned
from core.domain.ids import PortfolioId
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio
from core.domain.refusals import EndOfHistory
from core.domain.session import Session
from core.domain.slot import Slot, slot_name
from core.ports.clock import Clock
from core.ports.store import Store

DueSlot: TypeAlias = tuple[date, str, datetime]
"""In which session, at which slot, and when that falls due."""

DueRow: TypeAlias = tuple[PortfolioId, date, str, datetime]
"""The row of a check: whose, in which session, at which slot, and when that falls due."""


async def schedule_checks(store: Store, market: Market, clock: Clock | None = None) -> int:
    """Make the next due check of each portfolio that has none, and return how many were made.

    Only the next one: after downtime there is exactly one catch-up, whatever was missed. With a clock, pinned messages
    say when it is.
    """
    moment = await market.moment()
    async with store.read() as work:
        waiting = await work.checks.unscheduled()
        portfolios = await work.portfolios.many(waiting) if waiting else ()
    rows = [row for managed in portfolios if (row := next_row(market, managed, moment)) is not None]
    if not rows:
        return 0
    async with store.begin() as work:
        if clock is not None:
            await refresh_pinned(work, [row[0] for row in rows], clock.now())
        return await work.checks.add_due_many(rows)


def next_row(market: Market, managed: ManagedPortfolio, moment: Moment) -> DueRow | None:
    """The row of a portfolio's next check after a moment; None where the calendar ends before it."""
    found = next_slot(market, managed.policy, moment)
    return None if found is None else (managed.portfolio.id, *found)


def next_slot(market: Market, policy: Policy, moment: Moment) -> DueSlot | None:
    """The next check that a policy asks for after a moment; None where the calendar ends before it."""
    times = policy.check_times
    found = _next_slot(moment.session, times, moment.now)
    if found is None:
        try:
            found = _next_slot(market.calendar.next_after(moment.session.date), times, moment.now)
        except EndOfHistory:
            return None
    if found is None:
        return None
    session, slot = found
    return session.date, slot_name(slot), session.slot_at(slot)


def _next_slot(
    session: Session, slots: Collection[Slot], now: datetime
) -> tuple[Session, Slot] | None:
    """The session's next slot; which is first depends on its hours. Slots that fall together are one."""
    due = ((session.slot_at(slot), slot) for slot in slots)
    later = [(at, slot) for at, slot in due if at > now]
    return (session, min(later, key=lambda each: each[0])[1]) if later else None
