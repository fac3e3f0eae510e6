"""Migrations and tables agree, a killed migration leaves nothing behind, and a start without news loads no Alembic."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, String, inspect, text

from core.adapters.store import schema
from core.adapters.store.engines import Engines, make_engines
from core.adapters.store.tables import METADATA
from core.ports.store_errors import StoreDamaged
from tests.contracts.store_backends import BACKENDS, POSTGRES, postgres_url, run_on_postgres
from tests.contracts.store_samples import settle
from tests.fakes.store import make_store


async def empty_engines(backend: str, folder: Path) -> Engines:
    """Engines of a database without any table."""
    if backend == "sqlite":
        return make_engines(f"sqlite:///{folder / 'evenkeel.db'}")
    name = f"evenkeel_migrations_{os.getpid()}"
    schema_name = sql.Identifier(name)
    await run_on_postgres(
        sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema_name),
        sql.SQL("CREATE SCHEMA {}").format(schema_name),
    )
    return make_engines(postgres_url(name))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


def test_the_head_is_the_last_migration() -> None:
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_heads() == [schema.HEAD]


@pytest.mark.parametrize("backend", BACKENDS)
async def test_migrations_make_the_tables_that_the_code_uses(backend: str, tmp_path: Path) -> None:
    engines = await empty_engines(backend, tmp_path)
    async with engines.migrator.begin() as connection:
        await connection.run_sync(schema.bring_up_to_date)
        assert await connection.run_sync(differences) == []
        assert await connection.run_sync(schema.version_of) == schema.HEAD
    await engines.aclose()


@pytest.mark.fault(63)
@pytest.mark.parametrize("backend", BACKENDS)
async def test_a_migration_killed_half_way_runs_again(backend: str, tmp_path: Path) -> None:
    engines = await empty_engines(backend, tmp_path)

    def stop_half_way(connection: Connection) -> None:
        schema.bring_up_to_date(connection)
        assert inspect(connection).has_table("orders")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        async with engines.migrator.begin() as connection:
            await connection.run_sync(stop_half_way)
    async with engines.migrator.begin() as connection:
        assert await connection.run_sync(lambda sync: inspect(sync).get_table_names()) == []
        await connection.run_sync(schema.bring_up_to_date)
        assert await connection.run_sync(schema.version_of) == schema.HEAD
    await engines.aclose()


async def test_a_table_made_anew_keeps_its_rows_and_those_that_refer_to_it(tmp_path: Path) -> None:
    """SQLite cannot change most of a table; it is copied, dropped and renamed, under the feet of its references."""
    store = await make_store(tmp_path)
    family = await settle(store)
    await store.aclose()
    engines = make_engines(f"sqlite:///{tmp_path / 'evenkeel.db'}")

    def widen(connection: Connection) -> None:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("members", recreate="always") as batch:
            batch.alter_column("name", type_=String(200))
        schema._require_references(connection)

    async with engines.migrator.begin() as connection:
        await connection.run_sync(widen)
    await engines.aclose()
    again = await make_store(tmp_path)
    async with again.read() as work:
        (membership,) = await work.people.memberships(family.portfolio.id)
        assert membership.member == family.member
    await again.aclose()


async def test_a_migration_that_breaks_a_reference_is_undone(tmp_path: Path) -> None:
    store = await make_store(tmp_path)
    await settle(store)
    await store.aclose()
    engines = make_engines(f"sqlite:///{tmp_path / 'evenkeel.db'}")

    def lose(connection: Connection) -> None:
        connection.exec_driver_sql("DELETE FROM members")
        schema._require_references(connection)

    async def migrate() -> None:
        async with engines.migrator.begin() as connection:
            await connection.run_sync(lose)

    with pytest.raises(StoreDamaged, match="Nothing was changed"):
        await migrate()
    async with engines.reader.connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM members")) == 1
    await engines.aclose()


def test_a_start_without_news_does_not_load_the_migrations_library(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; from core.adapters.store import open_store\n"
        "async def main():\n"
        "    folder = Path(sys.argv[1])\n"
        "    store = await open_store(f'sqlite:///{folder / \"evenkeel.db\"}', folder)\n"
        "    await store.aclose()\n"
        "asyncio.run(main()); sys.exit('alembic' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    start = [sys.executable, "-c", program, str(tmp_path)]
    loaded = [subprocess.run(start, cwd=root, check=False).returncode for _ in range(2)]
    assert loaded == [1, 0]


@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="no EVENKEEL_TEST_POSTGRES_URL: migrated on SQLite only")
def test_migrations_run_on_postgres_too() -> None:
    assert "postgres" in BACKENDS
