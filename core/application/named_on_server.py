"""What is named on the server itself, where all portfolios can be: a portfolio, its account, its owner."""

from __future__ import annotations

from core.application.access import named_account
from core.domain.ids import UserId
from core.domain.membership import Member, Role
from core.domain.portfolio import Account, ManagedPortfolio, Portfolio, under_own_names
from core.domain.refusals import UnknownMember, UnknownPortfolio, WhichOwner
from core.ports.store import UnitOfWork


async def all_portfolios(work: UnitOfWork) -> tuple[ManagedPortfolio, ...]:
    """Every portfolio of this installation."""
    ids = [portfolio.id for portfolio in await work.portfolios.every()]
    return await work.portfolios.many(ids)


async def portfolio_named(work: UnitOfWork, slug: str) -> ManagedPortfolio:
    """The portfolio of a short name, whoever it belongs to; raises UnknownPortfolio."""
    wanted = slug.partition("#")[0].strip().removeprefix("@").casefold()
    named = under_own_names(await work.portfolios.every())
    for portfolio in named:
        if portfolio.slug == wanted:
            return await work.portfolios.get(portfolio.id)
    raise UnknownPortfolio(wanted, tuple(portfolio.slug for portfolio in named))


def account_named(managed: ManagedPortfolio, slug: str) -> Account:
    """The account that is named behind the portfolio, or else its only one.

    Raises UnknownAccount or WhichAccount.
    """
    name = slug.partition("#")[2]
    return named_account(managed, name or None).account


async def owner_named(work: UnitOfWork, portfolio: Portfolio, user_id: UserId | None) -> Member:
    """The owner of a portfolio who is meant, or else its only one; raises WhichOwner or UnknownMember."""
    members = await work.people.memberships(portfolio.id)
    owners = [each.member for each in members if each.role is Role.OWNER]
    if user_id is None:
        if len(owners) == 1:
            return owners[0]
        raise WhichOwner(portfolio.slug, tuple((int(o.user_id), o.name) for o in owners))
    for owner in owners:
        if owner.user_id == user_id:
            return owner
    if any(each.member.user_id == user_id for each in members):
        raise WhichOwner(portfolio.slug, tuple((int(o.user_id), o.name) for o in owners))
    raise UnknownMember(str(user_id))


# --- looking -------------------------------------------------------------------------------------
