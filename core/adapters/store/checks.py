"""Due checks in the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import (
    ScalarSelect,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from core.adapters.store.database import Database, Found
from core.adapters.store.tables import DUE_CHECKS, PORTFOLIOS, TARGETS
from core.domain.harvest import LOSSES_SLOT
from core.domain.ids import CheckId, PortfolioId
from core.domain.session import DueCheck
from core.ports.store import CheckRecord

UNFINISHED = DUE_CHECKS.c.finished_at.is_(None)
_SHAPES = ("__:__", "open+%", "close-%")
IS_SCHEDULED = or_(*(DUE_CHECKS.c.slot.like(shape) for shape in _SHAPES))
"""A scheduled check's slot is a time of the trading day; that of a requested one names the request."""

IS_LOOK = or_(
    IS_SCHEDULED, *(DUE_CHECKS.c.slot.like(f"again%:{shape}") for shape in (*_SHAPES, "late"))
)
"""A scheduled check, or a repetition of one."""

_DUE = (
    DUE_CHECKS.c.id,
    DUE_CHECKS.c.portfolio_id,
    DUE_CHECKS.c.session,
    DUE_CHECKS.c.slot,
    DUE_CHECKS.c.due_at,
)
"""The columns of ``DueCheck``, in its order."""


class SqlChecks:
    """The port ``Checks`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_due(
        self, portfolio_id: PortfolioId, session: date, slot: str, due_at: datetime
    ) -> bool:
        """Make the row of a scheduled check; False when it exists."""
        return await self.add_due_many([(portfolio_id, session, slot, due_at)]) == 1

    async def add_due_many(self, rows: Sequence[tuple[PortfolioId, date, str, datetime]]) -> int:
        """Make many such rows at once, and return how many were new; those of one slot are one statement."""
        slots: dict[tuple[date, str, datetime], list[PortfolioId]] = {}
        for portfolio_id, session, name, due_at in rows:
            slots.setdefault((session, name, due_at), []).append(portfolio_id)
        made = 0
        for slot, portfolios in slots.items():
            each = self._database.each_of(DUE_CHECKS.c.portfolio_id, portfolios)
            values = zip(
                slot, (DUE_CHECKS.c.session, DUE_CHECKS.c.slot, DUE_CHECKS.c.due_at), strict=True
            )
            chosen = select(
                each, *(literal(value, column.type) for value, column in values), literal("")
            )
            new = self._database.insert(DUE_CHECKS).from_select(
                ["portfolio_id", "session", "slot", "due_at", "detail"], chosen.where(true())
            )
            once = new.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
            made += await self._database.write(once)
        return made

    async def unscheduled(self) -> tuple[PortfolioId, ...]:
        """The portfolios with targets that have no unfinished scheduled check."""
        waiting = exists().where(
            DUE_CHECKS.c.portfolio_id == TARGETS.c.portfolio_id, UNFINISHED, IS_SCHEDULED
        )
        rows = await self._database.rows(
            select(TARGETS.c.portfolio_id)
            .where(TARGETS.c.replaced_at.is_(None), ~waiting)
            .order_by(TARGETS.c.portfolio_id)
        )
        return tuple(PortfolioId(row.portfolio_id) for row in rows)

    async def drop_unfinished(self, portfolio_id: PortfolioId) -> None:
        """Forget a portfolio's scheduled checks that have not begun: its check times have changed."""
        await self._database.write(
            delete(DUE_CHECKS).where(
                DUE_CHECKS.c.portfolio_id == portfolio_id, UNFINISHED, IS_SCHEDULED
            )
        )

    async def due(self, until: datetime) -> tuple[DueCheck, ...]:
        """The unfinished checks whose time has come, oldest first."""
        rows = await self._database.rows(
            select(*_DUE)
            .where(UNFINISHED, DUE_CHECKS.c.due_at <= until)
            .order_by(DUE_CHECKS.c.due_at, DUE_CHECKS.c.id)
        )
        return tuple(DueCheck(*row) for row in rows)

    async def next_due_at(self) -> datetime | None:
        """When the earliest unfinished check falls due."""
        found: datetime | None = await self._database.value(
            select(func.min(DUE_CHECKS.c.due_at)).where(UNFINISHED)
        )
        return found

    async def next_due_of(self, portfolio_id: PortfolioId) -> datetime | None:
        """When a portfolio's next scheduled check falls due, or the repetition of one."""
        is_ours = or_(IS_SCHEDULED, DUE_CHECKS.c.slot.like("again%"))
        found: datetime | None = await self._database.value(
            select(func.min(DUE_CHECKS.c.due_at)).where(
                DUE_CHECKS.c.portfolio_id == portfolio_id, UNFINISHED, is_ours
            )
        )
        return found

    async def get(self, check_id: CheckId) -> CheckRecord | None:
        """One check."""
        row = await self._database.row(select(DUE_CHECKS).where(DUE_CHECKS.c.id == check_id))
        return None if row is None else _record_of(row)

    async def by_slot(
        self, portfolio_id: PortfolioId, session: date, slot: str
    ) -> CheckRecord | None:
        """The check of a slot."""
        row = await self._database.row(
            select(DUE_CHECKS).where(
                DUE_CHECKS.c.portfolio_id == portfolio_id,
                DUE_CHECKS.c.session == session,
                DUE_CHECKS.c.slot == slot,
            )
        )
        return None if row is None else _record_of(row)

    async def finish(self, check_id: CheckId, outcome: str, detail: str, at: datetime) -> bool:
        """Close a check; False when it was closed before."""
        row = await self._database.row(
            update(DUE_CHECKS)
            .where(DUE_CHECKS.c.id == check_id, UNFINISHED)
            .values(outcome=outcome, detail=detail, finished_at=at)
            .returning(DUE_CHECKS.c.portfolio_id)
        )
        if row is not None:
            self._note_finished(check_id, row.portfolio_id, outcome)
        return row is not None

    async def finish_many(
        self, outcomes: Sequence[tuple[CheckId, str, str]], at: datetime
    ) -> frozenset[CheckId]:
        """Close many checks at once, and return those that were not closed before."""
        if not outcomes:
            return frozenset()
        said = self._database.listed(
            (DUE_CHECKS.c.id, DUE_CHECKS.c.outcome, DUE_CHECKS.c.detail), outcomes
        )
        rows = await self._database.rows(
            update(DUE_CHECKS)
            .where(DUE_CHECKS.c.id == said.c.id, UNFINISHED)
            .values(outcome=said.c.outcome, detail=said.c.detail, finished_at=at)
            .returning(DUE_CHECKS.c.id, DUE_CHECKS.c.portfolio_id, DUE_CHECKS.c.outcome)
        )
        for check_id, portfolio_id, outcome in rows:
            self._note_finished(check_id, portfolio_id, outcome)
        return frozenset(CheckId(row.id) for row in rows)

    def _note_finished(self, check_id: CheckId, portfolio_id: PortfolioId, outcome: str) -> None:
        self._database.deeds.note(f"checked: {outcome}", check=check_id, portfolio=portfolio_id)

    async def previous_sessions(
        self,
        portfolio_ids: Collection[PortfolioId],
        before: date,
        without: Collection[str] = (),
    ) -> dict[PortfolioId, date]:
        """The last session before a day on which each portfolio's scheduled check, or its repetition, was finished.

        Checks that came to an outcome in ``without`` do not count.
        """
        rows = await self._database.rows(
            select(PORTFOLIOS.c.id, latest_look(before, without)).where(
                self._database.among(PORTFOLIOS.c.id, portfolio_ids)
            )
        )
        return {PortfolioId(number): session for number, session in rows if session is not None}

    async def recent(self, portfolio_id: PortfolioId, limit: int) -> tuple[CheckRecord, ...]:
        """The latest finished checks, newest first."""
        rows = await self._database.rows(
            select(DUE_CHECKS)
            .where(
                DUE_CHECKS.c.portfolio_id == portfolio_id,
                ~UNFINISHED,
                DUE_CHECKS.c.slot != LOSSES_SLOT,
            )
            .order_by(DUE_CHECKS.c.finished_at.desc(), DUE_CHECKS.c.id.desc())
            .limit(limit)
        )
        return tuple(map(_record_of, rows))

    async def latest_of(
        self, portfolio_ids: Collection[PortfolioId], slot: str
    ) -> dict[PortfolioId, date]:
        """The last session of each portfolio whose check of this slot was finished."""
        rows = await self._database.rows(
            select(DUE_CHECKS.c.portfolio_id, func.max(DUE_CHECKS.c.session))
            .where(
                self._database.among(DUE_CHECKS.c.portfolio_id, portfolio_ids),
                DUE_CHECKS.c.slot == slot,
                ~UNFINISHED,
            )
            .group_by(DUE_CHECKS.c.portfolio_id)
        )
        return {PortfolioId(number): session for number, session in rows}

    async def unfinished(
        self, portfolio_ids: Collection[PortfolioId], slot: str
    ) -> frozenset[PortfolioId]:
        """The portfolios that have a check of this slot, or a repetition of it, still to come."""
        rows = await self._database.rows(
            select(DUE_CHECKS.c.portfolio_id).where(
                self._database.among(DUE_CHECKS.c.portfolio_id, portfolio_ids),
                or_(DUE_CHECKS.c.slot == slot, DUE_CHECKS.c.slot.like(f"%:{slot}")),
                UNFINISHED,
            )
        )
        return frozenset(PortfolioId(row.portfolio_id) for row in rows)

    async def last(self, portfolio_id: PortfolioId) -> CheckRecord | None:
        """The latest finished check."""
        return next(iter(await self.recent(portfolio_id, 1)), None)


def latest_look(before: date, without: Collection[str] = ()) -> ScalarSelect[date]:
    """A row's portfolio's last session before a day in which a look at it was finished."""
    return (
        select(DUE_CHECKS.c.session)
        .where(
            DUE_CHECKS.c.portfolio_id == PORTFOLIOS.c.id,
            DUE_CHECKS.c.session < before,
            ~UNFINISHED,
            IS_LOOK,
            DUE_CHECKS.c.outcome.not_in([str(outcome) for outcome in without]),
        )
        .order_by(DUE_CHECKS.c.session.desc())
        .limit(1)
        .correlate(PORTFOLIOS)
        .scalar_subquery()
    )


def _due_of(row: Found) -> DueCheck:
    return DueCheck(row.id, row.portfolio_id, row.session, row.slot, row.due_at)


def _record_of(row: Found) -> CheckRecord:
    return CheckRecord(_due_of(row), row.outcome, row.detail, row.finished_at)
