"""Settings of a member."""

from __future__ import annotations

from core.domain.membership import Member
from core.domain.refusals import BadPolicyValue
from core.ports.store import Store

LAYOUTS = ("table", "list")
PICTURES = ("light", "dark")


async def set_layout(store: Store, *, member: Member, layout: str) -> None:
    """Choose tables, or sentences for screen readers and large type; raises BadPolicyValue."""
    if layout not in LAYOUTS:
        raise BadPolicyValue("layout", layout, "table or list")
    async with store.begin() as work:
        await work.people.set_layout(member.id, layout)


async def set_picture(store: Store, *, member: Member, picture: str) -> None:
    """Choose pictures for light or for dark chats, which Telegram does not tell; raises BadPolicyValue."""
    if picture not in PICTURES:
        raise BadPolicyValue("picture", picture, "light or dark")
    async with store.begin() as work:
        await work.people.set_picture(member.id, picture)
