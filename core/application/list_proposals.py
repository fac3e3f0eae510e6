"""Lists: what is open, what was decided, what was sent, what was changed."""

from __future__ import annotations

from dataclasses import dataclass

from core.application.access import require_role
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Permission
from core.domain.order import Order
from core.domain.proposal import Proposal
from core.ports.store import Change, Store


@dataclass(frozen=True, slots=True)
class History:
    """The latest proposals, and the latest changes of targets and policy, newest first."""

    proposals: tuple[Proposal, ...]
    changes: tuple[Change, ...]


async def open_proposals(
    store: Store, *, member: Member, portfolio_id: PortfolioId
) -> tuple[Proposal, ...]:
    """Return the proposals that have not ended, oldest first."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Permission.VIEW, "see the proposals")
        blocking = await work.proposals.blocking([portfolio_id])
        return blocking.get(portfolio_id, ())


async def history(
    store: Store, *, member: Member, portfolio_id: PortfolioId, limit: int = 10
) -> History:
    """Return what was proposed, decided and changed."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Permission.VIEW, "see the history")
        return History(
            await work.proposals.recent(portfolio_id, limit),
            await work.portfolios.changes(portfolio_id, limit),
        )


async def recent_orders(
    store: Store, *, member: Member, portfolio_id: PortfolioId, limit: int = 15
) -> tuple[Order, ...]:
    """Return the orders, newest first."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Permission.VIEW, "see the orders")
        return await work.orders.recent(portfolio_id, limit)
