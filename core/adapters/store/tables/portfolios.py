"""Tables of portfolios: accounts, targets and policies with their history, and what accounts hold."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import UniqueConstraint

from core.adapters.store.tables.base import (
    Base,
    above_zero,
    added,
    added_amount,
    added_fact,
    amount,
    document,
    instant,
    link,
    number,
    one_of,
    place,
    telegram_id,
    unique_where,
)
from core.domain.portfolio import Rung, TaxTreatment


class PortfolioRow(Base, table=True):
    """One target allocation over one or more accounts."""

    __tablename__ = "portfolios"
    __table_args__ = (UniqueConstraint("household_id", "slug"),)

    id: int | None = number()
    household_id: int = link("households.id")
    slug: str
    name: str
    currency: str
    is_paused: bool = False
    home_chat_id: int | None = telegram_id(null=True)
    home_topic_id: int | None = telegram_id(null=True)
    is_shared: bool = added_fact()
    closed_at: datetime | None = instant(null=True)


class AccountRow(Base, table=True):
    """Money at one broker; no two accounts name the same account of a broker."""

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("broker", "broker_account_id"),
        one_of("tax_treatment", TaxTreatment),
        one_of("rung", Rung),
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id", index=True)
    name: str
    broker: str
    credential_id: int | None = link("credentials.id", null=True)
    broker_account_id: str
    currency: str
    tax_treatment: str
    tax_owner_id: int | None = link("members.id", null=True)
    rung: str


class AccountHoldRow(Base, table=True):
    """Why nothing may be sent for an account, until it is lifted; one standing hold of each reason."""

    __tablename__ = "account_holds"
    __table_args__ = (
        unique_where(
            "uq_account_holds_standing", "account_id", "reason", where="lifted_at IS NULL"
        ),
    )

    id: int | None = number()
    account_id: int = link("accounts.id")
    reason: str
    detail: str
    since: datetime = instant()
    lifted_at: datetime | None = instant(null=True)
    lifted_by: int | None = link("members.id", null=True)


class LiveConfirmationRow(Base, table=True):
    """An owner's typed word that an account's orders may be real; one standing for an account."""

    __tablename__ = "live_confirmations"
    __table_args__ = (
        unique_where("uq_live_confirmations_standing", "account_id", where="ended_at IS NULL"),
    )

    id: int | None = number()
    account_id: int = link("accounts.id")
    broker_account_id: str
    rung: str
    member_id: int = link("members.id")
    confirmed_at: datetime = instant()
    ended_at: datetime | None = instant(null=True)


class TargetsRow(Base, table=True):
    """One version of a portfolio's targets: who set it when, and when it was replaced (the current one was not)."""

    __tablename__ = "targets"
    __table_args__ = (
        UniqueConstraint("portfolio_id", "version"),
        unique_where("uq_targets_current", "portfolio_id", where="replaced_at IS NULL"),
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id")
    version: int
    set_by: int | None = link("members.id", null=True)
    set_at: datetime = instant()
    replaced_at: datetime | None = instant(null=True)


class TargetLineRow(Base, table=True):
    """One line of a version, in its order; no instrument means CASH."""

    __tablename__ = "target_lines"

    targets_id: int = link("targets.id", primary=True)
    position: int = place()
    instrument_id: int | None = link("instruments.id", null=True)
    weight: Decimal = amount()
    asset_class: str | None = None


class TargetSubstituteRow(Base, table=True):
    """An instrument that may stand in for a line's own, by rank."""

    __tablename__ = "target_substitutes"

    targets_id: int = link("targets.id", primary=True)
    position: int = place()
    rank: int = place()
    instrument_id: int = link("instruments.id")


class PolicyRow(Base, table=True):
    """One version of a portfolio's policy; the first one, made with the portfolio, has no author."""

    __tablename__ = "policies"
    __table_args__ = (
        UniqueConstraint("portfolio_id", "version"),
        unique_where("uq_policies_current", "portfolio_id", where="replaced_at IS NULL"),
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id")
    version: int
    document: str = document()
    set_by: int | None = link("members.id", null=True)
    set_at: datetime | None = instant(null=True)
    replaced_at: datetime | None = instant(null=True)


class PositionRow(Base, table=True):
    """The last known quantity of an instrument in an account, as its broker said."""

    __tablename__ = "positions"

    account_id: int = link("accounts.id", primary=True)
    instrument_id: int = link("instruments.id", primary=True)
    quantity: Decimal = amount()
    average_cost: Decimal | None = amount(null=True)
    currency: str
    as_of: datetime = instant()


class LotRow(Base, table=True):
    """Shares bought together, in our own ledger; date and cost may be unknown."""

    __tablename__ = "lots"
    __table_args__ = (
        above_zero("quantity"),
        unique_where("uq_lots_execution", "execution", where="execution IS NOT NULL"),
    )

    id: int | None = number()
    account_id: int = link("accounts.id", index=True)
    instrument_id: int = link("instruments.id")
    quantity: Decimal = amount()
    cost_per_share: Decimal | None = amount(null=True)
    currency: str
    acquired: date | None = None
    source: str
    fill_id: int | None = link("fills.id", null=True)
    corporate_action_id: int | None = link("corporate_actions.id", null=True)
    closed_at: datetime | None = instant(null=True)
    remaining: Decimal = added_amount()
    name: str = added()
    execution: str | None = None


class CashMovementRow(Base, table=True):
    """Money that came or went: the day it was agreed, and the day it can be used."""

    __tablename__ = "cash_movements"
    __table_args__ = (UniqueConstraint("account_id", "broker_reference"),)

    id: int | None = number()
    account_id: int = link("accounts.id")
    kind: str
    amount: Decimal = amount()
    currency: str
    trade_date: date
    settlement_date: date | None = None
    instrument_id: int | None = link("instruments.id", null=True)
    fill_id: int | None = link("fills.id", null=True)
    broker_reference: str | None = None
    note: str = ""


class AccountSnapshotRow(Base, table=True):
    """What a broker said that an account holds, at one instant; the positions are in the document."""

    __tablename__ = "account_snapshots"
    __table_args__ = (UniqueConstraint("account_id", "taken_at"),)

    id: int | None = number()
    account_id: int = link("accounts.id")
    taken_at: datetime = instant()
    cash: Decimal = amount()
    equity: Decimal | None = amount(null=True)
    currency: str
    fingerprint: str
    document: str = document()
