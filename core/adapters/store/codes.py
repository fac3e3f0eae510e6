"""One-time codes in the store, as the vault has sealed them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update

from core.adapters.store.database import Database
from core.adapters.store.tables import ONE_TIME_CODES
from core.domain.ids import MemberId
from core.ports.store.codes import KeptCodes


class SqlCodes:
    """The port ``Codes`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, member_id: MemberId) -> KeptCodes | None:
        """A member's codes; None where the member has none."""
        row = await self._database.row(
            select(ONE_TIME_CODES).where(ONE_TIME_CODES.c.member_id == member_id)
        )
        if row is None:
            return None
        return KeptCodes(
            row.member_id,
            row.sealed,
            row.last_step,
            row.failures,
            row.locked_until,
            row.created_at,
        )

    async def put(self, member_id: MemberId, *, sealed: str, step: int, at: datetime) -> None:
        """Keep a new secret in the place of any earlier one; a code of ``step`` has been accepted."""
        await self._database.put(
            ONE_TIME_CODES,
            ("member_id",),
            member_id=member_id,
            sealed=sealed,
            last_step=step,
            failures=0,
            locked_until=None,
            created_at=at,
        )

    async def remove(self, member_id: MemberId) -> bool:
        """Forget a member's codes; False where there were none."""
        touched = await self._database.write(
            delete(ONE_TIME_CODES).where(ONE_TIME_CODES.c.member_id == member_id)
        )
        return touched == 1

    async def use(self, member_id: MemberId, step: int) -> bool:
        """Note that a code of a step was accepted; False where one of it or a later one was before."""
        touched = await self._database.write(
            update(ONE_TIME_CODES)
            .where(ONE_TIME_CODES.c.member_id == member_id, ONE_TIME_CODES.c.last_step < step)
            .values(last_step=step, failures=0, locked_until=None)
        )
        return touched == 1

    async def fail(self, member_id: MemberId) -> int:
        """Note a wrong code, and return how many there were since the last right one or the last lock."""
        await self._database.write(
            update(ONE_TIME_CODES)
            .where(ONE_TIME_CODES.c.member_id == member_id)
            .values(failures=ONE_TIME_CODES.c.failures + 1)
        )
        failures = await self._database.value(
            select(ONE_TIME_CODES.c.failures).where(ONE_TIME_CODES.c.member_id == member_id)
        )
        return int(failures or 0)

    async def lock(self, member_id: MemberId, until: datetime) -> None:
        """Accept no code until then; failures are counted anew afterwards."""
        await self._database.write(
            update(ONE_TIME_CODES)
            .where(ONE_TIME_CODES.c.member_id == member_id)
            .values(failures=0, locked_until=until)
        )
