"""The store of the conversation: chats, dialogues, seen updates, the outbox."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.ids import (
    ChatId,
    MemberId,
    OutboxId,
    PortfolioId,
    TopicId,
)
from core.domain.outbox import OutboxItem, QueuedItem
from core.ports.store.records import Chat, Dialogue


class Conversation(Protocol):
    """Chats, dialogues, seen updates, and the outbox."""

    async def chat(self, chat_id: ChatId, topic_id: TopicId | None = None) -> Chat | None:
        """A known chat; one of its topics is about the chat's portfolio until it has one of its own."""
        ...

    async def save_chat(self, chat: Chat) -> None:
        """Remember a chat, or what changed about it; of a topic, what it is about and nothing of the rest."""
        ...

    async def topic_about(self, portfolio_id: PortfolioId, chat_id: ChatId) -> TopicId | None:
        """The first topic of a group that was chosen to be about a portfolio."""
        ...

    async def forget_topic(self, chat_id: ChatId, topic_id: TopicId) -> None:
        """A topic is gone or closed: what went there goes to the group itself from now on."""
        ...

    async def shows_amounts(self, portfolio_id: PortfolioId, chat_id: ChatId) -> bool:
        """Whether everybody in this group may read the portfolio's amounts."""
        ...

    async def show_amounts(
        self, portfolio_id: PortfolioId, chat_id: ChatId, *, shown: bool
    ) -> None:
        """Remember whether everybody in a group may read a portfolio's amounts."""
        ...

    async def migrate_chat(self, old: ChatId, new: ChatId) -> None:
        """A group became a supergroup: everything about it moves to the new id, but for the messages.

        Those stay behind, and the numbers begin anew: what was shown in them is shown again.
        """
        ...

    async def first_sight(self, update_id: int, at: datetime) -> bool:
        """Whether this update was never seen; from now on it has been."""
        ...

    async def dialogue(self, chat_id: ChatId, member_id: MemberId) -> Dialogue | None:
        """The dialogue in progress, if any."""
        ...

    async def save_dialogue(
        self, chat_id: ChatId, member_id: MemberId, dialogue: Dialogue | None
    ) -> None:
        """Remember a dialogue's step; None ends it."""
        ...

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

    async def outbox_depth(self) -> int:
        """How many messages wait."""
        ...
