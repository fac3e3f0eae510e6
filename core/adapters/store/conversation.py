"""Chats, dialogues, seen updates and the outbox in the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)

from core.adapters.store.database import Database, Found
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
from core.domain.ids import ChatId, MemberId, OutboxId, PortfolioId, TopicId
from core.domain.outbox import MessageKind, OutboxItem, Priority, QueuedItem
from core.ports.store import Chat, Dialogue

UPDATES_KEPT = timedelta(days=30)
"""How long a seen update is remembered; Telegram itself keeps updates for one day."""

IS_WAITING = and_(OUTBOX.c.sent_at.is_(None), ~OUTBOX.c.has_failed)
"""What has not reached its end yet, whichever way it goes."""

IN_CHAT = and_(IS_WAITING, OUTBOX.c.channel_id.is_(None))
"""What waits to be said in a chat."""

_NAMED = (
    OUTBOX.c.id,
    OUTBOX.c.kind,
    OUTBOX.c.chat_id,
    OUTBOX.c.channel_id,
    OUTBOX.c.proposal_id,
    OUTBOX.c.portfolio_id,
)


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

    async def enqueue(self, items: Sequence[OutboxItem], at: datetime) -> int:
        """Put messages into the outbox; one whose dedup key was there before is dropped."""
        return await self._database.add_new(OUTBOX, [_row_of(item, at) for item in items])

    async def edit_pinned(self, portfolio_ids: Collection[PortfolioId], at: datetime) -> None:
        """Put the wish to have portfolios' pinned messages edited into the outbox, in the place of untried ones."""
        kind = MessageKind.PINNED
        await self._database.write(
            delete(OUTBOX).where(
                IN_CHAT,
                OUTBOX.c.kind == kind.value,
                OUTBOX.c.attempts == 0,
                self._database.among(OUTBOX.c.portfolio_id, portfolio_ids),
            )
        )
        portfolio, chat = PINNED.c.portfolio_id, PINNED.c.chat_id
        names = (self._database.as_text(each) for each in (portfolio, chat))
        key = literal(f"{kind}:") + next(names) + ":" + next(names) + f":{at.isoformat()}"
        row = _row_of(OutboxItem(kind, ChatId(0), ""), at)
        row |= {"portfolio_id": portfolio, "chat_id": chat, "dedup_key": key}
        wishes = (
            select(*(_column(value, OUTBOX.c[name]) for name, value in row.items()))
            .where(self._database.among(portfolio, portfolio_ids))
            .order_by(portfolio, chat)
        )
        new = self._database.insert(OUTBOX).from_select([*row], wishes).on_conflict_do_nothing()
        await self._database.write(new)

    async def waiting_in(self, chat_id: ChatId) -> tuple[QueuedItem, ...]:
        """Everything that waits for a chat, in order of writing, whatever it waits for."""
        rows = await self._database.rows(
            select(OUTBOX).where(IN_CHAT, OUTBOX.c.chat_id == chat_id).order_by(OUTBOX.c.id)
        )
        return tuple(map(_queued_of, rows))

    async def fold(
        self, aside: Sequence[QueuedItem], instead: Sequence[QueuedItem], at: datetime
    ) -> None:
        """Call some of a chat's waiting messages told, and let the others follow in this order, with new numbers."""
        told = self._database.among(OUTBOX.c.id, [queued.id for queued in aside])
        await self._database.write(
            update(OUTBOX).where(told, IN_CHAT).values(sent_at=at, error="told together")
        )
        moved = self._database.among(OUTBOX.c.id, [queued.id for queued in instead])
        await self._database.write(delete(OUTBOX).where(moved, IN_CHAT))
        for queued in instead:
            await self.enqueue([queued.item], queued.created_at)

    async def queued(self, now: datetime, limit: int) -> tuple[QueuedItem, ...]:
        """Unsent messages whose time has come: per chat in order of writing, decisions first among chats.

        A message that waits for a retry holds back the later ones of its chat, and of no other.
        """
        ready = select(OUTBOX).where(IN_CHAT, ~_is_quiet(now), ~_is_held_back(now)).cte("ready")
        urgency = func.min(ready.c.priority).over(partition_by=ready.c.chat_id)
        first = func.min(ready.c.id).over(partition_by=ready.c.chat_id)
        rows = await self._database.rows(
            select(ready).order_by(urgency, first, ready.c.id).limit(limit)
        )
        return tuple(_queued_of(row) for row in rows)

    async def queued_for_channels(self, now: datetime) -> tuple[QueuedItem, ...]:
        """The first unsent message of each channel, where its time has come."""
        first = (
            select(func.min(OUTBOX.c.id))
            .where(IS_WAITING, OUTBOX.c.channel_id.is_not(None), ~_is_quiet(now))
            .group_by(OUTBOX.c.channel_id)
        )
        is_ready = or_(OUTBOX.c.not_before.is_(None), OUTBOX.c.not_before <= now)
        rows = await self._database.rows(
            select(OUTBOX).where(OUTBOX.c.id.in_(first), is_ready).order_by(OUTBOX.c.id)
        )
        return tuple(_queued_of(row) for row in rows)

    async def mark_sent(self, outbox_id: OutboxId, at: datetime) -> None:
        """A message has been sent."""
        row = await self._database.row(
            update(OUTBOX)
            .where(OUTBOX.c.id == outbox_id, IS_WAITING)
            .values(sent_at=at, attempts=OUTBOX.c.attempts + 1, error="")
            .returning(*_NAMED)
        )
        self._note("sent", row)

    async def keep_quiet(self, outbox_id: OutboxId, until: datetime) -> None:
        """Let a message wait for the end of its member's quiet hours; it holds back no other."""
        await self._database.write(
            update(OUTBOX).where(OUTBOX.c.id == outbox_id, IS_WAITING).values(quiet_until=until)
        )

    async def end_quiet(self, chat_id: ChatId) -> None:
        """Look anew at all that waits in a chat, and for channels of its member, for the end of quiet hours."""
        await self._database.write(
            update(OUTBOX).where(OUTBOX.c.chat_id == chat_id, IS_WAITING).values(quiet_until=None)
        )

    async def mark_unwanted(self, outbox_id: OutboxId, at: datetime) -> None:
        """A message is not sent, because its member does not want its kind."""
        row = await self._database.row(
            update(OUTBOX)
            .where(OUTBOX.c.id == outbox_id, IS_WAITING)
            .values(sent_at=at, error="not wanted")
            .returning(*_NAMED)
        )
        self._note("not wanted", row)

    async def mark_failed(
        self, outbox_id: OutboxId, *, retry_at: datetime | None, error: str
    ) -> None:
        """Sending failed: try again at a time, or (None) never."""
        values: dict[str, Any] = {"attempts": OUTBOX.c.attempts + 1, "error": error}
        if retry_at is None:
            values["has_failed"] = True
        else:
            values["not_before"] = retry_at
        row = await self._database.row(
            update(OUTBOX)
            .where(OUTBOX.c.id == outbox_id, IS_WAITING)
            .values(**values)
            .returning(*_NAMED)
        )
        if retry_at is None:
            self._note("given up", row)

    def _note(self, what: str, row: Found | None) -> None:
        if row is not None:
            self._database.deeds.note(
                f"message {what}: {row.kind}",
                outbox=row.id,
                chat=row.chat_id if row.channel_id is None else None,
                channel=row.channel_id,
                proposal=row.proposal_id,
                portfolio=row.portfolio_id,
            )

    async def outbox_depth(self) -> int:
        """How many messages wait."""
        return int(
            await self._database.value(select(func.count()).select_from(OUTBOX).where(IS_WAITING))
        )


def _is_quiet(now: datetime) -> ColumnElement[bool]:
    return and_(OUTBOX.c.quiet_until.is_not(None), OUTBOX.c.quiet_until > now)


def _is_held_back(now: datetime) -> ColumnElement[bool]:
    earlier = OUTBOX.alias("earlier")
    return exists(
        select(earlier.c.id).where(
            earlier.c.chat_id == OUTBOX.c.chat_id,
            earlier.c.channel_id.is_(None),
            earlier.c.id <= OUTBOX.c.id,
            earlier.c.sent_at.is_(None),
            ~earlier.c.has_failed,
            earlier.c.not_before > now,
        )
    )


def _column(value: Any, column: Column[Any]) -> ColumnElement[Any]:
    """A value of a row as a column of a question."""
    return value if isinstance(value, ColumnElement) else literal(value, column.type)


def _row_of(item: OutboxItem, at: datetime) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "chat_id": item.chat_id,
        "topic_id": None,
        "dedup_key": item.dedup_key,
        "portfolio_id": item.portfolio_id,
        "proposal_id": item.proposal_id,
        "priority": int(item.priority),
        "data": write_words(item.data),
        "created_at": at,
        "attempts": 0,
        "not_before": None,
        "sent_at": None,
        "has_failed": False,
        "error": "",
        "channel_id": item.channel_id,
        "quiet_until": None,
    }


def _queued_of(row: Found) -> QueuedItem:
    item = OutboxItem(
        kind=MessageKind(row.kind),
        chat_id=row.chat_id,
        dedup_key=row.dedup_key,
        portfolio_id=row.portfolio_id,
        proposal_id=row.proposal_id,
        priority=Priority(row.priority),
        data=read_words(row.data),
        channel_id=row.channel_id,
    )
    return QueuedItem(row.id, item, row.attempts, row.created_at, row.quiet_until)
