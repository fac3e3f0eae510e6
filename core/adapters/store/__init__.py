"""The store on SQLite or PostgreSQL: tables, migrations, backups."""

from __future__ import annotations

from core.adapters.store.opening import open_store
from core.adapters.store.store import SqlStore

__all__ = ["SqlStore", "open_store"]
