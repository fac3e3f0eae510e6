"""Members' channels in the store, as the vault has sealed them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from core.adapters.store.database import Database, Found, Question
from core.adapters.store.tables import CHANNELS, MEMBERS, OUTBOX
from core.domain.channel import Channel
from core.domain.ids import ChannelId, MemberId
from core.ports.store.channels import KeptChannel


class SqlChannels:
    """The port ``Channels`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        member_id: MemberId,
        kind: str,
        *,
        sealed: str,
        wants_proposals: bool,
        wants_rules: bool,
        at: datetime,
    ) -> Channel:
        """Keep a new channel."""
        number = await self._database.add_numbered(
            CHANNELS,
            member_id=member_id,
            kind=kind,
            sealed=sealed,
            wants_proposals=wants_proposals,
            wants_rules=wants_rules,
            created_at=at,
            failing_since=None,
            is_told=False,
        )
        return Channel(ChannelId(number), member_id, kind, wants_proposals, wants_rules, at)

    async def get(self, channel_id: ChannelId) -> KeptChannel | None:
        """One channel."""
        row = await self._database.row(_kept().where(CHANNELS.c.id == channel_id))
        return None if row is None else _kept_of(row)

    async def all(self) -> tuple[KeptChannel, ...]:
        """Every channel, oldest first."""
        return tuple(map(_kept_of, await self._database.rows(_kept().order_by(CHANNELS.c.id))))

    async def of_member(self, member_id: MemberId) -> tuple[Channel, ...]:
        """A member's channels, oldest first."""
        rows = await self._database.rows(
            select(CHANNELS).where(CHANNELS.c.member_id == member_id).order_by(CHANNELS.c.id)
        )
        return tuple(map(_channel, rows))

    async def set_wants(
        self, channel_id: ChannelId, *, proposals: bool | None, rules: bool | None
    ) -> None:
        """Whether proposals, and what rules say, go to it as well; None leaves it as it is."""
        wants = {"wants_proposals": proposals, "wants_rules": rules}
        said = {name: wanted for name, wanted in wants.items() if wanted is not None}
        if said:
            await self._database.write(
                update(CHANNELS).where(CHANNELS.c.id == channel_id).values(said)
            )

    async def remove(self, channel_id: ChannelId) -> bool:
        """Forget a channel and what waits for it; False where it was gone."""
        await self._database.write(
            update(OUTBOX)
            .where(OUTBOX.c.channel_id == channel_id, OUTBOX.c.sent_at.is_(None))
            .values(has_failed=True, error="channel removed")
        )
        touched = await self._database.write(delete(CHANNELS).where(CHANNELS.c.id == channel_id))
        return touched == 1

    async def note_failure(self, channel_id: ChannelId, at: datetime) -> None:
        """It did not take a message; the first time since it last did is remembered."""
        await self._database.write(
            update(CHANNELS)
            .where(CHANNELS.c.id == channel_id, CHANNELS.c.failing_since.is_(None))
            .values(failing_since=at)
        )

    async def note_success(self, channel_id: ChannelId) -> None:
        """It took a message: what was noted of failures is over."""
        await self._database.write(
            update(CHANNELS)
            .where(CHANNELS.c.id == channel_id, CHANNELS.c.failing_since.is_not(None))
            .values(failing_since=None, is_told=False)
        )

    async def mark_told(self, channel_id: ChannelId) -> bool:
        """Note that its member is told of its failing; False where that was done before."""
        touched = await self._database.write(
            update(CHANNELS)
            .where(CHANNELS.c.id == channel_id, ~CHANNELS.c.is_told)
            .values(is_told=True)
        )
        return touched == 1

    async def reseal(self, channel_id: ChannelId, before: str, after: str) -> bool:
        """Put what was sealed anew in the place of what it was made from; False where that is no longer there."""
        touched = await self._database.write(
            update(CHANNELS)
            .where(CHANNELS.c.id == channel_id, CHANNELS.c.sealed == before)
            .values(sealed=after)
        )
        return touched == 1


def _kept() -> Question:
    return select(CHANNELS, MEMBERS.c.user_id).join(MEMBERS, MEMBERS.c.id == CHANNELS.c.member_id)


def _kept_of(row: Found) -> KeptChannel:
    return KeptChannel(_channel(row), row.user_id, row.sealed)


def _channel(row: Found) -> Channel:
    return Channel(
        row.id,
        row.member_id,
        row.kind,
        row.wants_proposals,
        row.wants_rules,
        row.created_at,
        row.failing_since,
        row.is_told,
    )
