"""The store of the conversation: chats, dialogues, seen updates."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from core.domain.ids import ChatId, MemberId, PortfolioId, TopicId
from core.ports.store.records import Chat, Dialogue


class Conversation(Protocol):
    """Chats, dialogues, and seen updates."""

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
