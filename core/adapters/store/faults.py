"""What a database says when something is wrong, as the errors of the port."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.ports.store_errors import StoreBusy, StoreConflict, StoreDamaged, StoreError, StoreFull

BUSY = (
    "The store is busy: another process has held it for too long. Nothing was changed; try again."
)
FULL = (
    "There is no room left where the store is kept. Nothing was changed; make room, then try again."
)
DAMAGED = (
    "The store's file is damaged and was left as it is. Put back a backup: evenkeel restore FILE"
)

_BY_SQLITE_CODE: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, BUSY),
    sqlite3.SQLITE_LOCKED: (StoreBusy, BUSY),
    sqlite3.SQLITE_FULL: (StoreFull, FULL),
    sqlite3.SQLITE_CORRUPT: (StoreDamaged, DAMAGED),
    sqlite3.SQLITE_NOTADB: (StoreDamaged, DAMAGED),
}

_BY_SQLSTATE: dict[str, tuple[type[StoreError], str]] = {
    "55P03": (StoreBusy, BUSY),  # lock_not_available
    "40001": (StoreBusy, BUSY),  # serialization_failure
    "40P01": (StoreBusy, BUSY),  # deadlock_detected
    "57014": (StoreBusy, BUSY),  # query_canceled by a timeout
    "53100": (StoreFull, FULL),  # disk_full
    "XX001": (StoreDamaged, DAMAGED),  # data_corrupted
}


def translated(error: Exception) -> Exception:
    """The port's error for a database's, or the error itself where it is none of those."""
    if isinstance(error, DBAPIError):
        return _of_driver(error.orig, error)
    if isinstance(error, StatementError) and isinstance(error.orig, TypeError | ValueError):
        return error.orig  # a value that a column type refused
    if isinstance(error, PoolTimeout):
        return StoreBusy(BUSY)
    if isinstance(error, sqlite3.Error):
        return _of_driver(error, error)
    return error


def _of_driver(original: BaseException | None, error: Exception) -> Exception:
    code = getattr(original, "sqlite_errorcode", None)
    state = getattr(original, "sqlstate", None)
    known = None
    if code is not None:
        known = _BY_SQLITE_CODE.get(code & 0xFF)
    elif state is not None:
        known = _BY_SQLSTATE.get(state)
    if known is not None:
        kind, sentence = known
        return kind(sentence)
    if code is not None and code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
        return StoreConflict(f"The store refused a change: {original}")
    if state is not None and state.startswith("23"):
        return StoreConflict(f"The store refused a change: {original}")
    return StoreError(f"The store could not do what was asked: {original or error}")
