"""Forgetting: what is kept of a member goes; the trail of what was decided and ordered stays, without the name."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, or_, select, update

from core.adapters.store.database import Database
from core.adapters.store.tables import (
    ACCOUNTS,
    AUDIT_EVENTS,
    CHANNELS,
    CHATS,
    CREDENTIALS,
    DELIVERIES,
    DIALOGUES,
    HOUSEHOLD_MEMBERS,
    INVITATIONS,
    MEMBERS,
    MEMBERSHIPS,
    OFFERS,
    ONE_TIME_CODES,
    OUTBOX,
    PINNED,
    SNOOZES,
    TAX_PROFILES,
    TAX_YEARS,
)
from core.domain.ids import MemberId
from core.domain.membership import FORMER

_TOLD_OF_PEOPLE = ("member_joined", "ownership_offered", "handed_over", "unreachable", "reachable")
"""Messages whose values name people; once they are sent, nothing reads the values again."""


async def forget(database: Database, member_id: MemberId) -> None:
    """Erase what is kept of a member; the row stays for the trail, as a former member's, and lets nobody in again."""
    user_id = await database.value(select(MEMBERS.c.user_id).where(MEMBERS.c.id == member_id))
    if user_id is None:
        raise KeyError(member_id)
    await _free_accounts(database, member_id)
    channels = select(CHANNELS.c.id).where(CHANNELS.c.member_id == member_id)
    gone: list[tuple[Table, ColumnElement[bool]]] = [
        (OUTBOX, or_(OUTBOX.c.chat_id == user_id, OUTBOX.c.channel_id.in_(channels))),
        *((table, table.c.member_id == member_id) for table in _OF_MEMBER),
        *((table, table.c.chat_id == user_id) for table in (PINNED, SNOOZES, DELIVERIES)),
        (CHATS, CHATS.c.id == user_id),
        (OFFERS, or_(OFFERS.c.giver_id == member_id, OFFERS.c.taker_id == member_id)),
    ]
    for table, is_theirs in gone:
        await database.write(delete(table).where(is_theirs))
    await database.write(
        update(INVITATIONS)
        .where(INVITATIONS.c.created_by == member_id)
        .values(uses=INVITATIONS.c.used)
    )
    await _clean_trail(database, user_id)
    await database.write(
        update(MEMBERS).where(MEMBERS.c.id == member_id).values(**_nobody(member_id))
    )


_OF_MEMBER = (
    DIALOGUES,
    ONE_TIME_CODES,
    CHANNELS,
    CREDENTIALS,
    MEMBERSHIPS,
    HOUSEHOLD_MEMBERS,
    TAX_PROFILES,
    TAX_YEARS,
)


def _nobody(member_id: MemberId) -> dict[str, Any]:
    """The values of a member of whom nothing is known; no Telegram user has an id below 0."""
    return {
        "user_id": -member_id,
        "name": FORMER,
        "is_active": False,
        "is_reachable": False,
        "layout": "table",
        "picture": "light",
        "language": "en",
        "preferences": "",
    }


async def _free_accounts(database: Database, member_id: MemberId) -> None:
    """Let no account be reached by keys that are about to go."""
    theirs = select(CREDENTIALS.c.id).where(CREDENTIALS.c.member_id == member_id)
    await database.write(
        update(ACCOUNTS).where(ACCOUNTS.c.credential_id.in_(theirs)).values(credential_id=None)
    )


async def _clean_trail(database: Database, user_id: int) -> None:
    """Take the Telegram user id out of the log's values, and names out of messages that were sent."""
    number = re.compile(rf"\b{user_id}\b", re.ASCII)
    rows = await database.rows(
        select(AUDIT_EVENTS.c.id, AUDIT_EVENTS.c.data).where(
            AUDIT_EVENTS.c.data.contains(str(user_id), autoescape=True)
        )
    )
    for row in rows:
        await database.write(
            update(AUDIT_EVENTS)
            .where(AUDIT_EVENTS.c.id == row.id)
            .values(data=number.sub("former", row.data))
        )
    await database.write(
        update(OUTBOX)
        .where(OUTBOX.c.sent_at.is_not(None), OUTBOX.c.kind.in_(_TOLD_OF_PEOPLE))
        .values(data="{}")
    )
