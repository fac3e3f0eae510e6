"""A broker's own database: one SQLite file, used by nobody else.

Every write is one immediate transaction on stable storage, so that a killed process leaves each
order either whole or not at all. Money, prices and shares are decimals kept as text.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite

from core.ports.broker import BrokerAmbiguous, BrokerUnavailable

BUSY_SECONDS = 5

_PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
"""


class OwnDatabase:
    """One connection, opened at first use and shared by one task at a time.

    ``steps`` are the statements that lead from each version of the file to the next, from an empty one on.
    """

    def __init__(self, path: Path, steps: Sequence[Sequence[str]]) -> None:
        self._path = path
        self._steps = steps
        self._lock = asyncio.Lock()
        self._connection: aiosqlite.Connection | None = None

    async def close(self) -> None:
        """Close the file; it is opened again by the next use."""
        async with self._lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                await connection.close()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction that holds the write lock from its beginning and is kept on a clean exit.

        Raises BrokerUnavailable where certainly nothing was kept, BrokerAmbiguous where the last
        step itself failed.
        """
        async with self._lock, self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction that sees one state of the file throughout."""
        async with self._lock, self._transaction("BEGIN") as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, begin: str) -> AsyncIterator[aiosqlite.Connection]:
        connection = await self._opened()
        try:
            await connection.execute(begin)
            yield connection
        except BaseException as error:
            await connection.rollback()
            if isinstance(error, sqlite3.Error):
                raise BrokerUnavailable(f"{self._path.name}: {error}") from error
            raise
        try:
            await connection.commit()
        except sqlite3.Error as error:
            await connection.rollback()
            raise BrokerAmbiguous(f"{self._path.name}: {error}") from error

    async def _opened(self) -> aiosqlite.Connection:
        if self._connection is None:
            try:
                self._connection = await self._open()
            except (sqlite3.Error, OSError) as error:
                raise BrokerUnavailable(f"{self._path}: {error}") from error
        return self._connection

    async def _open(self) -> aiosqlite.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = await aiosqlite.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            await connection.executescript(_PRAGMAS)
            await self._bring_up_to_date(connection)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def _bring_up_to_date(self, connection: aiosqlite.Connection) -> None:
        await connection.execute("BEGIN IMMEDIATE")
        rows = list(await connection.execute_fetchall("PRAGMA user_version"))
        version = int(rows[0][0])
        if version > len(self._steps):
            raise BrokerUnavailable(
                f"{self._path} was written by a newer version of this program: it can be read "
                "only by that version or a later one."
            )
        for step in self._steps[version:]:
            for statement in step:
                await connection.execute(statement)
        await connection.execute(f"PRAGMA user_version = {len(self._steps):d}")
        await connection.commit()
