"""Stop all: pause portfolios because of what happened to the installation, and tell their owners."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.application.tell_channels import enqueue
from core.domain.ids import ChatId
from core.domain.membership import Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.portfolio import Portfolio
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def stop_after_crashes(store: Store, clock: Clock) -> int:
    """Pause every portfolio that is not paused yet, because the process kept dying; returns how many were paused."""
    now = clock.now()
    async with store.begin() as work:
        running = [p for p in await work.portfolios.every() if not p.is_paused]
        kind = MessageKind.KEPT_CRASHING
        await stop_all(work, running, now, kind=kind, event="paused_after_crashes")
    return len(running)


async def stop_all(
    work: UnitOfWork,
    portfolios: Collection[Portfolio],
    now: datetime,
    *,
    kind: MessageKind,
    event: str,
    mark: str = "",
) -> None:
    """Pause portfolios and tell each one's owners why by a notice of this kind.

    ``mark`` is what makes the notice one of its kind, so that it is told once; without it, each stop is told.
    """
    for portfolio in portfolios:
        await work.portfolios.set_paused(portfolio.id, paused=True)
        items = await _notices(work, portfolio, kind, mark or now.isoformat())
        await enqueue(work, items, now)
        await work.log.record(AuditEvent(now, event, None, portfolio.id))


async def _notices(
    work: UnitOfWork, portfolio: Portfolio, kind: MessageKind, mark: str
) -> tuple[OutboxItem, ...]:
    members = await work.people.memberships(portfolio.id)
    return tuple(
        OutboxItem(
            kind,
            ChatId(m.member.user_id),
            f"{kind}:{portfolio.id}:{mark}:{m.member.user_id}",
            portfolio.id,
            priority=Priority.DECISION,
        )
        for m in members
        if m.role is Role.OWNER
    )
