"""A family whose broker others trade at too, and what happens there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.application.watch_accounts import watch_accounts
from core.domain.hold import Hold, HoldReason
from core.domain.ids import PortfolioId
from core.domain.look import HeldChange, changes_from_text
from core.domain.membership import Member
from core.domain.outbox import MessageKind, OutboxItem
from tests.application.acts import drifted, told
from tests.fakes.world import World

LATER = timedelta(minutes=5)


async def watched(
    world: World, targets: dict[str, Any] | None = None
) -> tuple[Member, PortfolioId]:
    """Anna's drifted portfolio, at a broker where others trade, looked at once."""
    world.broker.others_trade = True
    anna, portfolio_id = await drifted(world, targets)
    assert await watch_accounts(world.desk) == 1
    return anna, portfolio_id


async def look(world: World) -> None:
    """Five minutes later the account is looked at again."""
    world.pass_time(LATER)
    await watch_accounts(world.desk)


async def holds(world: World) -> tuple[Hold, ...]:
    async with world.store.read() as work:
        return await work.holds.every_standing()


async def reasons(world: World) -> list[HoldReason]:
    return [hold.reason for hold in await holds(world)]


async def told_of(world: World, kind: MessageKind) -> list[OutboxItem]:
    return [item for item in await told(world) if item.kind is kind]


async def changes_told(world: World) -> list[tuple[HeldChange, ...]]:
    items = await told_of(world, MessageKind.HOLDINGS_CHANGED)
    return [changes_from_text(item.data["changes"]) for item in items]
