"""Pause and resume: the kill switch of a portfolio."""

from __future__ import annotations

from core.application.access import require_role
from core.application.refresh_pinned import refresh_pinned
from core.domain.ids import PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store


async def pause(store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId) -> None:
    """Stop: from now on no order of this portfolio is sent. Every approver may pull this."""
    await _set(store, clock, member, portfolio_id, Act.PAUSE)


async def resume(store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId) -> None:
    """Go on; only an owner may."""
    await _set(store, clock, member, portfolio_id, Act.RESUME)


async def _set(
    store: Store, clock: Clock, member: Member, portfolio_id: PortfolioId, act: Act
) -> None:
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, act)
        await work.portfolios.set_paused(portfolio_id, paused=act is Act.PAUSE)
        await refresh_pinned(work, [portfolio_id], clock.now())
        await work.log.record(AuditEvent(clock.now(), act.value, member.id, portfolio_id))
