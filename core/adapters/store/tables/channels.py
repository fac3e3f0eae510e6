"""The table of members' channels."""

from __future__ import annotations

from datetime import datetime

from core.adapters.store.tables.base import Base, added_fact, document, instant, link, number


class ChannelRow(Base, table=True):
    """A member's address outside the chat, sealed by the vault; its number is never given twice."""

    __tablename__ = "channels"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: int | None = number()
    member_id: int = link("members.id", index=True)
    kind: str
    sealed: str = document()
    wants_proposals: bool
    wants_rules: bool = added_fact()
    created_at: datetime = instant()
    failing_since: datetime | None = instant(null=True)
    is_told: bool
