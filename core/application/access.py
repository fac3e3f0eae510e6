"""Access: the one place where a use case asks whether a member may do what was asked."""

from __future__ import annotations

from core.domain.ids import AccountId, PortfolioId, ProposalId
from core.domain.membership import Member, Role
from core.domain.permissions import Act, require
from core.domain.portfolio import ManagedAccount, ManagedPortfolio, slug_of
from core.domain.proposal import Proposal
from core.domain.refusals import (
    UnknownAccount,
    UnknownPortfolio,
    UnknownProposal,
    WhichAccount,
)
from core.ports.store import UnitOfWork


async def require_role(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, act: Act
) -> Role:
    """Return the member's role in a portfolio; raises UnknownPortfolio without one, NotAllowed with too low a one."""
    role = await work.people.role(member.id, portfolio_id)
    if role is None:
        raise UnknownPortfolio(slug="")
    require(role, act)
    return role


async def managed_for(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, act: Act
) -> tuple[ManagedPortfolio, Role]:
    """Return a portfolio that the member may act on, with the role."""
    role = await require_role(work, member, portfolio_id, act)
    return await work.portfolios.get(portfolio_id), role


async def account_for(
    work: UnitOfWork,
    member: Member,
    portfolio_id: PortfolioId,
    act: Act,
    account_id: AccountId | None = None,
) -> tuple[ManagedAccount, Role]:
    """Return one account of a portfolio that the member may act on, with the role; None means its only one.

    Raises WhichAccount where it has several and none is named, and UnknownAccount for one that is not its own.
    """
    managed, role = await managed_for(work, member, portfolio_id, act)
    return one_account(managed, account_id), role


def named_account(managed: ManagedPortfolio, name: str | None) -> ManagedAccount:
    """The account of a name, in its short form too; None means the only one. Raises WhichAccount or UnknownAccount."""
    if name is None:
        return one_account(managed, None)
    wanted = name.strip()
    for each in managed.parts:
        if wanted.casefold() == each.account.name.casefold() or slug_of(wanted) == each.slug:
            return each
    raise UnknownAccount(wanted, tuple(account.name for account in managed.accounts))


def one_account(managed: ManagedPortfolio, account_id: AccountId | None) -> ManagedAccount:
    """The account that is meant; None means the only one. Raises WhichAccount or UnknownAccount."""
    names = tuple(account.name for account in managed.accounts)
    if account_id is None and len(managed.accounts) > 1:
        raise WhichAccount(names)
    for each in managed.parts:
        if account_id in {None, each.account.id}:
            return each
    raise UnknownAccount(f"{account_id}", names)


async def proposal_for(
    work: UnitOfWork, member: Member, proposal_id: ProposalId
) -> tuple[Proposal, Role]:
    """Return a proposal that the member may see, with the role; others' proposals do not exist for them."""
    proposal = await work.proposals.get(proposal_id)
    role = await work.people.role(member.id, proposal.portfolio_id) if proposal else None
    if proposal is None or role is None:
        raise UnknownProposal(proposal_id)
    return proposal, role
