"""Restoring: put a backup's files in the place of the present ones, which are kept aside.

The store's own file is taken away first and put in place last, and a start is refused while it is missing: killed
at any moment, there is either the old state, or the new one, or a bot that says that it must be restored.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree

from core.adapters.store.backup import (
    STORE_NAME,
    Manifest,
    places_of,
    read_manifest,
    require_sqlite,
    stamp,
    sync_file,
    sync_folder,
    unpack,
)
from core.adapters.store.files import leave_marker, logs_of
from core.adapters.store.schema import require_known
from core.ports.store_errors import StoreBusy, StoreError

RESTORED = "restored"
"""The kind of the audit event that a restored store begins with."""

_STAGING = ".restore-"
_PATIENCE_SECONDS = 1.0
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: of which instant, and the folder where the replaced files are (None: there were none)."""

    made_at: datetime
    install_id: str
    kept_in: Path | None


def restore_files(url: str, broker_file: Path, archive: Path, *, now: datetime) -> Restored:
    """Put a backup in the place of the present files.

    Raises StoreError on PostgreSQL or where the archive is missing, StoreDamaged where it is not sound, StoreTooNew
    where a newer version made it, StoreBusy while the bot runs; nothing is changed then.
    """
    store_file = require_sqlite(url)
    if not archive.is_file():
        raise StoreError(f"There is no backup at {archive}.")
    manifest = read_manifest(archive)
    require_known(manifest.version)
    store_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_stopped(store_file, now)
    for left in store_file.parent.glob(f"{_STAGING}*"):
        rmtree(left)  # of a restore that was killed; it will be unpacked again
    staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=store_file.parent))
    try:
        files = unpack(archive, manifest, staging)
        _mark_restored(files[STORE_NAME], manifest, now)
        kept = _swap(files, places_of(store_file, broker_file), now)
    except OSError as error:
        raise StoreError(
            f"The backup could not be put back ({error}). Nothing was changed."
        ) from error
    finally:
        rmtree(staging, ignore_errors=True)
    leave_marker(store_file, manifest.install_id)
    sync_folder(store_file.parent)
    return Restored(manifest.made_at, manifest.install_id, kept)


def _require_stopped(store_file: Path, now: datetime) -> None:
    """Raise StoreBusy while a process speaks to Telegram or has the store open; a damaged store cannot be asked."""
    if not store_file.exists():
        return
    try:
        with closing(_connect(store_file)) as connection:
            _require_no_lease(connection, now)
        with closing(_connect(store_file)) as connection:
            # Asked for before anything else, this lets nobody else have the file open, not even to read.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StoreBusy(
                f"Another process has {store_file} open. Stop the bot first, then restore again."
            ) from error


def _connect(file: Path) -> sqlite3.Connection:
    uri = f"{file.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE_SECONDS)


def _require_no_lease(connection: sqlite3.Connection, now: datetime) -> None:
    try:
        row = connection.execute(
            "SELECT holder, until FROM leases WHERE name = 'telegram'"
        ).fetchone()
    except sqlite3.OperationalError:
        return  # tables of another kind or none: nobody of ours is at work there
    if row is not None and datetime.fromisoformat(row[1]) > now:
        raise StoreBusy(
            f"The bot is running ({row[0]}), or was until a moment ago. Stop it, wait until "
            f"{datetime.fromisoformat(row[1]):%H:%M:%S} UTC, then restore again."
        )


def _mark_restored(file: Path, manifest: Manifest, now: datetime) -> None:
    """Have the restored store know what it is, before anybody opens it, and hold no lease of the past."""
    at = now.astimezone(UTC).isoformat(timespec="microseconds")
    long_ago = _LONG_AGO.isoformat(timespec="microseconds")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE installation SET restored_at = ?", (at,))
        connection.execute("UPDATE leases SET until = ?", (long_ago,))
        connection.execute(
            "INSERT INTO audit_events (at, kind, data) VALUES (?, ?, ?)",
            (at, RESTORED, f"backup of {manifest.made_at.isoformat()}"),
        )


def _swap(files: dict[str, Path], places: dict[str, Path], now: datetime) -> Path | None:
    """Move the present files aside and the new ones in place; an error on the way undoes every move."""
    for file in files.values():
        sync_file(file)
    aside = places[STORE_NAME].parent / f"replaced-{stamp(now)}"
    moves = [
        (path, aside / path.name)
        for place in places.values()
        for path in (place, *logs_of(place))
        if path.exists()
    ]
    if moves:
        aside.mkdir(mode=0o700)
    in_place = [(files[name], places[name]) for name in reversed(places) if name in files]
    _move_all([*moves, *in_place])
    return aside if moves else None


def _move_all(moves: list[tuple[Path, Path]]) -> None:
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in moves:
            source.rename(target)
            sync_folder(target.parent)
            done.append((source, target))
    except OSError:
        for source, target in reversed(done):
            target.rename(source)
        raise
