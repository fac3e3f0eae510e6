"""Note: something refused before any use case was reached leaves a line in the audit log."""

from __future__ import annotations

from core.domain.ids import PortfolioId, ProposalId
from core.domain.membership import Member
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store


async def note_attempt(
    store: Store,
    clock: Clock,
    *,
    kind: str,
    data: str,
    member: Member | None = None,
    portfolio_id: PortfolioId | None = None,
    proposal_id: ProposalId | None = None,
) -> None:
    """Record that somebody tried what is not permitted; ``data`` says what, in codes and numbers."""
    async with store.begin() as work:
        await work.log.record(
            AuditEvent(
                clock.now(),
                kind,
                member.id if member else None,
                portfolio_id,
                proposal_id,
                data[:500],
            )
        )
