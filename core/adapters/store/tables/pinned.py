"""The table of pinned messages."""

from __future__ import annotations

from datetime import datetime

from core.adapters.store.tables.base import Base, instant, link, telegram_id


class PinnedRow(Base, table=True):
    """Where a portfolio's pinned message stands in a chat, and of which check it tells."""

    __tablename__ = "pinned_messages"

    portfolio_id: int = link("portfolios.id", primary=True)
    chat_id: int = telegram_id(primary=True)
    checked_at: datetime | None = instant(null=True)
    message_id: int | None = telegram_id(null=True)
    is_pinned: bool
    made_at: datetime | None = instant(null=True)
