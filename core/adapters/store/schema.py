"""The version of the tables: read it, refuse a newer one, and bring an older one up to date in one transaction.

A change of the tables is a change in ``tables``, a file in ``migrations/versions`` and the new ``HEAD``; a test holds
the three against each other.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, String, column, inspect, select, table

from core.ports.store_errors import StoreDamaged, StoreTooNew

if TYPE_CHECKING:
    from alembic.config import Config

logger = logging.getLogger(__name__)

HEAD = "0020"
"""The revision that this version of the program works with."""

MIGRATIONS = Path(__file__).parent / "migrations"

VERSION_TABLE = "alembic_version"

_VERSION = select(column("version_num", String)).select_from(table(VERSION_TABLE))


def bring_up_to_date(connection: Connection) -> None:
    """Make or change the tables as this version needs them, within the transaction that is open.

    The migrations' library is loaded only where there is something to do. Killed half-way, nothing was done.
    """
    version = version_of(connection)
    if version == HEAD:
        return
    if version is None:
        _require_empty(connection)
    else:
        require_known(version)
    _quieten()
    from alembic import command

    command.upgrade(config_for(connection), "head")
    _require_references(connection)
    logger.info("The store's tables were brought from %s to %s.", version or "nothing", HEAD)


def version_of(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.scalar(_VERSION)
    return None if found is None else str(found)


def require_known(version: str) -> None:
    """Raise StoreTooNew for a revision that this version does not know."""
    _quieten()
    from alembic.script import ScriptDirectory

    known = {revision.revision for revision in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if version not in known:
        raise StoreTooNew(
            f"The store was written by a newer version of Evenkeel (its tables are at {version}, this "
            f"version knows up to {HEAD}). Install that version again; nothing was changed."
        )


def config_for(connection: Connection) -> Config:
    """What Alembic needs to know: where the migrations are, and the connection to use."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _require_references(connection: Connection) -> None:
    """Raise StoreDamaged where a migration has left a row that refers to nothing; SQLite was not watching."""
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreDamaged(
            f"The store's tables could not be brought up to date: a row of {broken[0]} refers to a row of "
            f"{broken[2]} that does not exist. Nothing was changed."
        )


def _quieten() -> None:
    """What Alembic says of its own parts interests nobody who runs the bot."""
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _require_empty(connection: Connection) -> None:
    if connection.dialect.name == "sqlite" and (names := inspect(connection).get_table_names()):
        raise StoreDamaged(
            f"The database is not Evenkeel's: it has other tables ({', '.join(names[:3])}) and no "
            "version. Name another file in DATABASE_URL."
        )
