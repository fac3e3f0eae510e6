"""Tables of the running installation: its name, leases, the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index

from core.adapters.store.tables.base import Base, document, instant, key, link, number, place


class InstallationRow(Base, table=True):
    """This installation: its random name, and when it was last put back from a backup; one row."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: int = place()
    install_id: str
    restored_at: datetime | None = instant(null=True)


class LeaseRow(Base, table=True):
    """Who may do what only one process may do; the fence rises with every grant and outlives releases."""

    __tablename__ = "leases"

    name: str = key()
    holder: str
    fence: int
    until: datetime = instant()


class AuditEventRow(Base, table=True):
    """One line of the audit log."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_portfolio_id", "portfolio_id"),)

    id: int | None = number()
    at: datetime = instant()
    kind: str
    member_id: int | None = link("members.id", null=True)
    portfolio_id: int | None = link("portfolios.id", null=True)
    proposal_id: int | None = link("proposals.id", null=True)
    data: str = document()
