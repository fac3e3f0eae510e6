"""Tables of the household's own ledger beside its lots: what was realised, tax profiles, and equal symbols."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import Index, UniqueConstraint

from core.adapters.store.tables.base import Base, above_zero, amount, link, number, one_of, place
from core.domain.lots import Term
from core.domain.tax import TaxRulesName


class RealisedRow(Base, table=True):
    """What one execution sold from one lot, as it happened; the basis may be unknown."""

    __tablename__ = "realised"
    __table_args__ = (
        UniqueConstraint("execution", "part"),
        one_of("term", Term),
        above_zero("quantity"),
        Index("ix_realised_account_id_sold", "account_id", "sold"),
    )

    id: int | None = number()
    account_id: int = link("accounts.id")
    owner_id: int | None = link("members.id", null=True)
    instrument_id: int = link("instruments.id")
    acquired: date | None = None
    quantity: Decimal = amount()
    proceeds: Decimal | None = amount(null=True)
    gain: Decimal | None = amount(null=True)
    term: str
    sold: date
    client_order_id: str
    execution: str
    part: int
    lot_id: int | None = None


class TaxProfileRow(Base, table=True):
    """Whose tax rules hold for a member."""

    __tablename__ = "tax_profiles"
    __table_args__ = (one_of("rules", TaxRulesName),)

    member_id: int = link("members.id", primary=True)
    rules: str


class TaxYearRow(Base, table=True):
    """What a member says of one year: losses carried in (none: to be calculated), and what it brought elsewhere."""

    __tablename__ = "tax_years"

    member_id: int = link("members.id", primary=True)
    year: int = place()
    carried_short: Decimal | None = amount(null=True)
    carried_long: Decimal | None = amount(null=True)
    realised_short: Decimal = amount()
    realised_long: Decimal = amount()


class EquivalentRow(Base, table=True):
    """An instrument in a household's group of those that count as the same."""

    __tablename__ = "equivalents"

    household_id: int = link("households.id", primary=True)
    instrument_id: int = link("instruments.id", primary=True)
    group_number: int
