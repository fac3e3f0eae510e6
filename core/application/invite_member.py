"""Invite: a one-time way into a portfolio, or into the whole installation."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from core.application.access import require_role
from core.domain.ids import PortfolioId
from core.domain.membership import Invitation, Member, Role
from core.domain.permissions import Act
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store

INVITATION_LIFETIME = timedelta(hours=24)
CLAIM_LIFETIME = timedelta(minutes=15)


def hash_code(code: str) -> str:
    """What is stored of a code: it cannot be read back."""
    return hashlib.sha256(code.encode()).hexdigest()


def _new_code() -> str:
    return secrets.token_urlsafe(18)


async def invite_member(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, role: Role
) -> str:
    """Make an invitation to a portfolio in a role, good once within a day, and return its code."""
    code = _new_code()
    now = clock.now()
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.INVITE)
        await work.people.add_invitation(
            Invitation(
                hash_code(code),
                member.household_id,
                portfolio_id,
                role,
                member.id,
                now + INVITATION_LIFETIME,
            )
        )
        await work.log.record(AuditEvent(now, "invited", member.id, portfolio_id, data=role))
    return code


async def make_claim(store: Store, clock: Clock) -> str:
    """Make a claim of the installation, good once within fifteen minutes: its user becomes an owner of everything."""
    code = _new_code()
    now = clock.now()
    async with store.begin() as work:
        household = await work.people.first_household()
        await work.people.add_invitation(
            Invitation(hash_code(code), household, None, Role.OWNER, None, now + CLAIM_LIFETIME)
        )
        await work.log.record(AuditEvent(now, "claim_made"))
    return code
