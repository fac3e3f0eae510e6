"""The store on a database in memory, spoken to without a thread: for runs by the thousand.

Everything above the driver is the product's own: repositories, transactions, constraints, migrations. Left out is what
these runs do not try: files, durability, the worker thread of the asynchronous driver, readers beside a writer.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import (
    Connection,
    CursorResult,
    Dialect,
    Engine,
    Executable,
    StaticPool,
    create_engine,
    event,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from core.adapters.store.store import SqlStore

Rows = Sequence[Mapping[str, Any]] | Mapping[str, Any] | None


@dataclass
class DirectEngine:
    """Stands for an asynchronous engine; there is one connection, and whoever waits for it gets it in turn."""

    engine: Engine
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def connect(self) -> DirectConnection:
        return DirectConnection(self)

    async def dispose(self) -> None:
        """Leave the connection as it is: the next run fills it anew."""


class DirectConnection:
    """Stands for an asynchronous connection: each call is done before it returns."""

    def __init__(self, owner: DirectEngine) -> None:
        self._owner = owner
        self.sync_connection: Connection | None = None
        self.dialect: Dialect = owner.engine.dialect

    async def start(self) -> None:
        await self._owner.turn.acquire()
        self.sync_connection = self._owner.engine.connect()

    async def begin(self) -> None:
        self._open.begin()

    async def execute(self, statement: Executable, parameters: Rows = None) -> CursorResult[Any]:
        return self._open.execute(statement, parameters)

    async def commit(self) -> None:
        self._open.commit()

    async def close(self) -> None:
        self._open.close()
        self.sync_connection = None
        self._owner.turn.release()

    @property
    def _open(self) -> Connection:
        assert self.sync_connection is not None
        return self.sync_connection


class DirectDatabase:
    """One database in memory, filled again and again from what an earlier one held.

    The engine is kept for the life of the process, and with it every statement that was compiled for it.
    """

    def __init__(self) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self.engine = create_engine("sqlite://", creator=lambda: self.raw, poolclass=StaticPool)
        event.listen(
            self.engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE")
        )

    def fill(self, content: sqlite3.Connection) -> None:
        """Make it hold what was saved."""
        content.backup(self.raw)

    def saved(self) -> sqlite3.Connection:
        """A copy of what it holds now."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self.raw.backup(copy)
        return copy

    def store(self) -> SqlStore:
        """A store on it, as a process that has just started would open one."""
        engine = cast("AsyncEngine", DirectEngine(self.engine))
        return SqlStore(engine, engine)
