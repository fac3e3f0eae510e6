"""The tables of changes of live portfolios that wait."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index

from core.adapters.store.tables.base import Base, document, instant, link, number, one_of
from core.domain.change import AnswerKind, ChangeState


class ChangeRow(Base, table=True):
    """A change as it was made out; it has a time from when it is asked for."""

    __tablename__ = "changes"
    __table_args__ = (
        one_of("state", ChangeState),
        CheckConstraint(
            "(state NOT IN ('asked', 'agreed', 'in_force')) OR takes_effect_at IS NOT NULL",
            name="asked_has_a_time",
        ),
        Index("ix_changes_portfolio_id_state", "portfolio_id", "state"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = number()
    portfolio_id: int = link("portfolios.id")
    kind: str
    what: str = document()
    state: str
    asked_by: int = link("members.id")
    drafted_at: datetime = instant()
    takes_effect_at: datetime | None = instant(null=True)
    reminded_at: datetime | None = instant(null=True)


class ChangeAnswerRow(Base, table=True):
    """What one member said to a change; the last word of each counts."""

    __tablename__ = "change_answers"
    __table_args__ = (one_of("kind", AnswerKind),)

    id: int | None = number()
    change_id: int = link("changes.id", index=True)
    member_id: int = link("members.id")
    kind: str
    at: datetime = instant()
