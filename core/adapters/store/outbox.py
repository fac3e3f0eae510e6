"""The outbox in the store: messages that wait, in which order they go, and what became of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
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
from core.adapters.store.tables import OUTBOX, PINNED
from core.domain.ids import ChatId, OutboxId, PortfolioId
from core.domain.outbox import MessageKind, OutboxItem, Priority, QueuedItem

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


class SqlOutbox:
    """The port ``Outbox`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

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

    async def depth(self) -> int:
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
