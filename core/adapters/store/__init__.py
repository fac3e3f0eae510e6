"""The store on SQLite or PostgreSQL: tables, migrations, backups."""

from __future__ import annotations

from core.adapters.store.backup import backup_files
from core.adapters.store.opening import open_store
from core.adapters.store.restore import Restored, restore_files
from core.adapters.store.store import SqlStore

__all__ = ["Restored", "SqlStore", "backup_files", "open_store", "restore_files"]
