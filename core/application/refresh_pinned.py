"""Refresh pinned messages: what they tell of has changed; each is edited silently, to what is true when it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.domain.ids import PortfolioId
from core.ports.store import UnitOfWork


async def refresh_pinned(
    work: UnitOfWork,
    portfolio_ids: Collection[PortfolioId],
    now: datetime,
    *,
    checked_at: datetime | None = None,
) -> None:
    """Have the pinned messages that are kept brought up to date; ``checked_at`` is the market time of a new check."""
    if checked_at is not None:
        await work.pinned.checked(portfolio_ids, checked_at)
    await work.outbox.edit_pinned(portfolio_ids, now)
