"""A real store in a test's own folder: the migrated file is made once, then copied."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from core.adapters.store import SqlStore, open_store


@cache
def _template() -> Path:
    """Make a fresh store, off the running loop, and keep its file."""
    folder = Path(tempfile.mkdtemp(prefix="evenkeel-template-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def make() -> None:
        store = await open_store(f"sqlite:///{folder / 'evenkeel.db'}", folder)
        await store.aclose()

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(make())).result()
    return folder / "evenkeel.db"


def give_store(folder: Path) -> Path:
    """Lay a fresh store's file into a folder that has none yet, and return where it is."""
    file = folder / "evenkeel.db"
    if not file.exists():
        shutil.copyfile(_template(), file)
        file.chmod(0o600)
    return file


async def make_store(folder: Path, *, patience: float = 5.0) -> SqlStore:
    """Open a fresh SQLite store in a folder; call ``aclose`` on it at the end.

    Called again with the same folder it opens the same store, as a second process or a restart would.
    All stores made so share one install id.
    """
    file = give_store(folder)
    return await open_store(f"sqlite:///{file}", folder, patience=patience)
