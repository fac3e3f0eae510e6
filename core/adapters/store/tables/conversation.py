"""Tables of the conversation: chats, dialogues, updates, the outbox. Chat ids are Telegram's own numbers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint

from core.adapters.store.tables.base import (
    Base,
    document,
    index_where,
    instant,
    link,
    number,
    telegram_id,
)


class ChatRow(Base, table=True):
    """A chat that the bot speaks in, and the portfolio that commands in it act on."""

    __tablename__ = "chats"

    id: int = telegram_id(primary=True)
    kind: str
    title: str
    portfolio_id: int | None = link("portfolios.id", null=True)


class TopicRow(Base, table=True):
    """A topic of a group, and the portfolio that commands in it act on."""

    __tablename__ = "topics"

    chat_id: int = telegram_id(primary=True)
    topic_id: int = telegram_id(primary=True)
    title: str = ""
    portfolio_id: int | None = link("portfolios.id", null=True)


class ShownAmountsRow(Base, table=True):
    """A group in which a portfolio's amounts may be read by everybody; everywhere else in groups they are hidden."""

    __tablename__ = "shown_amounts"

    portfolio_id: int = link("portfolios.id", primary=True)
    chat_id: int = telegram_id(primary=True)


class DialogueRow(Base, table=True):
    """A conversation in progress between one person and the bot in one chat."""

    __tablename__ = "dialogues"

    chat_id: int = telegram_id(primary=True)
    member_id: int = link("members.id", primary=True)
    name: str
    step: str
    data: str = document()


class SeenUpdateRow(Base, table=True):
    """An update that was handled once."""

    __tablename__ = "seen_updates"

    update_id: int = telegram_id(primary=True)
    seen_at: datetime = instant()


class OutboxRow(Base, table=True):
    """A message to send: a kind and ids, rendered when it is sent; it waits until it is sent or has failed for good."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("dedup_key"),
        index_where(
            "ix_outbox_waiting",
            "chat_id",
            "id",
            where="sent_at IS NULL AND has_failed = 0",
            postgres="sent_at IS NULL AND NOT has_failed",
        ),
        index_where(
            "ix_outbox_waiting_by_portfolio",
            "portfolio_id",
            where="sent_at IS NULL AND has_failed = 0",
            postgres="sent_at IS NULL AND NOT has_failed",
        ),
        {"sqlite_autoincrement": True},
    )

    id: int | None = number()
    kind: str
    chat_id: int = telegram_id()
    topic_id: int | None = telegram_id(null=True)
    dedup_key: str
    portfolio_id: int | None = link("portfolios.id", null=True)
    proposal_id: int | None = link("proposals.id", null=True)
    priority: int
    data: str = document()
    created_at: datetime = instant()
    attempts: int = 0
    not_before: datetime | None = instant(null=True)
    sent_at: datetime | None = instant(null=True)
    has_failed: bool = False
    error: str = ""
    channel_id: int | None = None
    quiet_until: datetime | None = instant(null=True)
