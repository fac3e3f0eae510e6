"""A backup is taken while the store is in use, and put back whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from core.adapters.store import SqlStore, backup_files, open_store, restore_files
from core.ports.store_errors import StoreBusy, StoreDamaged, StoreError, StoreTooNew
from tests.contracts.store_samples import NOW, Family, settle
from tests.fakes.store import make_store

LATER = NOW + timedelta(days=1)


@dataclass
class Place:
    """A data folder with a store, which a test may close, and a broker's file."""

    folder: Path
    store: SqlStore
    family: Family

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'evenkeel.db'}"

    @property
    def broker(self) -> Path:
        return self.folder / "broker.db"

    def back_up(self, out: Path | None = None) -> Path:
        return backup_files(self.url, self.broker, out or self.folder, now=NOW)

    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}

    async def layout(self) -> str:
        store = await open_store(self.url, self.folder)
        async with store.read() as work:
            found = (await work.people.member(self.family.member.id)).layout
        await store.aclose()
        return found


def set_broker(file: Path, word: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (word TEXT)")
        connection.execute("DELETE FROM notes")
        connection.execute("INSERT INTO notes VALUES (?)", (word,))


def broker_word(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        (word,) = connection.execute("SELECT word FROM notes").fetchone()
    return str(word)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    folder = tmp_path / "data"
    folder.mkdir()
    store = await make_store(folder)
    made = Place(folder, store, await settle(store))
    set_broker(made.broker, "before")
    yield made
    await store.aclose()


async def test_what_people_wrote_by_hand_comes_back_too(place: Place) -> None:
    by_hand = place.folder / "manual.db"
    set_broker(by_hand, "VTI 112")
    archive = place.back_up()
    set_broker(by_hand, "VTI 0")
    await place.store.aclose()
    restored = restore_files(place.url, place.broker, archive, now=LATER)
    assert broker_word(by_hand) == "VTI 112"
    assert restored.kept_in is not None
    assert broker_word(restored.kept_in / "manual.db") == "VTI 0"


async def change(place: Place) -> None:
    """Something happens after the backup."""
    async with place.store.begin() as work:
        await work.people.set_layout(place.family.member.id, "list")
    set_broker(place.broker, "after")


async def test_a_backup_is_taken_in_use_and_brings_everything_back(place: Place) -> None:
    async with place.store.begin() as work:
        await work.people.set_reachable(place.family.member.id, reachable=False)
        archive = place.back_up()  # what is not committed is not in it
    await change(place)
    await place.store.aclose()
    restored = restore_files(place.url, place.broker, archive, now=LATER)
    assert restored.made_at == NOW
    assert archive.name == "evenkeel-20200305-160000.tar"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert broker_word(place.broker) == "before"
    store = await open_store(place.url, place.folder)
    async with store.read() as work:
        member = await work.people.member(place.family.member.id)
        assert (member.layout, member.is_reachable) == ("table", True)
        assert await work.people.install_id() == restored.install_id
    await store.aclose()
    assert stat.S_IMODE((place.folder / "evenkeel.db").stat().st_mode) == 0o600


async def test_what_was_replaced_is_kept_aside(place: Place) -> None:
    archive = place.back_up()
    await change(place)
    await place.store.aclose()
    kept = restore_files(place.url, place.broker, archive, now=LATER).kept_in
    assert kept == place.folder / "replaced-20200306-160000"
    assert broker_word(kept / "broker.db") == "after"
    with closing(sqlite3.connect(kept / "evenkeel.db")) as connection:
        assert connection.execute("SELECT layout FROM members").fetchone() == ("list",)
    assert await place.layout() == "table"


@pytest.mark.fault(62)
async def test_a_restored_store_says_so_until_it_is_acknowledged(place: Place) -> None:
    async with place.store.begin() as work:
        await work.leases.acquire("telegram", "old", now=LATER, until=LATER + timedelta(days=9))
    archive = place.back_up()
    async with place.store.begin() as work:
        assert await work.people.restored_at() is None
        await work.leases.release("telegram", "old")
    await place.store.aclose()
    restore_files(place.url, place.broker, archive, now=LATER)
    store = await open_store(place.url, place.folder)
    async with store.begin() as work:
        (event,) = await work.log.events(None, 1)
        assert (event.kind, event.at) == ("restored", LATER)
        assert "2020-03-05" in event.data
        assert await work.people.restored_at() == LATER
        await work.people.acknowledge_restore()
        assert await work.people.restored_at() is None
        assert await work.leases.holder("telegram", LATER) is None
    await store.aclose()


async def test_a_running_bot_is_not_pulled_from_under(place: Place) -> None:
    archive = place.back_up()
    before = place.names()
    with pytest.raises(StoreBusy, match="Another process has"):
        restore_files(place.url, place.broker, archive, now=LATER)
    async with place.store.begin() as work:
        await work.leases.acquire(
            "telegram", "nas:77", now=LATER, until=LATER + timedelta(minutes=1)
        )
    await place.store.aclose()
    with pytest.raises(StoreBusy, match=r"The bot is running \(nas:77\).*16:01:00 UTC"):
        restore_files(place.url, place.broker, archive, now=LATER)
    assert place.names() <= before
    restored = restore_files(place.url, place.broker, archive, now=LATER + timedelta(minutes=1))
    assert restored.kept_in is not None


async def test_a_fresh_machine_needs_no_store_of_its_own(place: Place, tmp_path: Path) -> None:
    archive = place.back_up()
    folder = tmp_path / "other" / "machine"
    url = f"sqlite:///{folder / 'evenkeel.db'}"
    restored = restore_files(url, folder / "broker.db", archive, now=LATER)
    assert restored.kept_in is None
    store = await open_store(url, folder)
    async with store.read() as work:
        assert await work.people.member(place.family.member.id) == place.family.member
    await store.aclose()
    assert broker_word(folder / "broker.db") == "before"


async def test_a_damaged_or_missing_store_is_replaced(place: Place) -> None:
    archive = place.back_up()
    await place.store.aclose()
    file = place.folder / "evenkeel.db"
    file.write_bytes(b"nothing that SQLite could read, for many bytes" * 100)
    restore_files(place.url, place.broker, archive, now=LATER)
    assert await place.layout() == "table"
    file.unlink()
    restore_files(place.url, place.broker, archive, now=LATER + timedelta(hours=1))
    assert await place.layout() == "table"


async def test_a_damaged_backup_changes_nothing(place: Place) -> None:
    archive = place.back_up()
    await place.store.aclose()
    data = bytearray(archive.read_bytes())
    data[100_000:101_000] = b"\xff" * 1000
    archive.write_bytes(data)
    before = place.names()
    with pytest.raises(StoreDamaged, match="Nothing was changed"):
        restore_files(place.url, place.broker, archive, now=LATER)
    assert place.names() == before
    assert await place.layout() == "table"


@pytest.mark.parametrize("kind", ["text", "empty", "foreign tar"])
async def test_a_file_that_is_no_backup_changes_nothing(
    place: Place, tmp_path: Path, kind: str
) -> None:
    archive = tmp_path / "x.tar"
    archive.write_bytes(b"hello" * 1000 if kind == "text" else b"")
    if kind == "foreign tar":
        with tarfile.open(archive, "w") as tar:
            tar.add(place.broker, arcname="../../evil.db")
    await place.store.aclose()
    with pytest.raises(StoreDamaged, match="not a backup that evenkeel made"):
        restore_files(place.url, place.broker, archive, now=LATER)
    assert not (tmp_path.parent / "evil.db").exists()


async def test_a_backup_of_a_newer_version_changes_nothing(place: Place) -> None:
    await place.store.aclose()
    with closing(sqlite3.connect(place.folder / "evenkeel.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    archive = place.back_up()
    with pytest.raises(StoreTooNew, match="9999"):
        restore_files(place.url, place.broker, archive, now=LATER)


@pytest.mark.parametrize("failing", range(1, 6))
async def test_a_restore_that_fails_on_the_way_leaves_the_old_state(
    place: Place, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    archive = place.back_up()
    await change(place)
    await place.store.aclose()
    calls = 0
    rename = Path.rename

    def failing_rename(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing_rename)
    if failing <= 4:  # two files go aside, two come in
        with pytest.raises(StoreError, match=r"No space left.*Nothing was changed"):
            restore_files(place.url, place.broker, archive, now=LATER)
    monkeypatch.undo()
    if failing <= 4:
        assert await place.layout() == "list"
        assert broker_word(place.broker) == "after"
        assert not [name for name in place.names() if name.startswith(".")]


DYING = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from core.adapters.store.restore import restore_files

url, broker, archive, last = sys.argv[1:]
rename, calls = Path.rename, 0

def rename_or_die(self, target):
    global calls
    calls += 1
    if calls == int(last):
        os._exit(9)  # as a kill does: no clean-up runs
    return rename(self, target)

Path.rename = rename_or_die
restore_files(url, Path(broker), Path(archive), now=datetime(2020, 3, 6, 16, tzinfo=UTC))
"""


@pytest.mark.parametrize("killed_before", range(1, 5))
async def test_a_restore_that_is_killed_is_whole_or_is_noticed(
    place: Place, killed_before: int
) -> None:
    """Killed before its n-th move: the old state, or a start that asks for the restore, which then completes."""
    archive = place.back_up()
    await change(place)
    await place.store.aclose()
    root = Path(__file__).parents[3]
    words = [place.url, str(place.broker), str(archive), str(killed_before)]
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, *words, cwd=root)
    assert await killed.wait() == 9
    if killed_before == 1:
        assert await place.layout() == "list"
    else:
        with pytest.raises(StoreDamaged, match="evenkeel restore FILE"):
            await open_store(place.url, place.folder)
    restore_files(place.url, place.broker, archive, now=LATER + timedelta(hours=1))
    assert await place.layout() == "table"
    assert broker_word(place.broker) == "before"
    assert not [name for name in place.names() if name.startswith(".")]


async def test_backups_that_cannot_be_made_are_explained(place: Place, tmp_path: Path) -> None:
    taken = place.back_up()
    with pytest.raises(StoreError, match="exists already"):
        place.back_up(taken)
    with pytest.raises(StoreError, match="does not exist"):
        place.back_up(tmp_path / "no" / "such" / "folder.tar")
    with pytest.raises(StoreError, match="nothing to back up"):
        backup_files("sqlite:////nowhere/evenkeel.db", place.broker, tmp_path, now=NOW)
    with pytest.raises(StoreError, match="There is no backup at"):
        restore_files(place.url, place.broker, tmp_path / "none.tar", now=NOW)
    assert not [name for name in place.names() if name.startswith(".")]


async def test_a_damaged_store_gives_no_backup(place: Place, tmp_path: Path) -> None:
    await place.store.aclose()
    (place.folder / "evenkeel.db").write_bytes(b"no database, whatever its name says" * 200)
    with pytest.raises(StoreDamaged):
        place.back_up(tmp_path)
    assert [path.name for path in place.folder.parent.iterdir()] == ["data"]


def test_postgres_has_its_own_tools(tmp_path: Path) -> None:
    url = "postgresql+psycopg://someone:secret@localhost/evenkeel"
    with pytest.raises(StoreError, match="pg_dump") as refused:
        backup_files(url, tmp_path / "broker.db", tmp_path, now=NOW)
    assert "secret" not in str(refused.value)
    with pytest.raises(StoreError, match="pg_restore"):
        restore_files(url, tmp_path / "broker.db", tmp_path / "x.tar", now=NOW)
