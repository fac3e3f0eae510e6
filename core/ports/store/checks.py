"""The store of due checks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Protocol

from core.domain.ids import (
    CheckId,
    PortfolioId,
)
from core.domain.session import DueCheck
from core.ports.store.records import CheckRecord


class Checks(Protocol):
    """Due checks by slot."""

    async def add_due(
        self, portfolio_id: PortfolioId, session: date, slot: str, due_at: datetime
    ) -> bool:
        """Make the row of a scheduled check; False when it exists."""
        ...

    async def add_due_many(self, rows: Sequence[tuple[PortfolioId, date, str, datetime]]) -> int:
        """Make many such rows at once, and return how many were new."""
        ...

    async def unscheduled(self) -> tuple[PortfolioId, ...]:
        """The portfolios with targets that have no unfinished scheduled check."""
        ...

    async def drop_unfinished(self, portfolio_id: PortfolioId) -> None:
        """Forget a portfolio's scheduled checks that have not begun: its check times have changed."""
        ...

    async def due(self, until: datetime) -> tuple[DueCheck, ...]:
        """The unfinished checks whose time has come, oldest first."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the earliest unfinished check falls due."""
        ...

    async def next_due_of(self, portfolio_id: PortfolioId) -> datetime | None:
        """When a portfolio's next scheduled check falls due, or the repetition of one."""
        ...

    async def get(self, check_id: CheckId) -> CheckRecord | None:
        """One check."""
        ...

    async def by_slot(
        self, portfolio_id: PortfolioId, session: date, slot: str
    ) -> CheckRecord | None:
        """The check of a slot."""
        ...

    async def finish(self, check_id: CheckId, outcome: str, detail: str, at: datetime) -> bool:
        """Close a check; False when it was closed before."""
        ...

    async def finish_many(
        self, outcomes: Sequence[tuple[CheckId, str, str]], at: datetime
    ) -> frozenset[CheckId]:
        """Close many checks at once, and return those that were not closed before."""
        ...

    async def previous_sessions(
        self,
        portfolio_ids: Collection[PortfolioId],
        before: date,
        without: Collection[str] = (),
    ) -> dict[PortfolioId, date]:
        """The last session before a day on which each portfolio's scheduled check was finished.

        Checks that came to an outcome in ``without`` do not count.
        """
        ...

    async def recent(self, portfolio_id: PortfolioId, limit: int) -> tuple[CheckRecord, ...]:
        """The latest finished checks, newest first."""
        ...

    async def latest_of(
        self, portfolio_ids: Collection[PortfolioId], slot: str
    ) -> dict[PortfolioId, date]:
        """The last session of each portfolio whose check of this slot was finished."""
        ...

    async def unfinished(
        self, portfolio_ids: Collection[PortfolioId], slot: str
    ) -> frozenset[PortfolioId]:
        """The portfolios that have a check of this slot, or a repetition of it, still to come."""
        ...

    async def last(self, portfolio_id: PortfolioId) -> CheckRecord | None:
        """The latest finished check."""
        ...
