"""The table of what harvests left to be switched back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint

from core.adapters.store.tables.base import Base, amount, link, number, one_of
from core.domain.harvest import SwitchState


class SwitchRow(Base, table=True):
    """What a harvest left to be switched back: sold at a loss, bought in its place, and from when to look."""

    __tablename__ = "switches"
    __table_args__ = (
        UniqueConstraint("proposal_id", "account_id", "sold_id"),
        one_of("state", SwitchState),
        Index("ix_switches_portfolio_id_state", "portfolio_id", "state"),
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id")
    account_id: int = link("accounts.id")
    proposal_id: int = link("proposals.id")
    sold_id: int = link("instruments.id")
    bought_id: int = link("instruments.id")
    sold_on: date
    saves: Decimal = amount()
    look_from: date
    state: str
    offered: int | None = link("proposals.id", null=True)
