"""Lists: what is open, what was decided, what was sent, what was changed."""

from __future__ import annotations

from dataclasses import dataclass

from core.application.access import require_role
from core.domain.ids import PortfolioId, ProposalId
from core.domain.membership import Member
from core.domain.order import Order
from core.domain.permissions import Act
from core.domain.proposal import Proposal
from core.ports.store import Change, Store

PAGE = 5
"""How many proposals a history shows at once: as many as have room for a button each."""

CHANGES = 10


@dataclass(frozen=True, slots=True)
class History:
    """The latest proposals, and the latest changes of targets and policy, newest first.

    ``has_older``: there are proposals that are older than these.
    """

    proposals: tuple[Proposal, ...]
    changes: tuple[Change, ...]
    has_older: bool = False


async def open_proposals(
    store: Store, *, member: Member, portfolio_id: PortfolioId
) -> tuple[Proposal, ...]:
    """Return the proposals that have not ended, oldest first."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_PROPOSALS)
        blocking = await work.proposals.blocking([portfolio_id])
        return blocking.get(portfolio_id, ())


async def history(
    store: Store,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    before: ProposalId | None = None,
    limit: int = PAGE,
) -> History:
    """Return what was proposed, decided and changed; ``before`` a proposal, only what was proposed earlier."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_HISTORY)
        found = await work.proposals.recent(portfolio_id, limit + 1, before)
        changes = await work.portfolios.changes(portfolio_id, CHANGES) if before is None else ()
    return History(found[:limit], changes, has_older=len(found) > limit)


async def recent_orders(
    store: Store, *, member: Member, portfolio_id: PortfolioId, limit: int = 15
) -> tuple[Order, ...]:
    """Return the orders, newest first."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_ORDERS)
        return await work.orders.recent(portfolio_id, limit)
