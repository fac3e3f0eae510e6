"""Opening a store: look at its files first, bring its tables to this version, and only then hand it out."""

from __future__ import annotations

import asyncio
import os
import secrets
import sqlite3
import string
from contextlib import closing
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.store.engines import (
    PATIENCE_SECONDS,
    Engines,
    make_engines,
    require_sqlite_settings,
    sqlite_file,
)
from core.adapters.store.faults import translated
from core.adapters.store.schema import bring_up_to_date
from core.adapters.store.store import SqlStore
from core.adapters.store.tables import INSTALLATION
from core.ports.store_errors import StoreDamaged

INSTALL_ID_LENGTH = 8

_ALPHABET = string.ascii_lowercase + string.digits


async def open_store(url: str, data_dir: Path, *, patience: float = PATIENCE_SECONDS) -> SqlStore:
    """Open the store at a database's URL, making it where there never was one.

    Raises StoreDamaged where files are missing or broken (nothing is written then), StoreTooNew where a newer version
    wrote them, StoreBusy where another process holds them.
    """
    file = sqlite_file(url)
    await asyncio.to_thread(_prepare_files, data_dir, file)
    engines = make_engines(url, patience)
    try:
        await _prepare(engines)
    except BaseException as error:
        await engines.aclose()
        if isinstance(error, Exception) and (better := translated(error)) is not error:
            raise better from error
        raise
    return SqlStore(engines.writer, engines.reader)


async def _prepare(engines: Engines) -> None:
    async with engines.writer.begin() as connection:
        await connection.run_sync(bring_up_to_date)
        install_id = await _install_id(connection)
    if engines.file is not None:
        await require_sqlite_settings(engines)
        await asyncio.to_thread(_leave_marker, engines.file, install_id)


async def _install_id(connection: AsyncConnection) -> str:
    found = await connection.scalar(select(INSTALLATION.c.install_id))
    if found is not None:
        return str(found)
    made = "".join(secrets.choice(_ALPHABET) for _ in range(INSTALL_ID_LENGTH))
    await connection.execute(insert(INSTALLATION).values(id=1, install_id=made, restored_at=None))
    return made


def _prepare_files(data_dir: Path, file: Path | None) -> None:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file is not None:
        prepare_file(file)


def marker_of(file: Path) -> Path:
    """The small file beside a database which says that there was one, should the database itself go missing."""
    return file.with_name(file.name + ".id")


def prepare_file(file: Path) -> None:
    """Refuse a missing or broken database file; make an empty private one where there never was any."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists() or file.stat().st_size == 0:
        _require_never_used(file)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        return
    fault = find_damage(file)
    if fault is not None:
        raise StoreDamaged(
            f"The database {file} is damaged ({fault}). It was left as it is. Put back a backup with: "
            "evenkeel restore FILE"
        )


def _require_never_used(file: Path) -> None:
    log = file.with_name(file.name + "-wal")
    leftovers = [path.name for path in (marker_of(file), log) if path.exists()]
    if leftovers:
        raise StoreDamaged(
            f"The database {file} is missing or empty, but there was one ({', '.join(leftovers)} is still there). "
            "Put back a backup with: evenkeel restore FILE. To begin anew instead, move "
            f"{' and '.join(leftovers)} away first."
        )


def find_damage(file: Path) -> str | None:
    """What SQLite finds wrong with a file, in its words; None where it is sound."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=rw", uri=True)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return None  # somebody works with it; opening it for ourselves will tell
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == ("ok",) else str(answer[0] if answer else "no answer")


def _leave_marker(file: Path, install_id: str) -> None:
    marker = marker_of(file)
    if not marker.exists():
        marker.write_text(f"{install_id}\n", encoding="ascii")
        marker.chmod(0o600)


__all__ = ["find_damage", "marker_of", "open_store", "prepare_file"]
