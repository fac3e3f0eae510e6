"""Enter: a person says hello, with or without an invitation, and becomes a member or is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.application.invite_member import hash_code
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, HouseholdId, UserId
from core.domain.membership import Invitation, Member, Role, outranks
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.permissions import Act, Standing, may
from core.domain.portfolio import Portfolio
from core.domain.refusals import BadInvitation, NotAMember
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

FIRST_HOUSEHOLD = "Family"


@dataclass(frozen=True, slots=True)
class Entered:
    """Who came in and how: ``returning``, ``allowed``, ``claimed`` or ``invited``; an invitation brings a portfolio."""

    member: Member
    how: str
    portfolio: Portfolio | None = None
    role: Role | None = None


async def enter(
    store: Store,
    clock: Clock,
    *,
    user_id: UserId,
    name: str,
    allowed: frozenset[int],
    code: str | None,
) -> Entered:
    """Let a person in: a member, somebody the operator allows, or the bearer of a good code.

    An invitation raises a role and never lowers one: an owner who tries the link stays an owner.
    Raises NotAMember or BadInvitation.
    """
    now = clock.now()
    async with store.begin() as work:
        member = await work.people.member_of_user(user_id)
        if code:
            return await _with_code(work, user_id, name, member, code, now)
        if member is not None:
            return Entered(member, "returning")
        standing = Standing.ALLOWED if user_id in allowed else Standing.STRANGER
        if not may(standing, Act.COME_IN):
            raise NotAMember(user_id)
        member = await work.people.add_member(user_id, await _household(work), name)
        await work.log.record(AuditEvent(now, "entered", member.id, data="allowed"))
        return Entered(member, "allowed")


async def _household(work: UnitOfWork) -> HouseholdId:
    return await work.people.first_household() or await work.people.add_household(FIRST_HOUSEHOLD)


async def _with_code(
    work: UnitOfWork, user_id: UserId, name: str, member: Member | None, code: str, now: datetime
) -> Entered:
    invitation = await work.people.invitation(hash_code(code))
    if invitation is None or invitation.used_by is not None or now >= invitation.expires_at:
        raise BadInvitation
    if member is None:
        household = invitation.household_id or await _household(work)
        member = await work.people.add_member(user_id, household, name)
    if not await work.people.use_invitation(invitation.code_hash, member.id):
        raise BadInvitation
    if invitation.portfolio_id is None:
        return await _claim(work, member, now)
    return await _accept(work, member, invitation, now)


async def _claim(work: UnitOfWork, member: Member, now: datetime) -> Entered:
    for portfolio in await work.portfolios.of_household(member.household_id):
        await work.people.set_role(member.id, portfolio.id, Role.OWNER)
    await work.log.record(AuditEvent(now, "entered", member.id, data="claimed"))
    return Entered(member, "claimed", role=Role.OWNER)


async def _accept(
    work: UnitOfWork, member: Member, invitation: Invitation, now: datetime
) -> Entered:
    portfolio_id = invitation.portfolio_id
    if portfolio_id is None:
        raise BadInvitation
    managed = await work.portfolios.get(portfolio_id)
    present = await work.people.role(member.id, portfolio_id)
    if present is not None and outranks(present, invitation.role):
        return Entered(member, "invited", managed.portfolio, present)
    await work.people.set_role(member.id, portfolio_id, invitation.role)
    await work.log.record(AuditEvent(now, "entered", member.id, portfolio_id, data=invitation.role))
    if invitation.created_by is not None:
        await _tell_inviter(work, member, invitation, now)
    return Entered(member, "invited", managed.portfolio, invitation.role)


async def _tell_inviter(
    work: UnitOfWork, member: Member, invitation: Invitation, now: datetime
) -> None:
    if invitation.created_by is None:
        return
    inviter = await work.people.member(invitation.created_by)
    item = OutboxItem(
        MessageKind.MEMBER_JOINED,
        ChatId(inviter.user_id),
        f"joined:{invitation.code_hash[:16]}",
        invitation.portfolio_id,
        data={"member_name": member.name, "role": invitation.role},
    )
    await enqueue(work, [item], now)
