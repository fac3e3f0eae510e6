"""How the store keeps its promises on SQLite: immediate transactions, patience with others, no room left, no waste."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from contextvars import Context
from pathlib import Path

import pytest
from sqlalchemy import event, text

from core.adapters.store import SqlStore
from core.adapters.store.unbroken import unbroken
from core.domain.approval import Need
from core.domain.ids import PortfolioId, UserId
from core.ports.guard import is_unit_of_work_open
from core.ports.store_errors import StoreBusy, StoreConflict, StoreFull
from tests.contracts.store_samples import NOW, TODAY, Family, propose, settle
from tests.fakes.store import make_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    made = await make_store(tmp_path, patience=0.2)
    yield made
    await made.aclose()


@contextmanager
def another_process(folder: Path, *, patience: float = 5.0) -> Iterator[sqlite3.Connection]:
    """A connection that the store knows nothing of."""
    with closing(
        sqlite3.connect(folder / "evenkeel.db", isolation_level=None, timeout=patience)
    ) as connection:
        yield connection


@contextmanager
def statements(store: SqlStore) -> Iterator[list[str]]:
    """Every statement that is carried out meanwhile."""
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    engines = (store._reader.sync_engine, store._writer.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield seen
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.fault(64)
async def test_nothing_is_left_to_sqlites_defaults(store: SqlStore) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 200}
    for engine in (store._writer, store._reader):
        async with engine.connect() as connection:
            for name, value in wanted.items():
                assert await connection.scalar(text(f"PRAGMA {name}")) == value


async def test_a_writer_takes_the_lock_before_it_reads(store: SqlStore, tmp_path: Path) -> None:
    with another_process(tmp_path, patience=0) as other:
        async with store.begin() as work:
            await work.people.first_household()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


async def test_the_race_that_a_deferred_transaction_loses_is_won(
    store: SqlStore, tmp_path: Path
) -> None:
    """
    deferred: read, another writes, write -> SQLITE_BUSY_SNAPSHOT at once, whatever the timeout
    ours: the other cannot write in between, and both succeed one after the other
    """
    with another_process(tmp_path) as reader, another_process(tmp_path) as writer:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM households").fetchone()
        writer.execute("INSERT INTO households (name) VALUES ('other')")
        with pytest.raises(sqlite3.OperationalError) as lost:
            reader.execute("INSERT INTO households (name) VALUES ('mine')")
        assert lost.value.sqlite_errorname == "SQLITE_BUSY_SNAPSHOT"
        reader.execute("ROLLBACK")

        started = asyncio.Event()

        async def read_then_write() -> None:
            async with store.begin() as work:
                await work.people.first_household()
                started.set()
                await asyncio.sleep(0)
                await work.people.add_household("ours")

        ours = asyncio.create_task(read_then_write())
        await started.wait()
        await asyncio.gather(ours, asyncio.to_thread(insert_from_elsewhere, tmp_path))
        names = [name for (name,) in reader.execute("SELECT name FROM households ORDER BY name")]
    assert names == ["other", "ours", "theirs"]


def insert_from_elsewhere(folder: Path) -> None:
    with another_process(folder) as other:
        other.execute("INSERT INTO households (name) VALUES ('theirs')")


@pytest.mark.fault(59)
async def test_a_store_held_by_another_process_is_refused_with_nothing_begun(
    store: SqlStore, tmp_path: Path
) -> None:
    with another_process(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="try again"):
            async with store.begin():
                pytest.fail("a unit of work was begun")
        assert not is_unit_of_work_open()
        async with store.read() as work:
            assert await work.people.first_household() is None
        other.execute("ROLLBACK")
    async with store.begin() as work:
        await work.people.add_household("Home")


async def test_those_who_write_are_served_in_the_order_they_came(store: SqlStore) -> None:
    served: list[int] = []

    async def write(number: int) -> None:
        async with store.begin():
            served.append(number)
            await asyncio.sleep(0)

    await asyncio.gather(*(write(number) for number in range(30)))
    assert served == list(range(30))


async def test_readers_do_not_wait_for_a_writer(store: SqlStore) -> None:
    async with store.begin() as work:
        await work.people.add_household("Not yet")

        async def look() -> bool:
            async with store.read() as other:
                return await other.people.first_household() is None

        reading = asyncio.get_running_loop().create_task(look(), context=Context())
        assert await asyncio.wait_for(reading, 5)


async def propose_many(store: SqlStore, family: Family) -> None:
    async with store.begin() as work:
        for _ in range(200):
            await propose(work, family)


@pytest.mark.fault(60)
async def test_a_full_disk_undoes_the_unit_of_work_and_reading_goes_on(store: SqlStore) -> None:
    family = await settle(store)
    async with store._writer.connect() as connection:
        pages = await connection.scalar(text("PRAGMA page_count"))
        await connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull, match="make room"):
        await propose_many(store, family)
    async with store.read() as work:
        assert await work.proposals.recent(family.portfolio.id, 1) == ()
    async with store._writer.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=100000")
    async with store.begin() as work:
        assert (await propose(work, family)).id == 1


async def test_tasks_cancelled_anywhere_leave_whole_units_of_work_and_block_nobody(
    store: SqlStore,
) -> None:
    """Each task adds two households of one name; wherever it was cancelled, both are there or none."""

    async def add_two(number: int) -> None:
        async with store.begin() as work:
            await work.people.add_household(str(number))
            await work.people.add_household(str(number))

    async def cancel_after(number: int) -> None:
        task = asyncio.create_task(add_two(number))
        for _ in range(10 * number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    for number in range(60):
        await cancel_after(number)
    async with store.begin() as work:
        await work.people.add_household("last")
    async with store._reader.connect() as connection:
        counts = await connection.execute(
            text("SELECT name, count(*) FROM households GROUP BY name")
        )
        found = {name: count for name, count in counts if name != "last"}
    assert set(found.values()) <= {2}
    assert len(found) < 60


async def test_a_cancelled_unit_of_work_keeps_no_lock_while_its_traceback_is_kept(
    store: SqlStore,
) -> None:
    family = await settle(store)

    async def add(slot: int) -> None:
        async with store.begin() as work:
            await work.checks.add_due(family.portfolio.id, TODAY, f"10:{slot}", NOW)

    kept: list[BaseException | None] = []
    for number in range(40):
        task = asyncio.create_task(add(number))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        kept += await asyncio.gather(task, return_exceptions=True)
        await add(100 + number)
    assert any(isinstance(each, asyncio.CancelledError) for each in kept)


async def test_what_must_not_be_broken_off_ends_before_the_cancellation_is_raised() -> None:
    may_end = asyncio.Event()
    ended: list[str] = []

    async def work() -> str:
        await may_end.wait()
        ended.append("work")
        return "done"

    task = asyncio.create_task(unbroken(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["work"]
    assert await unbroken(work()) == "done"


async def test_a_reference_to_nothing_is_refused(store: SqlStore) -> None:
    with pytest.raises(StoreConflict):
        async with store.begin() as work:
            await work.checks.add_due(PortfolioId(99), TODAY, "11:00", NOW)


async def test_a_sweep_asks_as_often_for_many_portfolios_as_for_few(store: SqlStore) -> None:
    async def sweep(ids: list[PortfolioId]) -> int:
        store._memory.allocations.clear()
        with statements(store) as seen:
            async with store.read() as work:
                await work.checks.due(NOW)
                assert len(await work.portfolios.many(ids)) == len(ids)
                assert len(await work.proposals.blocking(ids)) == len(ids)
                await work.proposals.last_settled(ids)
                await work.checks.previous_sessions(ids, TODAY)
        return len(seen)

    ids = []
    for number in range(1, 41):
        family = await settle(store, user=number, slug=f"p{number}")
        ids.append(family.portfolio.id)
        async with store.begin() as work:
            await propose(work, family)
            await work.checks.add_due(family.portfolio.id, TODAY, "11:00", NOW)
    assert await sweep(ids[:2]) == await sweep(ids)


async def test_more_portfolios_than_a_statement_may_have_parameters(store: SqlStore) -> None:
    family = await settle(store)
    many = [family.portfolio.id, *(PortfolioId(number) for number in range(100, 50_100))]
    async with store.read() as work:
        found = await work.portfolios.many(many)
        assert [one.portfolio.id for one in found] == [family.portfolio.id]
        assert await work.proposals.blocking(many) == {}


@pytest.mark.fault(56)
async def test_no_statement_carries_a_value_of_a_person(store: SqlStore) -> None:
    """What people write is a parameter, never a part of a statement."""
    hostile = "'); DROP TABLE members; --"
    with statements(store) as seen:
        async with store.begin() as work:
            household = await work.people.add_household(hostile)
            member = await work.people.add_member(UserId(1), household, hostile)
    assert member.name == hostile
    assert seen
    assert not any("DROP" in statement for statement in seen)
    async with store.read() as work:
        assert await work.people.member_of_user(UserId(1)) == member


async def test_a_revision_of_before_needs_as_many_people_as_its_proposal_said(
    store: SqlStore, tmp_path: Path
) -> None:
    """Its document names no need: only the proposal's own row has the number."""
    family = await settle(store)
    async with store.begin() as work:
        made = await propose(work, family, approvals=2)
    with another_process(tmp_path) as connection:
        connection.execute("UPDATE proposal_revisions SET changes = json_remove(changes, '$.need')")
    async with store.read() as work:
        found = await work.proposals.get(made.id)
    assert found is not None
    assert found.revision.need == Need(2)
