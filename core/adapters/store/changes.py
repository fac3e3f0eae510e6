"""Changes of live portfolios that wait, in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.documents import read_change, write_change
from core.adapters.store.tables import CHANGE_ANSWERS, CHANGES, MEMBERS
from core.domain.change import PENDING, Answer, AnswerKind, ChangeState, PendingChange
from core.domain.change_kinds import What
from core.domain.ids import ChangeId, MemberId, PortfolioId


class SqlChanges:
    """The port ``Changes`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def draft(
        self, portfolio_id: PortfolioId, what: What, *, by: MemberId, at: datetime
    ) -> PendingChange:
        """Keep a change that nobody has asked for yet."""
        kind, text = write_change(what)
        number = await self._database.add_numbered(
            CHANGES,
            portfolio_id=portfolio_id,
            kind=kind,
            what=text,
            state=ChangeState.DRAFTED.value,
            asked_by=by,
            drafted_at=at,
        )
        return PendingChange(ChangeId(number), portfolio_id, what, ChangeState.DRAFTED, by, at)

    async def get(self, change_id: ChangeId) -> PendingChange | None:
        """A change with its answers, the first first."""
        rows = await self._database.rows(select(CHANGES).where(CHANGES.c.id == change_id))
        return next(iter(await self._read(rows)), None)

    async def in_states(
        self, states: Collection[ChangeState], portfolio_id: PortfolioId | None = None
    ) -> tuple[PendingChange, ...]:
        """The changes in any of these states, of one portfolio or (None) of all, by number."""
        question = select(CHANGES).where(CHANGES.c.state.in_([state.value for state in states]))
        if portfolio_id is not None:
            question = question.where(CHANGES.c.portfolio_id == portfolio_id)
        return await self._read(await self._database.rows(question.order_by(CHANGES.c.id)))

    async def due(self, now: datetime) -> tuple[ChangeId, ...]:
        """The numbers of the changes that wait for agreement or for their time, and whose day is over."""
        rows = await self._database.rows(
            select(CHANGES.c.id)
            .where(
                CHANGES.c.state.in_([state.value for state in PENDING]),
                CHANGES.c.takes_effect_at <= now,
            )
            .order_by(CHANGES.c.takes_effect_at, CHANGES.c.id)
        )
        return tuple(ChangeId(row.id) for row in rows)

    async def to_remind(self, until: datetime) -> tuple[ChangeId, ...]:
        """The numbers of the changes that still wait for agreement, whose day is over by then, without a reminder."""
        rows = await self._database.rows(
            select(CHANGES.c.id)
            .where(
                CHANGES.c.state == ChangeState.ASKED.value,
                CHANGES.c.takes_effect_at <= until,
                CHANGES.c.reminded_at.is_(None),
            )
            .order_by(CHANGES.c.id)
        )
        return tuple(ChangeId(row.id) for row in rows)

    async def reminded(self, change_id: ChangeId, at: datetime) -> bool:
        """Note that people were reminded of a change; False where they were before."""
        touched = await self._database.write(
            update(CHANGES)
            .where(CHANGES.c.id == change_id, CHANGES.c.reminded_at.is_(None))
            .values(reminded_at=at)
        )
        return touched == 1

    async def drafted_before(self, at: datetime) -> tuple[ChangeId, ...]:
        """The numbers of the drafts that were made out before an instant and never asked for."""
        rows = await self._database.rows(
            select(CHANGES.c.id)
            .where(CHANGES.c.state == ChangeState.DRAFTED.value, CHANGES.c.drafted_at < at)
            .order_by(CHANGES.c.id)
        )
        return tuple(ChangeId(row.id) for row in rows)

    async def move(
        self,
        change_id: ChangeId,
        before: ChangeState,
        after: ChangeState,
        *,
        takes_effect_at: datetime | None = None,
    ) -> bool:
        """Move a change on, with its time where that is given; False where it is not in that state any more."""
        time = {} if takes_effect_at is None else {"takes_effect_at": takes_effect_at}
        touched = await self._database.write(
            update(CHANGES)
            .where(CHANGES.c.id == change_id, CHANGES.c.state == before.value)
            .values(state=after.value, **time)
        )
        return touched == 1

    async def answer(self, change_id: ChangeId, answer: Answer) -> None:
        """Keep what a member said to a change."""
        await self._database.add(
            CHANGE_ANSWERS,
            change_id=change_id,
            member_id=answer.member_id,
            kind=answer.kind.value,
            at=answer.at,
        )

    async def _read(self, rows: Sequence[Found]) -> tuple[PendingChange, ...]:
        answers = await self._answers([row.id for row in rows])
        return tuple(_change_of(row, tuple(answers[row.id])) for row in rows)

    async def _answers(self, numbers: Collection[int]) -> defaultdict[int, list[Answer]]:
        found: defaultdict[int, list[Answer]] = defaultdict(list)
        if numbers:
            rows = await self._database.rows(
                select(CHANGE_ANSWERS, MEMBERS.c.name)
                .join(MEMBERS, MEMBERS.c.id == CHANGE_ANSWERS.c.member_id)
                .where(self._database.among(CHANGE_ANSWERS.c.change_id, numbers))
                .order_by(CHANGE_ANSWERS.c.id)
            )
            for row in rows:
                kind = AnswerKind(row.kind)
                found[row.change_id].append(Answer(row.member_id, row.name, kind, row.at))
        return found


def _change_of(row: Found, answers: tuple[Answer, ...]) -> PendingChange:
    return PendingChange(
        ChangeId(row.id),
        PortfolioId(row.portfolio_id),
        read_change(row.kind, row.what),
        ChangeState(row.state),
        MemberId(row.asked_by),
        row.drafted_at,
        row.takes_effect_at,
        answers,
    )
