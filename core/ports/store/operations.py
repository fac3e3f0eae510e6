"""The store of operations: leases, the audit log, the market's row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.ids import (
    PortfolioId,
    ProposalId,
)
from core.ports.store.records import AuditEvent, MarketRow


class Leases(Protocol):
    """Who may do what only one process may do; each grant has a higher fencing number than all before it."""

    async def acquire(
        self, name: str, holder: str, *, now: datetime, until: datetime
    ) -> int | None:
        """Take or renew a lease; returns its fencing number, or None while another holder has it."""
        ...

    async def release(self, name: str, holder: str) -> None:
        """Give it back, if it is still this holder's."""
        ...

    async def release_all(self, holder: str) -> None:
        """Give back all that a holder has who is known to be gone."""
        ...

    async def holder(self, name: str, now: datetime) -> str | None:
        """Who has it now."""
        ...

    async def require(self, name: str, holder: str, fence: int, now: datetime) -> None:
        """Raise PermissionError unless this grant is the current one: keeps a lapsed holder from writing."""
        ...


class Log(Protocol):
    """The audit log and the market's row."""

    async def record(self, event: AuditEvent) -> None:
        """Write one audit event."""
        ...

    async def record_many(self, events: Sequence[AuditEvent]) -> None:
        """Write many audit events at once."""
        ...

    async def events(
        self, portfolio_id: PortfolioId | None, limit: int, *, without: Collection[str] = ()
    ) -> tuple[AuditEvent, ...]:
        """The latest events of a portfolio, or (None) of all, newest first; not those of the kinds ``without``."""
        ...

    async def of_kind(
        self, portfolio_id: PortfolioId, kind: str, since: datetime
    ) -> tuple[AuditEvent, ...]:
        """All events of one kind about a portfolio after an instant, oldest first."""
        ...

    async def of_proposal(
        self, portfolio_id: PortfolioId, proposal_id: ProposalId
    ) -> tuple[AuditEvent, ...]:
        """All events about one proposal of a portfolio, oldest first."""
        ...

    async def market(self) -> MarketRow | None:
        """The replay's row."""
        ...

    async def set_market(self, row: MarketRow) -> None:
        """Move the replay's instant or change its speed."""
        ...
