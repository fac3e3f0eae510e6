"""Pause and resume: the kill switch of a portfolio."""

from __future__ import annotations

from core.application.access import require_role
from core.application.refresh_pinned import refresh_pinned
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Permission
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store


async def pause(store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId) -> None:
    """Stop: from now on no order of this portfolio is sent. Every approver may pull this."""
    await _set(store, clock, member, portfolio_id, Permission.APPROVE, paused=True)


async def resume(store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId) -> None:
    """Go on; only an owner may."""
    await _set(store, clock, member, portfolio_id, Permission.MANAGE, paused=False)


async def _set(
    store: Store,
    clock: Clock,
    member: Member,
    portfolio_id: PortfolioId,
    permission: Permission,
    *,
    paused: bool,
) -> None:
    action = "pause" if paused else "resume"
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, permission, action)
        await work.portfolios.set_paused(portfolio_id, paused=paused)
        await refresh_pinned(work, [portfolio_id], clock.now())
        await work.log.record(AuditEvent(clock.now(), action, member.id, portfolio_id))
