"""Counts over the store, for whoever watches over the bot."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, ColumnElement, func, select

from core.adapters.store.checks import IS_SCHEDULED, UNFINISHED
from core.adapters.store.database import Database
from core.adapters.store.outbox import IS_WAITING
from core.adapters.store.tables import (
    ACCOUNT_HOLDS,
    DUE_CHECKS,
    ORDERS,
    OUTBOX,
    PORTFOLIOS,
    PROPOSALS,
)
from core.domain.order import OrderState
from core.domain.proposal import ProposalState
from core.ports.store.counts import LATE, StoreCounts

WAYS = (
    ("telegram", OUTBOX.c.channel_id.is_(None)),
    ("channels", OUTBOX.c.channel_id.is_not(None)),
)
"""Where messages go."""


class SqlCounts:
    """The port ``Counts`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(
        self, *, now: datetime, market_now: datetime, is_replay: bool = False
    ) -> StoreCounts:
        """Count everything; ``now`` is the wall's instant, ``market_now`` the exchange's."""
        proposals = await self._by(PROPOSALS.c.state)
        orders = await self._by(ORDERS.c.state)
        overdue = (UNFINISHED, IS_SCHEDULED, DUE_CHECKS.c.due_at < market_now - LATE)
        return StoreCounts(
            checks=await self._by(DUE_CHECKS.c.outcome, ~UNFINISHED),
            checks_late=None if is_replay else await self._late(),
            checks_overdue=await self._many(DUE_CHECKS.c.id, *overdue),
            proposals={ProposalState(state): number for state, number in proposals.items()},
            orders={OrderState(state): number for state, number in orders.items()},
            waiting={to: await self._many(OUTBOX.c.id, IS_WAITING, where) for to, where in WAYS},
            oldest={to: await self._oldest(now, where) for to, where in WAYS},
            given_up={
                to: await self._many(OUTBOX.c.id, OUTBOX.c.has_failed, where) for to, where in WAYS
            },
            holds=await self._many(
                ACCOUNT_HOLDS.c.account_id.distinct(), ACCOUNT_HOLDS.c.lifted_at.is_(None)
            ),
            paused=await self._many(PORTFOLIOS.c.id, PORTFOLIOS.c.is_paused),
        )

    async def _late(self) -> int:
        took = self._database.seconds_between(DUE_CHECKS.c.due_at, DUE_CHECKS.c.finished_at)
        return await self._many(DUE_CHECKS.c.id, IS_SCHEDULED, took > LATE.total_seconds())

    async def _oldest(self, now: datetime, way: ColumnElement[bool]) -> float:
        """For how many seconds the oldest message has waited that nothing but the line holds back."""
        since = func.coalesce(OUTBOX.c.quiet_until, OUTBOX.c.created_at)
        first = await self._database.value(
            select(since).where(IS_WAITING, since <= now, way).order_by(since).limit(1)
        )
        return 0.0 if first is None else max((now - first).total_seconds(), 0.0)

    async def _by(self, column: Column[str], *where: ColumnElement[bool]) -> dict[str, int]:
        rows = await self._database.rows(
            select(column, func.count()).where(*where).group_by(column).order_by(column)
        )
        return {str(word): int(number) for word, number in rows}

    async def _many(self, what: ColumnElement[int], *where: ColumnElement[bool]) -> int:
        return int(await self._database.value(select(func.count(what)).where(*where)))
