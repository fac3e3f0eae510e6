"""Enter: a person says hello, with or without an invitation, and becomes a member or is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.application.ask_for_change import ask_instead
from core.application.hold_back import is_guarded
from core.application.households import join_household
from core.application.invite_member import hash_code
from core.application.tell import refresh_undecided
from core.application.tell_channels import enqueue
from core.domain.change_kinds import RoleChange
from core.domain.ids import ChatId, HouseholdId, PortfolioId, UserId
from core.domain.invitation import Invitation, Joining
from core.domain.membership import Member, Membership, Role, outranks
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.permissions import Act, Standing, may
from core.domain.portfolio import ManagedPortfolio, Portfolio
from core.domain.refusals import BadInvitation, NotAMember
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

FIRST_HOUSEHOLD = "Family"


@dataclass(frozen=True, slots=True)
class Entered:
    """Who came in and how: ``returning``, ``allowed``, ``claimed`` or ``invited``; an invitation brings a portfolio.

    ``waits_for`` is the role that they were invited to, where enough have to agree to it first.
    """

    member: Member
    how: str
    portfolio: Portfolio | None = None
    role: Role | None = None
    waits_for: Role | None = None


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
        household = await _household(work)
        member = await work.people.add_member(user_id, household, name)
        await join_household(work, member.id, household)
        await work.log.record(AuditEvent(now, "entered", member.id, data="allowed"))
        return Entered(member, "allowed")


async def _household(work: UnitOfWork) -> HouseholdId:
    return await work.people.first_household() or await work.people.add_household(FIRST_HOUSEHOLD)


async def _with_code(
    work: UnitOfWork, user_id: UserId, name: str, member: Member | None, code: str, now: datetime
) -> Entered:
    invitation = await work.invitations.by_code(hash_code(code))
    if invitation is None:
        raise BadInvitation
    invitation.require_open(now)
    household = invitation.household_id or await _household(work)
    if member is None:
        member = await work.people.add_member(user_id, household, name)
    if invitation.portfolio_id is None:
        return await _claim(work, member, invitation, household, now)
    return await _accept(work, member, invitation, invitation.portfolio_id, now)


async def _claim(
    work: UnitOfWork,
    member: Member,
    invitation: Invitation,
    household: HouseholdId,
    now: datetime,
) -> Entered:
    """Make somebody an owner of everything in the household of the installation."""
    await _use(work, invitation, Joining(invitation.mark, member, Role.OWNER, None, now))
    for portfolio in await work.portfolios.of_household(household):
        await work.people.set_role(member.id, portfolio.id, Role.OWNER)
    await join_household(work, member.id, household)
    await work.log.record(AuditEvent(now, "entered", member.id, data="claimed"))
    return Entered(member, "claimed", role=Role.OWNER)


async def _accept(
    work: UnitOfWork,
    member: Member,
    invitation: Invitation,
    portfolio_id: PortfolioId,
    now: datetime,
) -> Entered:
    """Let somebody into a portfolio; who has as much of a role already does not use the invitation up.

    What somebody invites to who may not any more is not good. In a portfolio of real money nobody decides from one tap
    on a link: they come in as viewers, and the role is asked for in the inviter's name.
    """
    managed = await work.portfolios.get(portfolio_id)
    inviter = await _inviter(work, invitation, portfolio_id)
    present = await work.people.role(member.id, portfolio_id)
    if present is not None and not outranks(invitation.role, present):
        return Entered(member, "invited", managed.portfolio, present)
    role = await _first_role(work, managed, member, invitation, present, now)
    joining = Joining(invitation.mark, member, role, present, now)
    await _use(work, invitation, joining)
    await work.people.set_role(member.id, portfolio_id, role)
    await refresh_undecided(work, portfolio_id, now)
    await join_household(work, member.id, managed.portfolio.household_id)
    await work.log.record(AuditEvent(now, "entered", member.id, portfolio_id, data=role))
    await _tell_owners(work, joining, invitation, portfolio_id, now)
    if role is not invitation.role:
        what = RoleChange(member.id, role, invitation.role)
        await ask_instead(work, managed, what, inviter, now)
    waits_for = invitation.role if role is not invitation.role else None
    return Entered(member, "invited", managed.portfolio, role, waits_for)


async def _inviter(
    work: UnitOfWork, invitation: Invitation, portfolio_id: PortfolioId
) -> Membership:
    """Who invites, as long as they may; raises BadInvitation."""
    for each in await work.people.memberships(portfolio_id):
        if each.member.id == invitation.created_by and may(each.role, Act.INVITE):
            return each
    raise BadInvitation


async def _first_role(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    member: Member,
    invitation: Invitation,
    present: Role | None,
    now: datetime,
) -> Role:
    """The role that somebody has at once: less than they are invited to, where that has to be agreed to."""
    before = present or Role.VIEWER
    what = RoleChange(member.id, before, invitation.role)
    if what.loosens and await is_guarded(work, managed.portfolio.id, now):
        return before
    return invitation.role


async def _use(work: UnitOfWork, invitation: Invitation, joining: Joining) -> None:
    if not await work.invitations.use(invitation, joining):
        raise BadInvitation


async def _tell_owners(
    work: UnitOfWork,
    joining: Joining,
    invitation: Invitation,
    portfolio_id: PortfolioId,
    now: datetime,
) -> None:
    """Tell all owners: each may undo it there and then."""
    told = [
        each.member
        for each in await work.people.memberships(portfolio_id)
        if may(each.role, Act.REMOVE_MEMBERS) and each.member.id != joining.member.id
    ]
    items = [
        OutboxItem(
            MessageKind.MEMBER_JOINED,
            ChatId(owner.user_id),
            f"joined:{invitation.code_hash[:16]}:{joining.member.user_id}:{now.isoformat()}"
            f":{owner.user_id}",
            portfolio_id,
            data={
                "member_name": joining.member.name,
                "role": joining.role,
                "user_id": str(joining.member.user_id),
                "mark": invitation.mark,
            },
        )
        for owner in told
    ]
    await enqueue(work, items, now)
