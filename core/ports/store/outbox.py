"""The store of the outbox: what is to be said in chats and channels, until it has been."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.ids import ChatId, OutboxId, PortfolioId
from core.domain.outbox import OutboxItem, QueuedItem


class Outbox(Protocol):
    """Messages that wait to be sent, and what becomes of each."""

    async def enqueue(self, items: Sequence[OutboxItem], at: datetime) -> int:
        """Put messages into the outbox; one whose dedup key was there before is dropped. Returns how many were new."""
        ...

    async def edit_pinned(self, portfolio_ids: Collection[PortfolioId], at: datetime) -> None:
        """Put the wish into the outbox to have portfolios' pinned messages made or edited, one for each that is kept.

        It takes the place of an older one that was not tried yet: they are rendered when they are sent, so that only
        the newest says anything.
        """
        ...

    async def waiting_in(self, chat_id: ChatId) -> tuple[QueuedItem, ...]:
        """Everything that waits for a chat, in order of writing, whatever it waits for."""
        ...

    async def fold(
        self, aside: Sequence[QueuedItem], instead: Sequence[QueuedItem], at: datetime
    ) -> None:
        """Call some of a chat's waiting messages told, and let the others follow in this order, with new numbers.

        ``instead`` begins with what tells of those; each keeps the instant at which it was written.
        """
        ...

    async def queued(self, now: datetime, limit: int) -> tuple[QueuedItem, ...]:
        """Unsent messages whose time has come: per chat in order of writing, decisions first among chats."""
        ...

    async def queued_for_channels(self, now: datetime) -> tuple[QueuedItem, ...]:
        """The first unsent message of each channel, where its time has come."""
        ...

    async def mark_sent(self, outbox_id: OutboxId, at: datetime) -> None:
        """A message has been sent."""
        ...

    async def keep_quiet(self, outbox_id: OutboxId, until: datetime) -> None:
        """Let a message wait for the end of its member's quiet hours; unlike one to be retried, it holds back none."""
        ...

    async def end_quiet(self, chat_id: ChatId) -> None:
        """Look anew at all that waits in a chat, and for channels of its member, for the end of quiet hours."""
        ...

    async def mark_unwanted(self, outbox_id: OutboxId, at: datetime) -> None:
        """A message is not sent, because its member does not want its kind."""
        ...

    async def mark_failed(
        self, outbox_id: OutboxId, *, retry_at: datetime | None, error: str
    ) -> None:
        """Sending failed: try again at a time, or (None) never."""
        ...

    async def depth(self) -> int:
        """How many messages wait."""
        ...
