"""Identify: from a numeric user id to a member, or a refusal."""

from __future__ import annotations

from core.domain.ids import UserId
from core.domain.membership import Member
from core.domain.refusals import NotAMember
from core.ports.store import Store


async def identify(store: Store, *, user_id: UserId) -> Member:
    """Return the active member with this user id; raises NotAMember for everybody else."""
    async with store.read() as work:
        member = await work.people.member_of_user(user_id)
    if member is None:
        raise NotAMember(user_id)
    return member
