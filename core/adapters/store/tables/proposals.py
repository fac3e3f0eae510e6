"""Tables from check to fill: due checks, proposals with revisions and decisions, orders, fills, copies."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint

from core.adapters.store.tables.base import (
    Base,
    above_zero,
    amount,
    document,
    index_where,
    instant,
    link,
    number,
    one_of,
    place,
    telegram_id,
)
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.proposal import ProposalState

_NUMBERED = {"sqlite_autoincrement": True}


def _revision() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["proposal_id", "revision"], ["proposal_revisions.proposal_id", "proposal_revisions.number"]
    )


class DueCheckRow(Base, table=True):
    """One look at a portfolio, unique by portfolio, session and slot; unfinished until it has an outcome."""

    __tablename__ = "due_checks"
    __table_args__ = (
        UniqueConstraint("portfolio_id", "session", "slot"),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="finished"),
        index_where("ix_due_checks_unfinished", "due_at", where="finished_at IS NULL"),
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id")
    session: date
    slot: str
    due_at: datetime = instant()
    outcome: str | None = None
    detail: str = ""
    finished_at: datetime | None = instant(null=True)


class ProposalRow(Base, table=True):
    """A proposal; its number is never given twice. ``revision`` is the number of the current one."""

    __tablename__ = "proposals"
    __table_args__ = (
        one_of("state", ProposalState),
        CheckConstraint("approvals_needed >= 1", name="approvals_needed"),
        Index("ix_proposals_portfolio_id_state", "portfolio_id", "state"),
        Index("ix_proposals_state", "state"),
        _NUMBERED,
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id")
    state: str
    cause: str
    revision: int
    created_at: datetime = instant()
    expires_at: datetime = instant()
    approvals_needed: int
    check_id: int | None = link("due_checks.id", null=True)
    scheduled_for: datetime | None = instant(null=True)
    outcome: str = ""


class RevisionRow(Base, table=True):
    """One frozen version of a proposal: plan, snapshot and what changed, as documents, with the hash approved."""

    __tablename__ = "proposal_revisions"

    proposal_id: int = link("proposals.id", primary=True)
    number: int = place()
    account_id: int = link("accounts.id")
    session: date | None = None
    cause: str
    plan: str = document()
    snapshot: str = document()
    changes: str = document()
    plan_hash: str
    created_at: datetime = instant()
    created_by: int | None = link("members.id", null=True)


class DecisionRow(Base, table=True):
    """What a member decided about one revision."""

    __tablename__ = "decisions"
    __table_args__ = (_revision(), Index("ix_decisions_proposal_id", "proposal_id"))

    id: int | None = number()
    proposal_id: int
    revision: int
    member_id: int = link("members.id")
    kind: str
    plan_hash: str
    at: datetime = instant()
    market_at: datetime = instant()


class OrderRow(Base, table=True):
    """One leg's order; its name at the broker is never given twice."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("client_order_id"),
        UniqueConstraint("proposal_id", "leg", "attempt"),
        one_of("state", OrderState),
        one_of("side", Side),
        above_zero("quantity"),
        Index("ix_orders_state", "state"),
        _NUMBERED,
    )

    id: int | None = number()
    proposal_id: int = link("proposals.id")
    account_id: int = link("accounts.id")
    leg: int
    attempt: int
    client_order_id: str
    instrument_id: int = link("instruments.id")
    side: str
    quantity: Decimal = amount()
    limit_price: Decimal | None = amount(null=True)
    currency: str
    state: str
    broker_order_id: str | None = None
    detail: str = ""
    denied_at: datetime | None = instant(null=True)


class FillRow(Base, table=True):
    """One execution of an order, once by the broker's id for it."""

    __tablename__ = "fills"
    __table_args__ = (
        UniqueConstraint("order_id", "execution_id"),
        above_zero("quantity"),
        CheckConstraint(
            "CAST(commission AS DOUBLE PRECISION) >= 0", name="commission_not_negative"
        ),
    )

    id: int | None = number()
    order_id: int = link("orders.id")
    execution_id: str
    quantity: Decimal = amount()
    price: Decimal = amount()
    commission: Decimal = amount()
    currency: str
    at: datetime = instant()


class DeliveryRow(Base, table=True):
    """One message that shows a revision of a proposal, so that every copy can be edited."""

    __tablename__ = "deliveries"
    __table_args__ = (
        _revision(),
        UniqueConstraint("chat_id", "message_id"),
        Index("ix_deliveries_proposal_id", "proposal_id"),
    )

    id: int | None = number()
    proposal_id: int
    revision: int
    chat_id: int = telegram_id()
    topic_id: int | None = telegram_id(null=True)
    message_id: int = telegram_id()


class SnoozeRow(Base, table=True):
    """When to remind a chat of a proposal that was put off, in market time."""

    __tablename__ = "snoozes"
    __table_args__ = (Index("ix_snoozes_until", "until"),)

    proposal_id: int = link("proposals.id", primary=True)
    chat_id: int = telegram_id(primary=True)
    until: datetime = instant()
