"""The store's files: looked through before they are used, and never made anew where there was one."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from core.ports.store_errors import StoreDamaged

HEADER_LENGTH = 100
"""The bytes at the beginning of a database's first page that say what it is."""

RESTORE = "Put back a backup with: evenkeel restore FILE"


def marker_of(file: Path) -> Path:
    """The small file beside a database which says that there was one, should the database itself go missing."""
    return file.with_name(file.name + ".id")


def logs_of(file: Path) -> tuple[Path, Path]:
    """SQLite's own files beside a database: its write-ahead log, and the index of that."""
    return file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")


def leave_marker(file: Path, install_id: str) -> None:
    """Note beside a database which installation it is."""
    marker = marker_of(file)
    text = f"{install_id}\n"
    if not marker.exists() or marker.read_text(encoding="ascii") != text:
        marker.write_text(text, encoding="ascii")
        marker.chmod(0o600)


def prepare_file(file: Path) -> None:
    """Refuse a missing or broken database file; make an empty private one where there never was any."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not file.exists() or file.stat().st_size == 0:
        _require_never_used(file)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
        return
    _require_own_log(file)
    fault = find_damage(file)
    if fault is not None:
        raise StoreDamaged(
            f"The database {file} is damaged ({fault}). It was left as it is. {RESTORE}"
        )


def _require_never_used(file: Path) -> None:
    leftovers = [path.name for path in (marker_of(file), logs_of(file)[0]) if path.exists()]
    if leftovers:
        names = " and ".join(leftovers)
        raise StoreDamaged(
            f"The database {file} is missing or empty, but there was one ({names} is still there). "
            f"{RESTORE}. To begin anew instead, move {names} away first."
        )


def _require_own_log(file: Path) -> None:
    """Refuse a log that another database has left here; SQLite would carry it out without asking."""
    log = logs_of(file)[0]
    if not log.exists():
        return
    with file.open("rb") as opened:
        own = _mark_in(opened.read(HEADER_LENGTH))
    if not own:
        return
    if any(mark not in {0, own} for mark in _marks_in_log(log.read_bytes())):
        raise StoreDamaged(
            f"The log {log.name} beside the database {file} belongs to another database. Both were left as they "
            f"are. Move the log away if you put the database here by hand. Otherwise: {RESTORE}"
        )


def mark_of(install_id: str) -> int:
    """The number by which a database's first page tells to which installation it belongs."""
    digest = hashlib.sha256(install_id.encode("ascii")).digest()
    return int.from_bytes(digest[:4], "big") % (2**31 - 1) + 1


def _mark_in(first_page: bytes) -> int:
    """SQLite's application id, at its place in a database's first page."""
    return int.from_bytes(first_page[68:72], "big")


def _marks_in_log(log: bytes) -> Iterator[int]:
    """The same in every first page that a log holds (see "WAL-mode File Format" in SQLite's documentation)."""
    page_size, salts = int.from_bytes(log[8:12], "big"), log[16:24]
    frame_length = 24 + page_size
    for start in range(32, len(log) - frame_length + 1, frame_length):
        frame = log[start : start + 24 + HEADER_LENGTH]
        if frame[8:16] != salts:
            return
        if int.from_bytes(frame[:4], "big") == 1:
            yield _mark_in(frame[24:])


def find_damage(file: Path) -> str | None:
    """What SQLite finds wrong with a file, in its words; None where it is sound."""
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True)
        ) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return None  # somebody works with it; opening it for ourselves will tell
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == ("ok",) else str(answer[0] if answer else "no answer")
