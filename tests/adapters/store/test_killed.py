"""A killed process loses nothing that the store has acknowledged."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.fakes.store import make_store

PROGRAM = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from core.adapters.store import open_store
from core.ports.store import AuditEvent

async def main():
    folder = Path(sys.argv[1])
    store = await open_store(f"sqlite:///{folder / 'evenkeel.db'}", folder)
    number = 0
    while True:
        number += 1
        async with store.begin() as work:
            await work.log.record(AuditEvent(datetime(2020, 3, 5, tzinfo=UTC), "tick", data=str(number)))
        print(number, flush=True)

asyncio.run(main())
"""

ACKNOWLEDGED = 501


@pytest.mark.fault(64)
async def test_every_acknowledged_commit_survives_a_kill(tmp_path: Path) -> None:
    store = await make_store(tmp_path)
    await store.aclose()
    last = _write_until_killed(tmp_path)
    again = await make_store(tmp_path)
    async with again.read() as work:
        found = [int(event.data) for event in await work.log.events(None, 100_000)]
    await again.aclose()
    assert last >= ACKNOWLEDGED
    assert sorted(found) == list(range(1, len(found) + 1))
    assert last <= len(found) <= last + 1
    with closing(sqlite3.connect(tmp_path / "evenkeel.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _write_until_killed(folder: Path) -> int:
    """Kill the writer after 501 acknowledgements, and return the last one that came out of it."""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)], cwd=root, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        last = 0
        for line in process.stdout:
            last = int(line)
            if last >= ACKNOWLEDGED:
                break
        os.kill(process.pid, signal.SIGKILL)
        for line in process.stdout:
            last = int(line)
    return last
