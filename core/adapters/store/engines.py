"""The engines of a store: one that writes and one that reads, set up so that nothing is left to defaults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, ExceptionContext, event, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from core.ports.store_errors import StoreError

PATIENCE_SECONDS = 5.0
"""How long another process is waited for before a unit of work is refused."""

READERS = 4
"""How many units of work may read at once; each has a connection, and on SQLite a thread."""

_WRITE_LOCK = 0x6576656E6B65656C
"""The advisory lock that those who write hold on PostgreSQL ("evenkeel" in ASCII)."""


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines that write, read and migrate, and the file they use (None on PostgreSQL).

    On SQLite the one that migrates does not watch references, as a table is changed there by being made anew.
    """

    writer: AsyncEngine
    reader: AsyncEngine
    migrator: AsyncEngine
    file: Path | None

    async def aclose(self) -> None:
        """Close every connection of all."""
        for engine in {self.writer, self.reader, self.migrator}:
            await engine.dispose()


def make_engines(url: str, patience: float = PATIENCE_SECONDS) -> Engines:
    """Make the engines for a database's URL; raises StoreError for one that is not understood."""
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite_engines(parsed, patience)
        case "postgresql":
            return _postgres_engines(parsed, patience)
        case other:
            raise StoreError(
                f"DATABASE_URL names {other!r}; expected sqlite:///path/to/file.db or "
                "postgresql://user:password@host/name"
            )


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite URL; None for another database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return None
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError("DATABASE_URL must name a file, such as sqlite:///data/evenkeel.db")
    return Path(parsed.database)


def _sqlite_engines(url: URL, patience: float) -> Engines:
    file = sqlite_file(url.render_as_string(hide_password=False))
    milliseconds = int(patience * 1000)
    common = [f"PRAGMA busy_timeout={milliseconds}", "PRAGMA synchronous=FULL"]
    references = "PRAGMA foreign_keys=ON"
    log = "PRAGMA journal_mode=WAL"
    url = url.set(drivername="sqlite+aiosqlite")
    options = {"connect_args": {"timeout": patience}, "max_overflow": 0}
    writer = create_async_engine(url, pool_size=1, **options)
    reader = create_async_engine(url, pool_size=READERS, **options)
    migrator = create_async_engine(url, pool_size=1, **options)
    _take_over(writer, [*common, log, references], "BEGIN IMMEDIATE")
    _take_over(reader, [*common, references, "PRAGMA query_only=ON"], "BEGIN")
    _take_over(migrator, [*common, log, "PRAGMA foreign_keys=OFF"], "BEGIN IMMEDIATE")
    return Engines(writer, reader, migrator, file)


def _take_over(engine: AsyncEngine, pragmas: list[str], begin: str) -> None:
    """Keep the driver from opening transactions by itself, and open them as told.

    A deferred transaction that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT, however long the timeout.
    """

    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def open_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "handle_error", _keep_connection)


def _keep_connection(context: ExceptionContext) -> None:
    """Keep the connection of a cancelled statement, so that its transaction is rolled back and the write lock given up.

    Thrown away, it would hold the lock until the last cursor on it is forgotten, which may be as long as somebody keeps
    the cancelled task. What was handed to the driver is carried out before the rollback.
    """
    if not isinstance(context.original_exception, Exception):
        context.is_disconnect = False


def _postgres_engines(url: URL, patience: float) -> Engines:
    """Those who write wait for each other on one advisory lock, as they do on SQLite's one file.

    So what a unit of work reads stays true until it commits, and compare-and-set needs nothing more.
    """
    url = url.set(drivername="postgresql+psycopg")
    writer = create_async_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
    reader = create_async_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )

    @event.listens_for(writer.sync_engine, "begin")
    def take_turn(connection: Connection) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{int(patience * 1000)}ms'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    return Engines(writer, reader, writer, None)


async def require_sqlite_settings(engines: Engines) -> None:
    """Hold the settings that keep acknowledged commits against what SQLite says; raises StoreError."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    for engine in (engines.writer, engines.reader):
        async with engine.connect() as connection:
            for name, value in wanted.items():
                found = await connection.scalar(text(f"PRAGMA {name}"))
                if found != value:
                    raise StoreError(
                        f"SQLite has {name}={found} where {value} is needed. DATA_DIR must be on a "
                        "local disk, not on a network drive."
                    )
            if not await connection.scalar(text("PRAGMA busy_timeout")):
                raise StoreError("SQLite does not wait for other processes (busy_timeout=0).")
