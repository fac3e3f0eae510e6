"""The audit log and the market's row in the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import insert, select

from core.adapters.store.database import Database, Found
from core.adapters.store.tables import AUDIT_EVENTS, MARKET_CLOCK
from core.domain.ids import PortfolioId, ProposalId
from core.ports.store import AuditEvent, MarketRow

TOLD_OTHERWISE = frozenset({"proposed", "order_sent", "expired", "executing", "check_refused"})
"""Events whose deed has a line of its own, with the ids of its check or order."""


class SqlLog:
    """The port ``Log`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, event: AuditEvent) -> None:
        """Write one audit event."""
        await self.record_many([event])

    async def record_many(self, events: Sequence[AuditEvent]) -> None:
        """Write many audit events at once."""
        await self._database.write(
            insert(AUDIT_EVENTS),
            [
                {
                    "at": event.at,
                    "kind": event.kind,
                    "member_id": event.member_id,
                    "portfolio_id": event.portfolio_id,
                    "proposal_id": event.proposal_id,
                    "data": event.data,
                }
                for event in events
            ],
        )
        for event in events:
            self._note(event)

    def _note(self, event: AuditEvent) -> None:
        """Write it down, but for what its data say: they may hold amounts and names."""
        if event.kind in TOLD_OTHERWISE:
            return
        self._database.deeds.note(
            event.kind,
            member=event.member_id,
            portfolio=event.portfolio_id,
            proposal=event.proposal_id,
        )

    async def events(
        self, portfolio_id: PortfolioId | None, limit: int, *, without: Collection[str] = ()
    ) -> tuple[AuditEvent, ...]:
        """The latest events of a portfolio, or (None) of all, newest first; not those of the kinds ``without``."""
        statement = select(AUDIT_EVENTS).order_by(AUDIT_EVENTS.c.id.desc()).limit(limit)
        if portfolio_id is not None:
            statement = statement.where(AUDIT_EVENTS.c.portfolio_id == portfolio_id)
        if without:
            statement = statement.where(AUDIT_EVENTS.c.kind.not_in(sorted(without)))
        return tuple(_event(row) for row in await self._database.rows(statement))

    async def of_kind(
        self, portfolio_id: PortfolioId, kind: str, since: datetime
    ) -> tuple[AuditEvent, ...]:
        """All events of one kind about a portfolio after an instant, oldest first."""
        rows = await self._database.rows(
            select(AUDIT_EVENTS)
            .where(
                AUDIT_EVENTS.c.portfolio_id == portfolio_id,
                AUDIT_EVENTS.c.kind == kind,
                AUDIT_EVENTS.c.at > since,
            )
            .order_by(AUDIT_EVENTS.c.id)
        )
        return tuple(_event(row) for row in rows)

    async def of_proposal(
        self, portfolio_id: PortfolioId, proposal_id: ProposalId
    ) -> tuple[AuditEvent, ...]:
        """All events about one proposal of a portfolio, oldest first."""
        rows = await self._database.rows(
            select(AUDIT_EVENTS)
            .where(
                AUDIT_EVENTS.c.portfolio_id == portfolio_id,
                AUDIT_EVENTS.c.proposal_id == proposal_id,
            )
            .order_by(AUDIT_EVENTS.c.id)
        )
        return tuple(_event(row) for row in rows)

    async def market(self) -> MarketRow | None:
        """The replay's row."""
        row = await self._database.row(select(MARKET_CLOCK))
        return None if row is None else MarketRow(row.instant, row.sessions_per_minute)

    async def set_market(self, row: MarketRow) -> None:
        """Move the replay's instant or change its speed."""
        await self._database.put(
            MARKET_CLOCK,
            ("id",),
            id=1,
            instant=row.instant,
            sessions_per_minute=row.sessions_per_minute,
        )


def _event(row: Found) -> AuditEvent:
    return AuditEvent(row.at, row.kind, row.member_id, row.portfolio_id, row.proposal_id, row.data)
