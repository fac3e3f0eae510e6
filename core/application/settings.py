"""Settings of a member."""

from __future__ import annotations

from core.domain.membership import Member
from core.domain.refusals import BadPolicyValue
from core.ports.store import Store

LAYOUTS = ("table", "list")


async def set_layout(store: Store, *, member: Member, layout: str) -> None:
    """Choose tables, or sentences for screen readers and large type; raises BadPolicyValue."""
    if layout not in LAYOUTS:
        raise BadPolicyValue("layout", layout, "table or list")
    async with store.begin() as work:
        await work.people.set_layout(member.id, layout)
