"""Restored: a store put back from a backup does not know what came after it, so everything stops first."""

from __future__ import annotations

from core.domain.ids import ChatId
from core.domain.membership import Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.portfolio import Portfolio
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def freeze_restored(store: Store, clock: Clock) -> int:
    """Pause every portfolio of a restored store and tell its owners, once; returns how many were paused."""
    now = clock.now()
    async with store.begin() as work:
        restored_at = await work.people.restored_at()
        household = await work.people.first_household()
        if restored_at is None or household is None:
            return 0
        portfolios = await work.portfolios.of_household(household)
        for portfolio in portfolios:
            await work.portfolios.set_paused(portfolio.id, paused=True)
            items = await _notices(work, portfolio, restored_at.isoformat())
            await work.conversation.enqueue(items, now)
            await work.log.record(AuditEvent(now, "paused_after_restore", None, portfolio.id))
        await work.people.acknowledge_restore()
    return len(portfolios)


async def _notices(
    work: UnitOfWork, portfolio: Portfolio, restored_at: str
) -> tuple[OutboxItem, ...]:
    members = await work.people.memberships(portfolio.id)
    return tuple(
        OutboxItem(
            MessageKind.RESTORED,
            ChatId(m.member.user_id),
            f"restored:{portfolio.id}:{restored_at}:{m.member.user_id}",
            portfolio.id,
            priority=Priority.DECISION,
        )
        for m in members
        if m.role is Role.OWNER
    )
