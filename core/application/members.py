"""Members of a portfolio: who they are, and changing or ending their role."""

from __future__ import annotations

from datetime import datetime

from core.application.access import managed_for, require_role
from core.application.hold_back import hold_back
from core.application.households import leave_household
from core.application.let_go_of_keys import let_go_of_keys
from core.application.tell import refresh_undecided
from core.domain.change_kinds import RoleChange
from core.domain.ids import PortfolioId, UserId
from core.domain.membership import Member, Membership, Role, require_an_owner_left
from core.domain.permissions import Act
from core.domain.refusals import UnknownMember
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def list_members(
    store: Store, *, member: Member, portfolio_id: PortfolioId
) -> tuple[Membership, ...]:
    """Return everybody in a portfolio."""
    async with store.read() as work:
        await require_role(work, member, portfolio_id, Act.SEE_MEMBERS)
        return await work.people.memberships(portfolio_id)


async def change_role(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    user_id: UserId,
    role: Role,
) -> Membership:
    """Give a member another role; the portfolio keeps an owner.

    One that decides in a live portfolio is only made out, to be asked for: NeedsAgreement.
    """
    now = clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.CHANGE_ROLES)
        changed = await find_member(work, portfolio_id, user_id)
        if role is not Role.OWNER:
            require_an_owner_left(await work.people.memberships(portfolio_id), changed.member.id)
        what = RoleChange(changed.member.id, changed.role, role)
        held = await hold_back(work, managed, what, member, now)
        if held is None:
            return await put_role(work, changed, role, by=member, now=now)
    raise held


async def put_role(
    work: UnitOfWork, changed: Membership, role: Role, *, by: Member, now: datetime
) -> Membership:
    """Give a member another role, inside the caller's unit of work."""
    portfolio_id, person = changed.portfolio_id, changed.member
    if role is not Role.OWNER:
        require_an_owner_left(await work.people.memberships(portfolio_id), person.id)
    await work.people.set_role(person.id, portfolio_id, role)
    await refresh_undecided(work, portfolio_id, now)
    data = f"{person.user_id}:{role}"
    await work.log.record(AuditEvent(now, "role_changed", by.id, portfolio_id, data=data))
    return Membership(portfolio_id, person, role)


async def remove_member(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, user_id: UserId
) -> Membership:
    """Take a member out of a portfolio; from then on their old buttons are refused.

    Another one who decides in a live portfolio is not taken out at once; that is made out, to be asked for:
    NeedsAgreement.
    """
    now = clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.REMOVE_MEMBERS)
        removed = await find_member(work, portfolio_id, user_id)
        require_an_owner_left(await work.people.memberships(portfolio_id), removed.member.id)
        held = None
        if removed.member.id != member.id:
            what = RoleChange(removed.member.id, removed.role, None)
            held = await hold_back(work, managed, what, member, now)
        if held is None:
            return await put_out(work, removed, by=member, now=now)
    raise held


async def leave_portfolio(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> Membership:
    """Leave a portfolio oneself."""
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.LEAVE)
        leaving = await find_member(work, portfolio_id, member.user_id)
        return await put_out(work, leaving, by=member, now=clock.now())


async def put_out(
    work: UnitOfWork, removed: Membership, *, by: Member, now: datetime
) -> Membership:
    """Take a member out of a portfolio, inside the caller's unit of work."""
    portfolio_id, person = removed.portfolio_id, removed.member
    require_an_owner_left(await work.people.memberships(portfolio_id), person.id)
    await work.people.remove_membership(person.id, portfolio_id)
    await refresh_undecided(work, portfolio_id, now)
    managed = await work.portfolios.get(portfolio_id)
    await let_go_of_keys(work, person.id, managed.accounts, now)
    await leave_household(work, person.id, managed.portfolio.household_id)
    data = str(person.user_id)
    await work.log.record(AuditEvent(now, "member_removed", by.id, portfolio_id, data=data))
    return removed


async def find_member(work: UnitOfWork, portfolio_id: PortfolioId, user_id: UserId) -> Membership:
    """One of a portfolio's members; raises UnknownMember."""
    for membership in await work.people.memberships(portfolio_id):
        if membership.member.user_id == user_id:
            return membership
    raise UnknownMember(str(user_id))
