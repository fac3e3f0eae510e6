"""The table of rules for market conditions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint

from core.adapters.store.tables.base import Base, amount, instant, link, number, one_of
from core.domain.rules import Action


class RuleRow(Base, table=True):
    """A rule as it was typed; a factor belongs to those that widen bands, and to no others."""

    __tablename__ = "rules"
    __table_args__ = (
        one_of("action", Action),
        CheckConstraint("(action = 'widen') = (factor IS NOT NULL)", name="factor_widens"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id", index=True)
    text: str
    action: str
    factor: Decimal | None = amount(null=True)
    is_enabled: bool = False
    created_by: int = link("members.id")
    created_at: datetime = instant()
    holding_since: date | None = None
    looked_at: datetime | None = instant(null=True)
    told_on: date | None = None
