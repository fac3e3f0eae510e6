"""Households: joining and leaving one, and sharing a portfolio with everybody in it.

A portfolio is private to its members. A shared one takes in everybody who belongs to its household, and everybody who
joins it later, as viewers; they can be given other roles or be taken out like anybody else. Sharing no more takes
nobody out. Who has no role in any portfolio of a household any more belongs to it no longer.
"""

from __future__ import annotations

from collections.abc import Collection

from core.application.access import managed_for
from core.domain.ids import HouseholdId, MemberId, PortfolioId
from core.domain.membership import Household, Member, Role
from core.domain.permissions import Act
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def my_households(store: Store, *, member: Member) -> tuple[Household, ...]:
    """Return the member's households."""
    async with store.read() as work:
        return await work.households.of_member(member.id)


async def share_portfolio(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, shared: bool
) -> int:
    """Share a portfolio with its household, or no more; returns how many came in as viewers by that."""
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.SHARE)
        await work.portfolios.set_shared(portfolio_id, shared=shared)
        come = 0
        if shared:
            household = await work.households.members_of(managed.portfolio.household_id)
            come = await _let_in(work, portfolio_id, household)
        kind = "shared" if shared else "shared_no_more"
        await work.log.record(AuditEvent(clock.now(), kind, member.id, portfolio_id))
        return come


async def join_household(work: UnitOfWork, member_id: MemberId, household_id: HouseholdId) -> None:
    """Let a member belong to a household, and see what is shared there."""
    await work.households.join(household_id, member_id)
    for portfolio in await work.portfolios.of_household(household_id):
        if portfolio.is_shared:
            await _let_in(work, portfolio.id, [member_id])


async def leave_household(work: UnitOfWork, member_id: MemberId, household_id: HouseholdId) -> None:
    """Let a member belong to a household no more, unless they still have a role there."""
    mine = await work.portfolios.of_member(member_id)
    if all(portfolio.household_id != household_id for portfolio in mine):
        await work.households.leave(household_id, member_id)


async def _let_in(
    work: UnitOfWork, portfolio_id: PortfolioId, members: Collection[MemberId]
) -> int:
    """Make those viewers who are nothing there; returns how many they were."""
    present = {each.member.id for each in await work.people.memberships(portfolio_id)}
    new = [member_id for member_id in members if member_id not in present]
    for member_id in new:
        await work.people.set_role(member_id, portfolio_id, Role.VIEWER)
    return len(new)
