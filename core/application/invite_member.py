"""Invite: a way into a portfolio, or into the whole installation; see, take back, and undo what came of it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.application.access import managed_for, require_role
from core.application.hold_back import hold_back, is_guarded
from core.application.members import put_out, put_role
from core.domain.change_kinds import RoleChange
from core.domain.ids import PortfolioId, UserId
from core.domain.invitation import Invitation, Joining, Terms
from core.domain.membership import Member, Membership, Role
from core.domain.permissions import Act
from core.domain.refusals import InvitationOver, JoiningOver
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

CLAIM_LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was just made: the only time its code can be read.

    ``waits``: who comes in by it is a viewer until enough have agreed to the role, and a day is over.
    """

    code: str
    invitation: Invitation
    waits: bool = False


def hash_code(code: str) -> str:
    """What is stored of a code: it cannot be read back."""
    return hashlib.sha256(code.encode()).hexdigest()


def _new_code() -> str:
    return secrets.token_urlsafe(18)


async def invite_member(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    role: Role,
    terms: Terms | None = None,
) -> Invited:
    """Make an invitation to a portfolio in a role (by default for one person, good for a day)."""
    async with store.begin() as work:
        return await invite_within(
            work, clock.now(), member=member, portfolio_id=portfolio_id, role=role, terms=terms
        )


async def invite_within(
    work: UnitOfWork,
    now: datetime,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    role: Role,
    terms: Terms | None = None,
) -> Invited:
    """Make an invitation, inside the caller's unit of work."""
    code, terms = _new_code(), terms or Terms()
    managed, _ = await managed_for(work, member, portfolio_id, Act.INVITE)
    invitation = Invitation(
        hash_code(code),
        managed.portfolio.household_id,
        portfolio_id,
        role,
        member.id,
        now + terms.lifetime.length,
        uses=terms.uses,
        created_at=now,
    )
    await work.invitations.add(invitation)
    told = f"{role} {terms.lifetime} {terms.uses} {invitation.mark}"
    await work.log.record(AuditEvent(now, "invited", member.id, portfolio_id, data=told))
    decides = RoleChange(member.id, Role.VIEWER, role).loosens
    return Invited(code, invitation, decides and await is_guarded(work, portfolio_id, now))


async def make_claim(store: Store, clock: Clock) -> str:
    """Make a claim of the installation, good once within fifteen minutes: its user becomes an owner of everything."""
    code = _new_code()
    now = clock.now()
    async with store.begin() as work:
        household = await work.people.first_household()
        await work.invitations.add(
            Invitation(hash_code(code), household, None, Role.OWNER, None, now + CLAIM_LIFETIME)
        )
        await work.log.record(AuditEvent(now, "claim_made"))
    return code


async def revoke_invitation(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, mark: str
) -> Invitation:
    """Take an invitation back: nobody comes in by it any more; raises InvitationOver where nobody could."""
    async with store.begin() as work:
        return await _revoke(work, clock.now(), member, portfolio_id, mark)


async def replace_invitation(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    mark: str,
    terms: Terms,
) -> Invited:
    """Take an invitation back, and make one with other terms in its place; raises InvitationOver."""
    now = clock.now()
    async with store.begin() as work:
        old = await _revoke(work, now, member, portfolio_id, mark)
        return await invite_within(
            work, now, member=member, portfolio_id=portfolio_id, role=old.role, terms=terms
        )


async def _revoke(
    work: UnitOfWork, now: datetime, member: Member, portfolio_id: PortfolioId, mark: str
) -> Invitation:
    await require_role(work, member, portfolio_id, Act.INVITE)
    for invitation in await work.invitations.of_portfolio(portfolio_id):
        if invitation.mark == mark and invitation.is_open(now):
            await work.invitations.revoke(invitation.code_hash, now)
            await work.log.record(
                AuditEvent(now, "invitation_revoked", member.id, portfolio_id, data=mark)
            )
            return invitation
    raise InvitationOver


async def undo_joining(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    user_id: UserId,
    mark: str,
) -> Membership:
    """Take somebody out who came in by an invitation, or give them back the role that they had before.

    Raises JoiningOver where they are not there any more, or where their role was changed since; NeedsAgreement where
    they decide in a live portfolio.
    """
    now = clock.now()
    async with store.begin() as work:
        managed, _ = await managed_for(work, member, portfolio_id, Act.REMOVE_MEMBERS)
        joining = await _joining(work, portfolio_id, user_id, mark)
        if await work.people.role(joining.member.id, portfolio_id) is not joining.role:
            raise JoiningOver
        what = RoleChange(joining.member.id, joining.role, joining.before)
        held = await hold_back(work, managed, what, member, now)
        if held is None:
            joined = Membership(portfolio_id, joining.member, joining.role)
            if joining.before is None:
                return await put_out(work, joined, by=member, now=now)
            return await put_role(work, joined, joining.before, by=member, now=now)
    raise held


async def _joining(
    work: UnitOfWork, portfolio_id: PortfolioId, user_id: UserId, mark: str
) -> Joining:
    for joining in await work.invitations.joinings(portfolio_id):
        if joining.mark == mark and joining.member.user_id == user_id:
            return joining
    raise JoiningOver
