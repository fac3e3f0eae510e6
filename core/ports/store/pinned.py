"""The store of pinned messages: where each portfolio's stands, and of which check it tells."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.ids import ChatId, PortfolioId
from core.domain.pinned import Pinned


class PinnedMessages(Protocol):
    """At most one pinned message for each portfolio and chat."""

    async def of(
        self, portfolio_ids: Collection[PortfolioId]
    ) -> dict[PortfolioId, tuple[Pinned, ...]]:
        """Each portfolio's pinned messages, by chat; portfolios without one are missing."""
        ...

    async def keep(self, pinned: Pinned) -> None:
        """Remember one, in the place of what was known of it."""
        ...

    async def keep_many(self, pinned: Sequence[Pinned]) -> None:
        """The same for many."""
        ...

    async def checked(self, portfolio_ids: Collection[PortfolioId], at: datetime) -> None:
        """Say when portfolios were last checked, by the market's time."""
        ...

    async def forget(self, portfolio_id: PortfolioId, chat_id: ChatId) -> bool:
        """No longer keep one up; False where there was none."""
        ...
