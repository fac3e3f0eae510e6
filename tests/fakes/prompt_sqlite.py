"""SQLite without the driver's thread, and each statement compiled once for all stores of a process.

Ours is as it is: engines, transactions, constraints, migrations, files. Left out is the way to another thread and back,
which takes longer than most statements. The loop goes round once after each call, so that tasks take turns as often as
they do with threads, and a call is carried out even where its task is cancelled meanwhile, as it is there. Whoever
waits for the write lock looks again and again instead of holding the loop up.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Generator
from typing import Any

import aiosqlite
from sqlalchemy import URL, Engine
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

LOOK_AGAIN = 0.002
"""Seconds between two looks at a lock that another connection has."""

_compiled: dict[Any, Any] = {}
_made: list[Engine] = []


class _AtOnce:
    """Stands for the queue of the driver's thread: what is put into it is done before that returns."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, function = item
        try:
            result = function()
        except Exception as error:  # noqa: BLE001 - handed on to whoever waits, as the thread does
            if future is not None:
                future.set_exception(error)
        else:
            if future is not None:
                future.set_result(result)


class PromptConnection(aiosqlite.Connection):
    """A connection of the driver whose thread is never started."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], patience: float) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._tx: Any = _AtOnce()
        self._patience = patience

    def __await__(self) -> Generator[Any, None, aiosqlite.Connection]:
        return self._connect().__await__()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if args and args[0] == "BEGIN IMMEDIATE":
            result = await self._take_write_lock(fn, *args)
        else:
            result = await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        await asyncio.sleep(0)
        return result

    async def _take_write_lock(self, fn: Callable[..., Any], *args: Any) -> Any:
        """Wait for the lock as long as this connection may, but not within SQLite."""
        until = time.monotonic() + self._patience
        (milliseconds,) = self._conn.execute("PRAGMA busy_timeout").fetchone()
        self._conn.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    return await super()._execute(fn, *args)  # type: ignore[no-untyped-call]
                except sqlite3.OperationalError as error:
                    is_late = time.monotonic() > until
                    if is_late or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                        raise
                await asyncio.sleep(LOOK_AGAIN)
        finally:
            if self._connection is not None:
                self._conn.execute(f"PRAGMA busy_timeout={milliseconds}")


def connect(database: str, *, timeout: float = 5.0, **options: Any) -> PromptConnection:
    """Connect to a file; stands for the driver's function of this name."""

    def connector() -> sqlite3.Connection:
        made: sqlite3.Connection = sqlite3.connect(database, timeout=timeout, **options)
        return made

    return PromptConnection(connector, timeout)


def make_engine(url: URL, **options: Any) -> AsyncEngine:
    """Make an engine; those of SQLite share a dialect that has met its database, and what was compiled with it."""
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url, **options)
    made = create_async_engine(url, execution_options={"compiled_cache": _compiled}, **options)
    met = next((one for one in _made if one.dialect.server_version_info), None)
    if met is None:
        _made.append(made.sync_engine)
    else:
        made.sync_engine.dialect = met.dialect
    return made
