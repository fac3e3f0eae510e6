"""Members of a portfolio: who they are, and changing or ending their role."""

from __future__ import annotations

from core.application.access import require_role
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
    """Give a member another role; the portfolio keeps an owner."""
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.CHANGE_ROLES)
        changed = await _find(work, portfolio_id, user_id)
        if role is not Role.OWNER:
            require_an_owner_left(await work.people.memberships(portfolio_id), changed.member.id)
        await work.people.set_role(changed.member.id, portfolio_id, role)
        await work.log.record(
            AuditEvent(
                clock.now(), "role_changed", member.id, portfolio_id, data=f"{user_id}:{role}"
            )
        )
    return Membership(portfolio_id, changed.member, role)


async def remove_member(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, user_id: UserId
) -> Membership:
    """Take a member out of a portfolio; from then on their old buttons are refused."""
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.REMOVE_MEMBERS)
        return await _remove(work, clock, member, portfolio_id, user_id)


async def leave_portfolio(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> Membership:
    """Leave a portfolio oneself."""
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.LEAVE)
        return await _remove(work, clock, member, portfolio_id, member.user_id)


async def _remove(
    work: UnitOfWork, clock: Clock, by: Member, portfolio_id: PortfolioId, user_id: UserId
) -> Membership:
    removed = await _find(work, portfolio_id, user_id)
    require_an_owner_left(await work.people.memberships(portfolio_id), removed.member.id)
    await work.people.remove_membership(removed.member.id, portfolio_id)
    await work.log.record(
        AuditEvent(clock.now(), "member_removed", by.id, portfolio_id, data=str(user_id))
    )
    return removed


async def _find(work: UnitOfWork, portfolio_id: PortfolioId, user_id: UserId) -> Membership:
    for membership in await work.people.memberships(portfolio_id):
        if membership.member.user_id == user_id:
            return membership
    raise UnknownMember(str(user_id))
