"""Writers that are killed one after the other on one store; what each was told to be kept must be there.

``python -m tests.reliability.many_kills FOLDER KILLS`` prints how many were killed and how many commits had been
acknowledged; it fails where one of those is missing. The writers are forked, so that each life is short.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from core.adapters.store import open_store
from core.ports.store import AuditEvent

NOW = datetime(2020, 3, 5, tzinfo=UTC)
MOST = 25
"""No writer gets further than so many commits."""


async def write(folder: Path, number: int, pipe: int) -> None:
    """Commit one event after the other, and acknowledge each as soon as the store has."""
    store = await open_store(f"sqlite:///{folder / 'evenkeel.db'}", folder)
    while True:
        async with store.begin() as work:
            await work.log.record(AuditEvent(NOW, "tick", data=str(number)))
        os.write(pipe, f"{number}\n".encode())
        number += 1


def one_life(folder: Path, first: int, after: int) -> int:
    """Let a writer live for so many acknowledgements; returns the number of the next commit."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        asyncio.run(write(folder, first, writing))
    os.close(writing)
    with os.fdopen(reading, encoding="ascii") as said:
        acknowledged = [int(said.readline()) for _ in range(after)]
        os.kill(child, signal.SIGKILL)
        acknowledged += [int(line) for line in said]
    os.waitpid(child, 0)
    kept = kept_in(folder)
    assert set(acknowledged) <= kept, sorted(set(acknowledged) - kept)
    assert kept == set(range(1, len(kept) + 1)), "a hole, or one commit twice"
    return len(kept) + 1


def kept_in(folder: Path) -> set[int]:
    """Every commit that the store has, read by somebody else."""
    with closing(sqlite3.connect(folder / "evenkeel.db")) as connection:
        found = connection.execute("SELECT data FROM audit_events WHERE kind = 'tick'").fetchall()
    assert len(found) == len({data for (data,) in found})
    return {int(data) for (data,) in found}


def main(folder: Path, kills: int) -> None:
    chance = random.Random(12)
    number = 1
    for _ in range(kills):
        number = one_life(folder, number, chance.randint(1, MOST))
    with closing(sqlite3.connect(folder / "evenkeel.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    sys.stdout.write(f"{kills} {number - 1}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
