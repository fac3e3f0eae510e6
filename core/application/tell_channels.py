"""Tell channels: what goes into the outbox goes to members' other channels too, where it concerns those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.channel import CARRIED
from core.domain.ids import ChannelId, ChatId, PortfolioId, UserId
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.permissions import Act, may
from core.ports.store import UnitOfWork
from core.ports.store.channels import KeptChannel


async def enqueue(work: UnitOfWork, items: Sequence[OutboxItem], at: datetime) -> int:
    """Put messages into the outbox, with a copy for every channel that they concern; returns how many were new.

    The one way into the outbox for use cases. A channel gets what its member gets in the private chat, and what the
    family's group gets where the member may decide there.
    """
    new = await work.outbox.enqueue(items, at)
    copies = await _copies(work, items)
    if copies:
        await work.outbox.enqueue(copies, at)
    return new


async def _copies(work: UnitOfWork, items: Sequence[OutboxItem]) -> list[OutboxItem]:
    items = [item for item in items if item.kind in CARRIED]
    kept = await work.channels.all() if items else ()
    if not kept:
        return []
    groups = {i.portfolio_id for i in items if i.chat_id < 0 and i.portfolio_id is not None}
    deciders = await _deciders(work, groups)
    return [
        _copy(item, each)
        for item in items
        for each in kept
        if each.channel.carries(item.kind) and _is_meant(item, each.user_id, deciders)
    ]


async def _deciders(
    work: UnitOfWork, portfolios: set[PortfolioId]
) -> dict[PortfolioId, frozenset[UserId]]:
    """Who may decide in each of these portfolios."""
    if not portfolios:
        return {}
    members = await work.people.memberships_of(sorted(portfolios))
    return {
        portfolio_id: frozenset(m.member.user_id for m in memberships if may(m.role, Act.APPROVE))
        for portfolio_id, memberships in members.items()
    }


def _is_meant(
    item: OutboxItem, user_id: UserId, deciders: dict[PortfolioId, frozenset[UserId]]
) -> bool:
    if item.chat_id > 0:
        return item.chat_id == ChatId(user_id)
    return item.portfolio_id is not None and user_id in deciders.get(item.portfolio_id, ())


def _copy(item: OutboxItem, kept: KeptChannel) -> OutboxItem:
    """The same for a channel: its chat is the member's private one, so that two groups' copies are one."""
    channel = kept.channel.id
    mark = item.dedup_key.removesuffix(f":{item.chat_id}")
    return replace(
        item,
        chat_id=ChatId(kept.user_id),
        dedup_key=f"{mark}:channel:{channel}",
        channel_id=channel,
    )


async def tell_failing(work: UnitOfWork, kept: KeptChannel, at: datetime) -> bool:
    """Say once, in the member's chat, that a channel has failed for long; False where that was said."""
    if not await work.channels.mark_told(kept.channel.id):
        return False
    since = kept.channel.failing_since
    item = OutboxItem(
        MessageKind.CHANNEL_FAILING,
        ChatId(kept.user_id),
        f"{MessageKind.CHANNEL_FAILING}:{kept.channel.id}:{since.isoformat() if since else ''}",
        data={"kind": kept.channel.kind, "since": since.isoformat() if since else ""},
    )
    await work.outbox.enqueue([item], at)
    return True


def channel_of(item: OutboxItem) -> ChannelId:
    """The channel that a message goes to; raises ValueError for one that goes to a chat."""
    if item.channel_id is None:
        raise ValueError(f"{item.kind} goes to a chat")
    return item.channel_id
