"""The store of channels: members' addresses as the vault has sealed them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.domain.channel import Channel
from core.domain.ids import ChannelId, MemberId, UserId


def channel_purpose(kind: str) -> str:
    """For what purpose the vault seals an address of this kind."""
    return f"channel {kind}"


@dataclass(frozen=True, slots=True)
class KeptChannel:
    """A channel, whose member is this user, and its sealed address."""

    channel: Channel
    user_id: UserId
    sealed: str = field(repr=False)


class Channels(Protocol):
    """Members' channels."""

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
        ...

    async def get(self, channel_id: ChannelId) -> KeptChannel | None:
        """One channel."""
        ...

    async def all(self) -> tuple[KeptChannel, ...]:
        """Every channel, oldest first."""
        ...

    async def of_member(self, member_id: MemberId) -> tuple[Channel, ...]:
        """A member's channels, oldest first."""
        ...

    async def set_wants(
        self, channel_id: ChannelId, *, proposals: bool | None, rules: bool | None
    ) -> None:
        """Whether proposals, and what rules say, go to it as well; None leaves it as it is."""
        ...

    async def remove(self, channel_id: ChannelId) -> bool:
        """Forget a channel and what waits for it; False where it was gone."""
        ...

    async def note_failure(self, channel_id: ChannelId, at: datetime) -> None:
        """It did not take a message; the first time since it last did is remembered."""
        ...

    async def note_success(self, channel_id: ChannelId) -> None:
        """It took a message: what was noted of failures is over."""
        ...

    async def mark_told(self, channel_id: ChannelId) -> bool:
        """Note that its member is told of its failing; False where that was done before."""
        ...

    async def reseal(self, channel_id: ChannelId, before: str, after: str) -> bool:
        """Put what was sealed anew in the place of what it was made from; False where that is no longer there."""
        ...
