"""Refresh pinned messages: what they tell of has changed; each is edited silently, to what is true when it is."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.domain.ids import ChatId, PortfolioId
from core.domain.outbox import MessageKind, OutboxItem
from core.ports.store import UnitOfWork


async def refresh_pinned(
    work: UnitOfWork,
    portfolio_ids: Collection[PortfolioId],
    now: datetime,
    *,
    checked_at: datetime | None = None,
) -> None:
    """Have the pinned messages that are kept brought up to date; ``checked_at`` is the market time of a new check."""
    kept = await work.pinned.of(portfolio_ids)
    if not kept:
        return
    if checked_at is not None:
        await work.pinned.checked(list(kept), checked_at)
    items = [about_pinned(p.portfolio_id, p.chat_id, now) for each in kept.values() for p in each]
    await work.conversation.put_anew(items, now)


def about_pinned(portfolio_id: PortfolioId, chat_id: ChatId, now: datetime) -> OutboxItem:
    """The wish to have one edited, or made."""
    return OutboxItem(
        MessageKind.PINNED,
        chat_id,
        f"{MessageKind.PINNED}:{portfolio_id}:{chat_id}:{now.isoformat()}",
        portfolio_id,
    )
