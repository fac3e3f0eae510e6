"""The store's files: looked through before they are used, and never made anew where there was one."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from core.ports.store_errors import StoreDamaged

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
