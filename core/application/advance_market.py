"""Advance: move the replay's clock session by session, doing what falls due, stopping at the first news."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.application.market import Market
from core.domain.refusals import EndOfHistory, NotReplay
from core.domain.session import NEW_YORK, Session
from core.ports.store import MarketRow, Store

STANDING_TIME = time(11, 0)
"""Where in a session the replay's clock comes to rest: in its open hours, when the default check falls due."""

Work = Callable[[], Awaitable[bool]]
"""Does the work that is due at the present instant; True where it has news for people."""


@dataclass(frozen=True, slots=True)
class Advanced:
    """Where the clock stands now, and what stopped it: ``push``, ``end``, or None where it arrived."""

    instant: datetime
    stopped_for: str | None


async def start_market(store: Store, market: Market, start: date) -> MarketRow:
    """Return the replay's row, made at the first session on or after the start where there is none."""
    async with store.read() as work:
        row = await work.log.market()
    if row is not None:
        return row
    session = market.calendar.session_on(start) or market.calendar.next_after(start)
    row = MarketRow(session.slot_at(STANDING_TIME), 0.0)
    async with store.begin() as work:
        await work.log.set_market(row)
    return row


async def set_speed(store: Store, sessions_per_minute: float) -> None:
    """Let the replay play by itself, or (0) stand still; raises NotReplay."""
    async with store.begin() as work:
        row = await work.log.market()
        if row is None:
            raise NotReplay
        await work.log.set_market(MarketRow(row.instant, max(sessions_per_minute, 0.0)))


async def advance_market(store: Store, market: Market, work: Work, *, until: date) -> Advanced:
    """Walk to the given day, or to the first session after it, doing all that falls due on the way.

    Stops at the first instant that has news for people. Raises NotReplay or EndOfHistory where nothing lies ahead.
    """
    row = await _row(store)
    session = _session_at(market, row.instant)
    while session.date < until:
        try:
            session = market.calendar.next_after(session.date)
        except EndOfHistory:
            return Advanced(row.instant, "end")
        news = await _walk_to(store, work, session.slot_at(STANDING_TIME))
        row = await _row(store)
        if news:
            return Advanced(row.instant, "push")
    return Advanced(row.instant, None)


async def advance_session(store: Store, market: Market, work: Work) -> Advanced:
    """Walk to the next session."""
    row = await _row(store)
    today = _session_at(market, row.instant).date
    return await advance_market(store, market, work, until=today + timedelta(days=1))


async def advance_month(store: Store, market: Market, work: Work) -> Advanced:
    """Walk to the first session of the next month."""
    row = await _row(store)
    today = _session_at(market, row.instant).date
    first = date(today.year + today.month // 12, today.month % 12 + 1, 1)
    return await advance_market(store, market, work, until=first)


async def _row(store: Store) -> MarketRow:
    async with store.read() as work:
        row = await work.log.market()
    if row is None:
        raise NotReplay
    return row


def _session_at(market: Market, instant: datetime) -> Session:
    day = instant.astimezone(NEW_YORK).date()
    return market.calendar.session_on(day) or market.calendar.current_or_next(instant)


async def _walk_to(store: Store, work: Work, target: datetime) -> bool:
    """Go from event to event up to an instant; True as soon as one has news."""
    while (instant := await _next_event(store, target)) is not None:
        await _set_instant(store, instant)
        if await work():
            return True
    return False


async def _next_event(store: Store, target: datetime) -> datetime | None:
    """The next instant at which something falls due, at most the target; None once we stand there.

    What should have been done by now, and was not, is tried again a minute later.
    """
    row = await _row(store)
    if row.instant >= target:
        return None
    async with store.read() as work:
        due = await work.checks.next_due_at()
    if due is not None and due <= row.instant:
        due = row.instant + timedelta(minutes=1)
    return target if due is None else min(due, target)


async def _set_instant(store: Store, instant: datetime) -> None:
    async with store.begin() as work:
        row = await work.log.market()
        speed = row.sessions_per_minute if row else 0.0
        await work.log.set_market(MarketRow(instant, speed))
