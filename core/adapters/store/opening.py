"""Opening a store: look at its files first, bring its tables to this version, and only then hand it out."""

from __future__ import annotations

import asyncio
import secrets
import string
from pathlib import Path

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.adapters.store.engines import (
    PATIENCE_SECONDS,
    Engines,
    make_engines,
    require_sqlite_settings,
    sqlite_file,
)
from core.adapters.store.faults import translated
from core.adapters.store.files import leave_marker, mark_of, prepare_file
from core.adapters.store.schema import bring_up_to_date
from core.adapters.store.store import SqlStore
from core.adapters.store.tables import INSTALLATION

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
    async with engines.migrator.begin() as connection:
        await connection.run_sync(bring_up_to_date)
        install_id = await _install_id(connection)
    if engines.file is not None:
        await engines.migrator.dispose()
        await require_sqlite_settings(engines)
        await _mark(engines, install_id)
        await asyncio.to_thread(leave_marker, engines.file, install_id)


async def _install_id(connection: AsyncConnection) -> str:
    found = await connection.scalar(select(INSTALLATION.c.install_id))
    if found is not None:
        return str(found)
    made = "".join(secrets.choice(_ALPHABET) for _ in range(INSTALL_ID_LENGTH))
    await connection.execute(insert(INSTALLATION).values(id=1, install_id=made, restored_at=None))
    return made


async def _mark(engines: Engines, install_id: str) -> None:
    """Name the installation on the first page, and so at the beginning of this process's log, changed or not."""
    async with engines.writer.begin() as connection:
        await connection.execute(text(f"PRAGMA application_id = {mark_of(install_id):d}"))


def _prepare_files(data_dir: Path, file: Path | None) -> None:
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file is not None:
        prepare_file(file)


__all__ = ["open_store"]
