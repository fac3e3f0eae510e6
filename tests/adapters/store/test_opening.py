"""A store is looked at before it is used: missing, damaged, foreign and newer ones are refused and left as they are."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.adapters.store import open_store, schema
from core.adapters.store.engines import make_engines, require_sqlite_settings
from core.adapters.store.files import marker_of
from core.domain.ids import UserId
from core.ports.store_errors import StoreBusy, StoreDamaged, StoreError, StoreTooNew
from tests.contracts.store_samples import settle
from tests.fakes.store import make_store


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'evenkeel.db'}"


async def a_used_store(folder: Path) -> Path:
    store = await make_store(folder)
    await settle(store)
    await store.aclose()
    return folder / "evenkeel.db"


def run_sql(file: Path, *sql: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in sql:
            connection.execute(statement)


async def test_a_first_start_makes_a_private_file_in_a_private_folder(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "data"
    store = await open_store(url_of(folder), folder)
    await settle(store)
    async with store.read():
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    await store.aclose()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes) == {"evenkeel.db", "evenkeel.db-wal", "evenkeel.db-shm", "evenkeel.db.id"}
    assert set(modes.values()) == {0o600}


async def test_two_processes_that_start_at_once_make_one_store(tmp_path: Path) -> None:
    stores = await asyncio.gather(*(open_store(url_of(tmp_path), tmp_path) for _ in range(3)))
    names = set()
    for store in stores:
        async with store.read() as work:
            names.add(await work.people.install_id())
        await store.aclose()
    assert len(names) == 1


@pytest.mark.fault(61)
async def test_flipped_bytes_are_noticed_and_the_file_is_left_alone(tmp_path: Path) -> None:
    file = await a_used_store(tmp_path)
    data = bytearray(file.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    file.write_bytes(data)
    with pytest.raises(StoreDamaged, match="evenkeel restore FILE"):
        await open_store(url_of(tmp_path), tmp_path)
    assert file.read_bytes() == bytes(data)


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    "content", [b"this is no database at all, not even nearly" * 200, b"short"]
)
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "evenkeel.db"
    file.write_bytes(content)
    with pytest.raises(StoreDamaged, match="damaged"):
        await open_store(url_of(tmp_path), tmp_path)
    assert file.read_bytes() == content


@pytest.mark.fault(61)
async def test_a_missing_database_is_never_made_anew_where_there_was_one(tmp_path: Path) -> None:
    file = await a_used_store(tmp_path)
    file.unlink()
    with pytest.raises(StoreDamaged, match=r"missing or empty.*evenkeel\.db\.id"):
        await open_store(url_of(tmp_path), tmp_path)
    assert not file.exists()
    file.touch()
    with pytest.raises(StoreDamaged, match="restore"):
        await open_store(url_of(tmp_path), tmp_path)
    assert file.stat().st_size == 0
    file.unlink()
    marker_of(file).unlink()
    store = await open_store(url_of(tmp_path), tmp_path)
    await store.aclose()


@pytest.mark.fault(61)
async def test_a_log_without_its_database_is_no_reason_to_begin_anew(tmp_path: Path) -> None:
    (tmp_path / "evenkeel.db-wal").write_bytes(b"x" * 100)
    with pytest.raises(StoreDamaged, match=r"evenkeel\.db-wal"):
        await open_store(url_of(tmp_path), tmp_path)
    assert not (tmp_path / "evenkeel.db").exists()


@pytest.mark.fault(61)
async def test_a_log_of_another_installation_is_not_carried_out(tmp_path: Path) -> None:
    """SQLite itself would: every page of the other one would take the place of ours, and look sound."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    store = await open_store(url_of(ours), ours)
    await settle(store)
    await store.aclose()
    other = await open_store(url_of(theirs), theirs)
    await settle(other, user=2)
    log = (theirs / "evenkeel.db-wal").read_bytes()
    await other.aclose()
    before = (ours / "evenkeel.db").read_bytes()
    (ours / "evenkeel.db-wal").write_bytes(log)
    with pytest.raises(StoreDamaged, match=r"evenkeel\.db-wal .* belongs to another database"):
        await open_store(url_of(ours), ours)
    assert (ours / "evenkeel.db").read_bytes() == before
    assert (ours / "evenkeel.db-wal").read_bytes() == log
    (ours / "evenkeel.db-wal").unlink()
    again = await open_store(url_of(ours), ours)
    async with again.read() as work:
        assert await work.people.member_of_user(UserId(700_000_000_001)) is not None
    await again.aclose()


@pytest.mark.fault(61)
async def test_a_log_that_was_cut_off_is_followed_to_its_last_whole_commit(tmp_path: Path) -> None:
    store = await make_store(tmp_path)
    await settle(store)
    async with store.begin() as work:
        await work.people.add_household("Last")
    data = (tmp_path / "evenkeel.db").read_bytes()
    log = (tmp_path / "evenkeel.db-wal").read_bytes()
    await store.aclose()
    (tmp_path / "evenkeel.db").write_bytes(data)
    (tmp_path / "evenkeel.db-wal").write_bytes(log[:-100])
    again = await make_store(tmp_path)
    async with again.read() as work:
        assert await work.people.member_of_user(UserId(700_000_000_001)) is not None
    await again.aclose()
    with closing(sqlite3.connect(tmp_path / "evenkeel.db")) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM households")]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert names == ["Home"]


@pytest.mark.fault(63)
async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    file = await a_used_store(tmp_path)
    run_sql(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match=r"9999.*Install that version"):
        await open_store(url_of(tmp_path), tmp_path)
    run_sql(file, f"UPDATE alembic_version SET version_num = '{schema.HEAD}'")
    store = await open_store(url_of(tmp_path), tmp_path)
    await store.aclose()


async def test_somebody_elses_database_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "evenkeel.db"
    run_sql(file, "CREATE TABLE photos (id INTEGER)")
    with pytest.raises(StoreDamaged, match="photos"):
        await open_store(url_of(tmp_path), tmp_path)
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert names == [("photos",)]


@pytest.mark.fault(59)
async def test_a_start_while_another_process_writes_for_long_is_refused(tmp_path: Path) -> None:
    file = await a_used_store(tmp_path)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy):
            await open_store(url_of(tmp_path), tmp_path, patience=0.1)


@pytest.mark.fault(64)
async def test_settings_that_would_lose_commits_are_refused(tmp_path: Path) -> None:
    await a_used_store(tmp_path)
    engines = make_engines(url_of(tmp_path))
    await require_sqlite_settings(engines)
    try:
        async with engines.writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute("PRAGMA synchronous=NORMAL")
        with pytest.raises(StoreError, match="synchronous=1 where 2 is needed"):
            await require_sqlite_settings(engines)
    finally:
        await engines.aclose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://host/name", "DATABASE_URL names 'mysql'"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
    ],
)
async def test_a_url_that_cannot_be_used_is_explained(tmp_path: Path, url: str, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        await open_store(url, tmp_path)


async def test_a_start_takes_up_what_a_killed_process_left_in_the_log(tmp_path: Path) -> None:
    store = await make_store(tmp_path)
    family = await settle(store)
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("evenkeel.db", "evenkeel.db-wal"):
        (copy / name).write_bytes((tmp_path / name).read_bytes())
    await store.aclose()
    again = await open_store(url_of(copy), copy)
    async with again.read() as work:
        assert await work.people.member(family.member.id) == family.member
    await again.aclose()
