"""A store of the first version is brought up to date, killed wherever it may be, and loses no row."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from core.adapters.store import open_store, schema
from core.adapters.store.engines import Engines, make_engines
from core.domain.ids import ChatId
from core.domain.order import Fill, OrderState
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.proposal import ProposalState
from core.ports.store import AuditEvent
from tests.contracts.store_samples import EXACT, NOW, TODAY, an_approval, an_order, propose, settle
from tests.fakes.store import make_store

FIRST = "0001"
ROOT = Path(__file__).parents[3]

Rows = dict[str, list[tuple[Any, ...]]]


class Killed(BaseException):
    """The process ends here."""


async def a_lived_in_store(folder: Path) -> Path:
    """A store of this version in which a family has done what families do."""
    store = await make_store(folder)
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.proposals.add_decision(proposal.id, an_approval(family, proposal))
        await work.orders.add([an_order(family, proposal.id)])
        (order,) = await work.orders.of_proposal(proposal.id)
        await work.orders.move(order.id, OrderState.INTENDED, OrderState.SUBMITTING)
        await work.orders.add_fills(order.id, [Fill("x-1", EXACT, EXACT, EXACT, NOW)])
        await work.checks.add_due(family.portfolio.id, TODAY, "11:00", NOW)
        notice = OutboxItem(MessageKind.RESTORED, ChatId(1), "once", family.portfolio.id)
        await work.outbox.enqueue([notice], NOW)
        await work.leases.acquire("telegram", "me", now=NOW, until=NOW + timedelta(minutes=1))
        await work.log.record(AuditEvent(NOW, "settled", family.member.id, family.portfolio.id))
    await store.aclose()
    return folder / "evenkeel.db"


async def an_old_store(folder: Path) -> Path:
    """The same rows, as far as the first version had a place for them, in tables of the first version."""
    new = await a_lived_in_store(Path(tempfile.mkdtemp(dir=folder)))
    old = folder / "evenkeel.db"
    engines = make_engines(f"sqlite:///{old}")
    async with engines.migrator.begin() as connection:
        await connection.run_sync(_first_tables)
    await engines.aclose()
    with closing(sqlite3.connect(old)) as connection_:
        connection_.execute("ATTACH ? AS new", (str(new),))
        for table, columns in tables_of(connection_).items():
            names = ", ".join(columns)
            connection_.execute(
                f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}"
            )
        connection_.commit()
        assert connection_.execute("PRAGMA foreign_key_check").fetchall() == []
    return old


def _first_tables(connection: Any) -> None:
    from alembic import command

    schema._quieten()
    command.upgrade(schema.config_for(connection), FIRST)


MOVED = {("invitations", "used_by")}
"""Columns whose facts stand in a table of their own now."""


def tables_of(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Each table's columns, those of the version left out."""
    found = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")
    return {
        name: [
            column
            for (_, column, *_) in connection.execute(f"PRAGMA main.table_info({name})")
            if (name, column) not in MOVED
        ]
        for (name,) in found
        if name != schema.VERSION_TABLE and not name.startswith("sqlite_")
    }


def contents(file: Path, tables: dict[str, list[str]]) -> Rows:
    """Every row of these tables, as far as these columns go."""
    with closing(sqlite3.connect(file)) as connection:
        return {
            table: sorted(connection.execute(f"SELECT {', '.join(columns)} FROM {table}"), key=repr)
            for table, columns in tables.items()
        }


def old_tables(file: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(file)) as connection:
        return tables_of(connection)


def version_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        (found,) = connection.execute(f"SELECT version_num FROM {schema.VERSION_TABLE}").fetchone()
    return str(found)


@contextmanager
def killed_at(engines: Engines, number: int) -> Iterator[None]:
    """Let the process end before its n-th statement."""
    left = [number]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    event.listen(engines.migrator.sync_engine, "before_cursor_execute", count)
    yield
    event.remove(engines.migrator.sync_engine, "before_cursor_execute", count)


async def upgraded(file: Path, number: int) -> bool:
    """Bring a store up to date, or be killed at the n-th statement of it."""
    engines = make_engines(f"sqlite:///{file}")
    try:
        with killed_at(engines, number):
            async with engines.migrator.begin() as connection:
                await connection.run_sync(schema.bring_up_to_date)
    except Killed:
        return False
    finally:
        await engines.aclose()
    return True


@pytest.mark.fault(63)
async def test_killed_at_any_statement_it_is_still_the_old_one_and_the_next_start_completes_it(
    tmp_path: Path,
) -> None:
    old = await an_old_store(tmp_path)
    tables = old_tables(old)
    before = contents(old, tables)
    assert {"orders", "fills", "proposals", "outbox"} <= {name for name in before if before[name]}
    number = 1
    while not await upgraded(old, number):
        assert version_of(old) == FIRST
        assert old_tables(old) == tables
        assert contents(old, tables) == before
        number += 1
    assert number > 10
    assert version_of(old) == schema.HEAD
    assert contents(old, tables) == before


async def test_who_used_an_invitation_and_who_belonged_to_a_household_is_known_afterwards(
    tmp_path: Path,
) -> None:
    old = await an_old_store(tmp_path)
    with closing(sqlite3.connect(old)) as connection:
        row = ("a" * 64, 1, 1, "viewer", 1, "2020-01-01T00:00:00.000000+00:00", 1)
        connection.execute("INSERT INTO invitations VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute(
            "INSERT INTO invitations SELECT ?, household_id, portfolio_id, role, created_by, "
            "expires_at, NULL FROM invitations",
            ("b" * 64,),
        )
        connection.commit()
    assert await upgraded(old, 0)
    with closing(sqlite3.connect(old)) as connection:
        uses = connection.execute("SELECT uses, used FROM invitations ORDER BY code_hash")
        assert uses.fetchall() == [(1, 1), (1, 0)]
        joined = connection.execute("SELECT code_hash, member_id, role, role_before FROM joinings")
        assert joined.fetchall() == [("a" * 64, 1, "viewer", None)]
        belonging = connection.execute("SELECT household_id, member_id FROM household_members")
        assert belonging.fetchall() == [(1, 1)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.fault(63)
async def test_killed_for_real_half_way_it_runs_again_and_everything_is_there(
    tmp_path: Path,
) -> None:
    old = await an_old_store(tmp_path)
    before = contents(old, tables := old_tables(old))
    assert status_of(KILLED_HALF_WAY, tmp_path) == -signal.SIGKILL
    assert version_of(old) == FIRST
    store = await open_store(f"sqlite:///{old}", tmp_path)
    async with store.read() as work:
        (proposal,) = await work.proposals.in_states(set(ProposalState))
        (order,) = await work.orders.of_proposal(proposal.id)
        assert order.fills == (Fill("x-1", EXACT, EXACT, EXACT, NOW),)
    await store.aclose()
    assert contents(old, tables) == before


def status_of(program: str, folder: Path) -> int:
    command = [sys.executable, "-c", program, str(folder)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


KILLED_HALF_WAY = """
import asyncio, os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from core.adapters.store import open_store

@event.listens_for(Engine, "before_cursor_execute")
def die(connection, cursor, statement, *rest):
    if "one_time_codes" in statement and "CREATE" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[1])
asyncio.run(open_store(f"sqlite:///{folder / 'evenkeel.db'}", folder))
"""
