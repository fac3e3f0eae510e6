"""Backups: the store's and the embedded brokers' files in one dated tar, put back whole or not at all.

A backup is made while the bot runs, by SQLite's own copying of a database in use; the store is copied first, so that
the brokers' files are the newer ones: an order that the store does not know of can be looked up, never sent again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from core.adapters.store.engines import sqlite_file
from core.adapters.store.faults import translated
from core.adapters.store.files import find_damage
from core.adapters.store.schema import VERSION_TABLE
from core.ports.store_errors import StoreDamaged, StoreError

STORE_NAME = "evenkeel.db"
BROKER_NAME = "broker.db"
MANIFEST_NAME = "manifest.json"
MANUAL_NAME = "manual.db"
NAMES = (STORE_NAME, BROKER_NAME, MANUAL_NAME)
FORMAT = 1

USE_PG_DUMP = (
    "DATABASE_URL names PostgreSQL, which has its own tools: make backups with pg_dump, and put them back with "
    "pg_restore while the bot is stopped."
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself: when it was made, of which installation, and each file's SHA-256."""

    made_at: datetime
    install_id: str
    version: str
    files: dict[str, str]


def backup_files(url: str, broker_file: Path, out: Path, *, now: datetime) -> Path:
    """Copy the store and the embedded brokers' files, as far as there are any, into a tar, and return its path.

    ``broker_file`` is the simulated broker's; the file of accounts that are kept by hand stands beside it.

    ``out`` is a folder, in which the tar gets a dated name, or a new file's own path. Raises StoreError where there
    is nothing to copy, where the path is taken, or on PostgreSQL; StoreDamaged where a file is broken.
    """
    store_file = require_sqlite(url)
    if not store_file.exists():
        raise StoreError(
            f"There is no database at {store_file} yet, so there is nothing to back up."
        )
    target = out / f"evenkeel-{stamp(now)}.tar" if out.is_dir() else out
    if target.exists():
        raise StoreError(f"{target} exists already; name another file for the backup.")
    if not target.parent.is_dir():
        raise StoreError(f"The folder {target.parent} does not exist.")
    with _scratch(target.parent) as folder:
        copies = _copy_all(store_file, broker_file, folder)
        manifest = _describe(copies, now)
        made = folder / "backup.tar"
        _pack(made, copies, manifest)
        made.replace(target)
        sync_folder(target.parent)
    return target


def read_manifest(archive: Path) -> Manifest:
    """What a backup says of itself; raises StoreDamaged where it is no backup of ours."""
    try:
        with tarfile.open(archive, "r:") as tar:
            return _parse(json.load(_member(tar, MANIFEST_NAME)))
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError) as error:
        raise StoreDamaged(
            f"{archive} is not a backup that evenkeel made, or is damaged ({error}). Nothing was changed."
        ) from error


def unpack(archive: Path, manifest: Manifest, folder: Path) -> dict[str, Path]:
    """Write a backup's files into a folder, each held against its hash and looked through by SQLite."""
    found = {}
    for name, digest in manifest.files.items():
        target = folder / name
        try:
            with tarfile.open(archive, "r:") as tar:
                _copy_member(tar, name, target)
        except (tarfile.TarError, OSError, KeyError) as error:
            raise _damaged(archive, name, str(error)) from error
        if _digest(target) != digest:
            raise _damaged(archive, name, "its contents have changed")
        if (fault := find_damage(target)) is not None:
            raise _damaged(archive, name, fault)
        found[name] = target
    return found


def require_sqlite(url: str) -> Path:
    """The file of the store; raises StoreError where it has none."""
    file = sqlite_file(url)
    if file is None:
        raise StoreError(USE_PG_DUMP)
    return file


def places_of(store_file: Path, broker_file: Path) -> dict[str, Path]:
    """Where each file of a backup has its place, the store's first."""
    by_hand = broker_file.with_name(MANUAL_NAME)
    return {STORE_NAME: store_file, BROKER_NAME: broker_file, MANUAL_NAME: by_hand}


def stamp(now: datetime) -> str:
    """An instant as part of a file's name, in UTC."""
    return now.astimezone(UTC).strftime("%Y%m%d-%H%M%S")


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files written to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(file: Path) -> None:
    """Have a file's contents written to the disk."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())


def _copy_all(store_file: Path, broker_file: Path, folder: Path) -> dict[str, Path]:
    sources = places_of(store_file, broker_file)
    copies = {}
    for name, source in sources.items():
        if source.exists():
            copies[name] = folder / name
            _copy_database(source, copies[name])
    return copies


def _copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use; the copy needs no log beside it."""
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise translated(error) from error
    target.chmod(0o600)
    if (fault := find_damage(target)) is not None:
        raise StoreDamaged(f"{source} is damaged ({fault}), so no backup of it was made.")


def _describe(copies: dict[str, Path], now: datetime) -> Manifest:
    with closing(sqlite3.connect(copies[STORE_NAME])) as connection:
        try:
            (install_id,) = connection.execute("SELECT install_id FROM installation").fetchone()
            (version,) = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
        except (sqlite3.Error, TypeError) as error:
            raise StoreDamaged("The database is not Evenkeel's, so no backup was made.") from error
    files = {name: _digest(path) for name, path in copies.items()}
    return Manifest(now.astimezone(UTC), install_id, version, files)


def _pack(target: Path, copies: dict[str, Path], manifest: Manifest) -> None:
    document = {
        "format": FORMAT,
        "made_at": manifest.made_at.isoformat(),
        "install_id": manifest.install_id,
        "version": manifest.version,
        "files": manifest.files,
    }
    with target.open("xb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        with tarfile.open(fileobj=opened, mode="w") as tar:
            _add_text(tar, MANIFEST_NAME, json.dumps(document, indent=1), manifest.made_at)
            for name, path in copies.items():
                tar.add(path, arcname=name, recursive=False, filter=_without_owner)
        opened.flush()
        os.fsync(opened.fileno())


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _add_text(tar: tarfile.TarFile, name: str, text: str, at: datetime) -> None:
    member = tarfile.TarInfo(name)
    data = text.encode()
    member.size, member.mode, member.mtime = len(data), 0o600, int(at.timestamp())
    tar.addfile(member, io.BytesIO(data))


def _parse(document: dict[str, object]) -> Manifest:
    if document["format"] != FORMAT:
        raise ValueError(f"its format is {document['format']}, expected {FORMAT}")
    files = document["files"]
    if not isinstance(files, dict) or STORE_NAME not in files or not set(files) <= set(NAMES):
        raise ValueError("its list of files is not one of ours")
    return Manifest(
        made_at=datetime.fromisoformat(str(document["made_at"])),
        install_id=str(document["install_id"]),
        version=str(document["version"]),
        files={str(name): str(digest) for name, digest in files.items()},
    )


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    part = tar.extractfile(name)
    if part is None:
        raise KeyError(name)
    return part


def _copy_member(tar: tarfile.TarFile, name: str, target: Path) -> None:
    with _member(tar, name) as part, target.open("xb") as opened:
        os.fchmod(opened.fileno(), 0o600)
        shutil.copyfileobj(part, opened)


def _damaged(archive: Path, name: str, fault: str) -> StoreDamaged:
    return StoreDamaged(f"{name} in {archive} is damaged ({fault}). Nothing was changed.")


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix=".evenkeel-", dir=folder))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
