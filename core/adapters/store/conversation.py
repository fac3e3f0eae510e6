"""Chats, dialogues and seen updates in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from core.adapters.store.database import Database
from core.adapters.store.documents import read_words, write_words
from core.adapters.store.tables import (
    CHATS,
    DELIVERIES,
    DIALOGUES,
    OUTBOX,
    PINNED,
    PORTFOLIOS,
    SEEN_UPDATES,
    SHOWN_AMOUNTS,
    SNOOZES,
    TOPICS,
)
from core.domain.ids import ChatId, MemberId, PortfolioId, TopicId
from core.ports.store import Chat, Dialogue

UPDATES_KEPT = timedelta(days=30)
"""How long a seen update is remembered; Telegram itself keeps updates for one day."""


class SqlConversation:
    """The port ``Conversation`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def chat(self, chat_id: ChatId, topic_id: TopicId | None = None) -> Chat | None:
        """A known chat; one of its topics is about the chat's portfolio until it has one of its own."""
        row = await self._database.row(select(CHATS).where(CHATS.c.id == chat_id))
        if row is None:
            return None
        own = None
        if topic_id is not None:
            own = await self._database.value(
                select(TOPICS.c.portfolio_id).where(
                    TOPICS.c.chat_id == chat_id, TOPICS.c.topic_id == topic_id
                )
            )
        return Chat(row.id, row.kind, row.title, own or row.portfolio_id, topic_id)

    async def save_chat(self, chat: Chat) -> None:
        """Remember a chat, or what changed about it; of a topic, what it is about and nothing of the rest."""
        if chat.topic_id is not None:
            await self._save_topic(chat, chat.topic_id)
            return
        await self._database.put(
            CHATS,
            ("id",),
            id=chat.id,
            kind=chat.kind,
            title=chat.title,
            portfolio_id=chat.portfolio_id,
        )

    async def _save_topic(self, chat: Chat, topic_id: TopicId) -> None:
        if await self.chat(chat.id) is None:
            await self.save_chat(replace(chat, topic_id=None, portfolio_id=None))
        await self._database.put(
            TOPICS,
            ("chat_id", "topic_id"),
            chat_id=chat.id,
            topic_id=topic_id,
            title="",
            portfolio_id=chat.portfolio_id,
        )

    async def topic_about(self, portfolio_id: PortfolioId, chat_id: ChatId) -> TopicId | None:
        """The first topic of a group that was chosen to be about a portfolio."""
        found = await self._database.value(
            select(func.min(TOPICS.c.topic_id)).where(
                TOPICS.c.chat_id == chat_id, TOPICS.c.portfolio_id == portfolio_id
            )
        )
        return None if found is None else TopicId(found)

    async def forget_topic(self, chat_id: ChatId, topic_id: TopicId) -> None:
        """A topic is gone or closed: nothing is put there any more."""
        await self._database.write(
            delete(TOPICS).where(TOPICS.c.chat_id == chat_id, TOPICS.c.topic_id == topic_id)
        )
        for table, chat, topic in (
            (PORTFOLIOS, PORTFOLIOS.c.home_chat_id, PORTFOLIOS.c.home_topic_id),
            (DELIVERIES, DELIVERIES.c.chat_id, DELIVERIES.c.topic_id),
        ):
            await self._database.write(
                update(table).where(chat == chat_id, topic == topic_id).values({topic.name: None})
            )

    async def shows_amounts(self, portfolio_id: PortfolioId, chat_id: ChatId) -> bool:
        """Whether everybody in this group may read the portfolio's amounts."""
        found = await self._database.value(
            select(SHOWN_AMOUNTS.c.chat_id).where(
                SHOWN_AMOUNTS.c.portfolio_id == portfolio_id, SHOWN_AMOUNTS.c.chat_id == chat_id
            )
        )
        return found is not None

    async def show_amounts(
        self, portfolio_id: PortfolioId, chat_id: ChatId, *, shown: bool
    ) -> None:
        """Remember whether everybody in a group may read a portfolio's amounts."""
        here = {"portfolio_id": portfolio_id, "chat_id": chat_id}
        if shown:
            await self._database.add_new(SHOWN_AMOUNTS, [here])
            return
        await self._database.write(
            delete(SHOWN_AMOUNTS).where(
                SHOWN_AMOUNTS.c.portfolio_id == portfolio_id, SHOWN_AMOUNTS.c.chat_id == chat_id
            )
        )

    async def migrate_chat(self, old: ChatId, new: ChatId) -> None:
        """A group became a supergroup: everything about it moves to the new id, but for the messages."""
        await self._make_room(old, new)
        await self._database.write(delete(DELIVERIES).where(DELIVERIES.c.chat_id == old))
        await self._database.write(
            update(PINNED)
            .where(PINNED.c.chat_id == old)
            .values(message_id=None, is_pinned=False, made_at=None)
        )
        moves: list[ColumnElement[Any]] = [
            CHATS.c.id,
            TOPICS.c.chat_id,
            DIALOGUES.c.chat_id,
            OUTBOX.c.chat_id,
            SHOWN_AMOUNTS.c.chat_id,
            SNOOZES.c.chat_id,
            PINNED.c.chat_id,
            PORTFOLIOS.c.home_chat_id,
        ]
        for column in moves:
            await self._database.write(
                update(column.table).where(column == old).values({column.name: new})
            )

    async def _make_room(self, old: ChatId, new: ChatId) -> None:
        """What the new id already said of itself gives way to what was known of the old one."""
        if await self._database.value(select(CHATS.c.id).where(CHATS.c.id == old)) is not None:
            await self._database.write(delete(CHATS).where(CHATS.c.id == new))
        theirs = select(DIALOGUES.c.member_id).where(DIALOGUES.c.chat_id == old)
        await self._database.write(
            delete(DIALOGUES).where(DIALOGUES.c.chat_id == new, DIALOGUES.c.member_id.in_(theirs))
        )
        shown = select(SHOWN_AMOUNTS.c.portfolio_id).where(SHOWN_AMOUNTS.c.chat_id == old)
        await self._database.write(
            delete(SHOWN_AMOUNTS).where(
                SHOWN_AMOUNTS.c.chat_id == new, SHOWN_AMOUNTS.c.portfolio_id.in_(shown)
            )
        )
        pinned = select(PINNED.c.portfolio_id).where(PINNED.c.chat_id == old)
        await self._database.write(
            delete(PINNED).where(PINNED.c.chat_id == new, PINNED.c.portfolio_id.in_(pinned))
        )

    async def first_sight(self, update_id: int, at: datetime) -> bool:
        """Whether this update was never seen; from now on it has been."""
        new = await self._database.add_new(SEEN_UPDATES, [{"update_id": update_id, "seen_at": at}])
        await self._database.write(
            delete(SEEN_UPDATES).where(SEEN_UPDATES.c.seen_at < at - UPDATES_KEPT)
        )
        return new == 1

    async def dialogue(self, chat_id: ChatId, member_id: MemberId) -> Dialogue | None:
        """The dialogue in progress, if any."""
        row = await self._database.row(
            select(DIALOGUES).where(
                DIALOGUES.c.chat_id == chat_id, DIALOGUES.c.member_id == member_id
            )
        )
        return None if row is None else Dialogue(row.name, row.step, read_words(row.data))

    async def save_dialogue(
        self, chat_id: ChatId, member_id: MemberId, dialogue: Dialogue | None
    ) -> None:
        """Remember a dialogue's step; None ends it."""
        if dialogue is None:
            await self._database.write(
                delete(DIALOGUES).where(
                    DIALOGUES.c.chat_id == chat_id, DIALOGUES.c.member_id == member_id
                )
            )
            return
        await self._database.put(
            DIALOGUES,
            ("chat_id", "member_id"),
            chat_id=chat_id,
            member_id=member_id,
            name=dialogue.name,
            step=dialogue.step,
            data=write_words(dialogue.data),
        )
