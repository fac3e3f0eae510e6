"""One running bot per data folder: a lock that the system lifts when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from core.ports.clock import Clock

LOCK_FILE = "running"
TRIES = 3
PAUSE_SECONDS = 0.5
"""Time that a process in its orderly end gets to let go."""


class AnotherProcess(Exception):
    """Another process speaks to Telegram for this store already."""


@asynccontextmanager
async def only_process(folder: Path, name: str, clock: Clock) -> AsyncIterator[str | None]:
    """Hold a data folder's lock; yields who held it last, and is therefore gone. Raises AnotherProcess.

    The file must be on a disk of this machine, as the SQLite store must.
    """
    file = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await _lock(file, clock)
        before = os.pread(file, 200, 0).decode(errors="replace").strip()
        os.ftruncate(file, 0)
        os.pwrite(file, name.encode(), 0)
        yield before or None
    finally:
        os.close(file)


async def _lock(file: int, clock: Clock) -> None:
    for attempt in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 == TRIES:
                raise AnotherProcess from None
            await clock.sleep(PAUSE_SECONDS)
        else:
            return
