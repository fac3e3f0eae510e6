"""Cash that is set aside, in the store."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import or_, select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.tables import EARMARKS, PROPOSALS
from core.domain.earmark import RAISED, Earmark
from core.domain.ids import AccountId, EarmarkId, ProposalId

EARMARK_STANDS = EARMARKS.c.ended_at.is_(None)


class SqlEarmarks:
    """The port ``Earmarks`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, earmark: Earmark) -> Earmark:
        """Set cash aside; returns the earmark with its number."""
        number = await self._database.add_numbered(
            EARMARKS,
            account_id=earmark.account_id,
            amount=earmark.amount,
            asked_at=earmark.asked_at,
            lapses_on=earmark.lapses_on,
            member_id=earmark.member_id,
            proposal_id=earmark.proposal_id,
        )
        return replace(earmark, id=EarmarkId(number))

    async def get(self, earmark_id: EarmarkId) -> Earmark | None:
        """An earmark that was not ended, whether it counts or not."""
        row = await self._database.row(
            select(EARMARKS).where(EARMARKS.c.id == earmark_id, EARMARK_STANDS)
        )
        return None if row is None else _earmark_of(row)

    async def counting(
        self, account_ids: Collection[AccountId], today: date
    ) -> dict[AccountId, Earmark]:
        """The earmark of each account that counts on this day, the latest where there are more; others are missing."""
        is_raised = PROPOSALS.c.state.in_([state.value for state in RAISED])
        rows = await self._database.rows(
            select(EARMARKS)
            .outerjoin(PROPOSALS, PROPOSALS.c.id == EARMARKS.c.proposal_id)
            .where(
                self._database.among(EARMARKS.c.account_id, account_ids),
                EARMARK_STANDS,
                EARMARKS.c.lapses_on >= today,
                or_(EARMARKS.c.proposal_id.is_(None), is_raised),
            )
            .order_by(EARMARKS.c.id)
        )
        return {row.account_id: _earmark_of(row) for row in rows}

    async def of_proposal(self, proposal_id: ProposalId) -> Earmark | None:
        """The earmark whose money a proposal raises, if it was not ended."""
        row = await self._database.row(
            select(EARMARKS).where(EARMARKS.c.proposal_id == proposal_id, EARMARK_STANDS)
        )
        return None if row is None else _earmark_of(row)

    async def resize(self, earmark_id: EarmarkId, amount: Decimal) -> None:
        """Say how much is set aside from now on."""
        await self._database.write(
            update(EARMARKS).where(EARMARKS.c.id == earmark_id).values(amount=amount)
        )

    async def end(self, earmark_id: EarmarkId, at: datetime) -> bool:
        """Nothing is set aside any more; False where it was ended before."""
        touched = await self._database.write(
            update(EARMARKS).where(EARMARKS.c.id == earmark_id, EARMARK_STANDS).values(ended_at=at)
        )
        return touched > 0


def _earmark_of(row: Found) -> Earmark:
    return Earmark(
        row.id,
        row.account_id,
        row.amount,
        row.asked_at,
        row.lapses_on,
        row.member_id,
        row.proposal_id,
    )
