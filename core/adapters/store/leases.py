"""Leases with fencing numbers in the store."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update

from core.adapters.store.database import Database
from core.adapters.store.tables import LEASES

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class SqlLeases:
    """The port ``Leases`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(
        self, name: str, holder: str, *, now: datetime, until: datetime
    ) -> int | None:
        """Take or renew a lease; returns its fencing number, or None while another holder has it.

        A renewal keeps the number; a lease that lapsed is granted anew, with a higher one.
        """
        row = await self._database.row(select(LEASES).where(LEASES.c.name == name))
        if row is None:
            await self._database.add(LEASES, name=name, holder=holder, fence=1, until=until)
            return 1
        is_running = row.until > now
        if is_running and row.holder != holder:
            return None
        fence = int(row.fence) if is_running else int(row.fence) + 1
        await self._database.write(
            update(LEASES)
            .where(LEASES.c.name == name)
            .values(holder=holder, fence=fence, until=until)
        )
        return fence

    async def release(self, name: str, holder: str) -> None:
        """Give it back, if it is still this holder's."""
        await self._database.write(
            update(LEASES)
            .where(LEASES.c.name == name, LEASES.c.holder == holder)
            .values(until=_LONG_AGO)
        )

    async def release_all(self, holder: str) -> None:
        """Give back all that a holder has who is known to be gone."""
        await self._database.write(
            update(LEASES).where(LEASES.c.holder == holder).values(until=_LONG_AGO)
        )

    async def holder(self, name: str, now: datetime) -> str | None:
        """Who has it now."""
        found: str | None = await self._database.value(
            select(LEASES.c.holder).where(LEASES.c.name == name, LEASES.c.until > now)
        )
        return found

    async def require(self, name: str, holder: str, fence: int, now: datetime) -> None:
        """Raise PermissionError unless this grant is the current one."""
        found = await self._database.value(
            select(LEASES.c.fence).where(
                LEASES.c.name == name,
                LEASES.c.holder == holder,
                LEASES.c.fence == fence,
                LEASES.c.until > now,
            )
        )
        if found is None:
            raise PermissionError(f"the lease {name!r} is no longer held by {holder!r}")
