"""Access: the one place where a use case asks whether a member may do what was asked."""

from __future__ import annotations

from core.domain.ids import PortfolioId, ProposalId
from core.domain.membership import Member, Permission, Role, require
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.domain.refusals import UnknownPortfolio, UnknownProposal
from core.ports.store import UnitOfWork


async def require_role(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, permission: Permission, action: str
) -> Role:
    """Return the member's role in a portfolio; raises UnknownPortfolio without one, NotAllowed with too low a one."""
    role = await work.people.role(member.id, portfolio_id)
    if role is None:
        raise UnknownPortfolio(slug="")
    require(role, permission, action)
    return role


async def managed_for(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, permission: Permission, action: str
) -> tuple[ManagedPortfolio, Role]:
    """Return a portfolio that the member may act on, with the role."""
    role = await require_role(work, member, portfolio_id, permission, action)
    return await work.portfolios.get(portfolio_id), role


async def proposal_for(
    work: UnitOfWork, member: Member, proposal_id: ProposalId
) -> tuple[Proposal, Role]:
    """Return a proposal that the member may see, with the role; others' proposals do not exist for them."""
    proposal = await work.proposals.get(proposal_id)
    role = await work.people.role(member.id, proposal.portfolio_id) if proposal else None
    if proposal is None or role is None:
        raise UnknownProposal(proposal_id)
    return proposal, role
