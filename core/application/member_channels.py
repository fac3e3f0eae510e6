"""A member's channels: adding, trying, choosing what goes there, removing; an address is sealed, and never shown."""

from __future__ import annotations

from core.domain.channel import MOST_CHANNELS
from core.domain.channel import Channel as MemberChannel
from core.domain.ids import ChannelId
from core.domain.membership import Member
from core.domain.refusals import ChannelsNeedKey, TooManyChannels, UnknownChannel
from core.ports.channel import Channel, Notice
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork
from core.ports.store.channels import KeptChannel, channel_purpose
from core.ports.store.credentials import owner_of
from core.ports.vault import Vault


async def add_channel(
    store: Store,
    line: Channel,
    vault: Vault | None,
    clock: Clock,
    *,
    member: Member,
    address: str,
    wants_proposals: bool = False,
    wants_rules: bool = False,
) -> MemberChannel:
    """Keep an address, sealed; nothing is sent.

    Raises ChannelsNeedKey, TooManyChannels, or what the address is refused for.
    """
    if vault is None:
        raise ChannelsNeedKey
    kind = await line.kind_of(address)
    sealed = vault.seal(address, owner=owner_of(member.id), purpose=channel_purpose(kind))
    now = clock.now()
    async with store.begin() as work:
        if len(await work.channels.of_member(member.id)) >= MOST_CHANNELS:
            raise TooManyChannels(MOST_CHANNELS)
        channel = await work.channels.add(
            member.id,
            kind,
            sealed=sealed,
            wants_proposals=wants_proposals,
            wants_rules=wants_rules,
            at=now,
        )
        await work.log.record(AuditEvent(now, "channel_added", member.id, data=kind))
    return channel


async def my_channels(store: Store, *, member: Member) -> tuple[MemberChannel, ...]:
    """Return the member's channels, oldest first."""
    async with store.read() as work:
        return await work.channels.of_member(member.id)


async def choose_wants(
    store: Store,
    *,
    member: Member,
    channel_id: ChannelId,
    proposals: bool | None = None,
    rules: bool | None = None,
) -> None:
    """Let proposals, or what rules say, go to a channel as well, or not (None: as before); raises UnknownChannel."""
    async with store.begin() as work:
        await _mine(work, member, channel_id)
        await work.channels.set_wants(channel_id, proposals=proposals, rules=rules)


async def remove_channel(
    store: Store, clock: Clock, *, member: Member, channel_id: ChannelId
) -> None:
    """Forget a channel and what waits for it; raises UnknownChannel."""
    async with store.begin() as work:
        kept = await _mine(work, member, channel_id)
        await work.channels.remove(channel_id)
        data = kept.channel.kind
        await work.log.record(AuditEvent(clock.now(), "channel_removed", member.id, data=data))


async def try_channel(
    store: Store,
    line: Channel,
    vault: Vault | None,
    *,
    member: Member,
    channel_id: ChannelId,
    notice: Notice,
) -> MemberChannel:
    """Send a first message at once; raises UnknownChannel, ChannelsNeedKey, or why it did not get through."""
    async with store.read() as work:
        kept = await _mine(work, member, channel_id)
    await line.send(address_of(vault, kept), notice)
    async with store.begin() as work:
        await work.channels.note_success(channel_id)
    return kept.channel


def address_of(vault: Vault | None, kept: KeptChannel) -> str:
    """Open a channel's address; raises ChannelsNeedKey without a key, or VaultError."""
    if vault is None:
        raise ChannelsNeedKey
    channel = kept.channel
    purpose = channel_purpose(channel.kind)
    return vault.open(kept.sealed, owner=owner_of(channel.member_id), purpose=purpose)


async def _mine(work: UnitOfWork, member: Member, channel_id: ChannelId) -> KeptChannel:
    kept = await work.channels.get(channel_id)
    if kept is None or kept.channel.member_id != member.id:
        raise UnknownChannel
    return kept
