"""The databases that the store's contract is held against, each with a fresh store for every test."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from urllib.parse import quote

from psycopg import AsyncConnection, sql
from sqlalchemy import make_url

from core.adapters.store import SqlStore, open_store
from core.adapters.store.tables import METADATA
from tests.fakes.store import make_store

POSTGRES = os.environ.get("EVENKEEL_TEST_POSTGRES_URL", "")

BACKENDS = ["sqlite"]
if POSTGRES:
    BACKENDS.append("postgres")

SCHEMA = f"evenkeel_test_{os.getpid()}"
KEPT = ("alembic_version", "installation")


@asynccontextmanager
async def fresh_store(backend: str, folder: Path) -> AsyncIterator[SqlStore]:
    """A store with nothing in it."""
    if backend == "postgres":
        await _empty_schema()
    store = await reopened(backend, folder)
    try:
        yield store
    finally:
        await store.aclose()


async def reopened(backend: str, folder: Path) -> SqlStore:
    """The same store again, as a second process or a restart would open it."""
    if backend == "sqlite":
        return await make_store(folder)
    return await open_store(postgres_url(SCHEMA), folder)


def postgres_url(schema: str) -> str:
    """The server's URL for tables in a schema of its own."""
    return f"{POSTGRES}?options={quote(f'-csearch_path={schema}')}"


@cache
def _plain_url() -> str:
    return make_url(POSTGRES).set(drivername="postgresql").render_as_string(hide_password=False)


async def run_on_postgres(*statements: sql.Composed) -> None:
    """Carry out statements on the server, outside of any store."""
    async with await AsyncConnection.connect(_plain_url(), autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement)


async def _empty_schema() -> None:
    """Make the schema of this test run, or empty the tables that an earlier test has filled."""
    schema = sql.Identifier(SCHEMA)
    await run_on_postgres(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
    store = await open_store(postgres_url(SCHEMA), Path())
    await store.aclose()
    names = [name for name in METADATA.tables if name not in KEPT]
    tables = sql.SQL(", ").join(sql.Identifier(SCHEMA, name) for name in names)
    await run_on_postgres(sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(tables))
