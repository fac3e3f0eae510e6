"""The table of cash that is set aside to be taken out."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Index

from core.adapters.store.tables.base import Base, above_zero, amount, instant, link, number


class EarmarkRow(Base, table=True):
    """Cash of an account that is to be taken out; it has an end where it was taken out or is managed again."""

    __tablename__ = "earmarks"
    __table_args__ = (
        above_zero("amount"),
        Index("ix_earmarks_account_id", "account_id"),
        Index("ix_earmarks_proposal_id", "proposal_id"),
    )

    id: int | None = number()
    account_id: int = link("accounts.id")
    amount: Decimal = amount()
    asked_at: datetime = instant()
    lapses_on: date
    member_id: int = link("members.id")
    proposal_id: int | None = link("proposals.id", null=True)
    ended_at: datetime | None = instant(null=True)
