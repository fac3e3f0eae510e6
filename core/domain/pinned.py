"""The pinned message: one a portfolio and chat, edited silently after each check, so that silence never looks dead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.ids import ChatId, PortfolioId

ANEW_AFTER = timedelta(days=1)
"""A message that was deleted is made anew, and one that could not be pinned is tried again, at most so often."""


@dataclass(frozen=True, slots=True)
class Pinned:
    """Where a portfolio's pinned message stands in a chat; ``message_id`` is None while there is none.

    ``checked_at`` is the market time of the last check that it tells of; ``made_at`` the wall time at which it was
    last made or tried to be pinned.
    """

    portfolio_id: PortfolioId
    chat_id: ChatId
    checked_at: datetime | None = None
    message_id: int | None = None
    is_pinned: bool = False
    made_at: datetime | None = None

    def may_be_made(self, now: datetime) -> bool:
        """Whether enough time has passed since it was last made: people who delete it are not nagged."""
        return self.made_at is None or now - self.made_at >= ANEW_AFTER
