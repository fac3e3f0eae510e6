"""A real process that the system freezes in an order for longer than its lease wakes up and changes nothing."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.hanging import GO_ON
from tests.reliability.test_sigkill import end_of, live

ROOT = Path(__file__).parents[2]
PAST_ITS_LEASE = 120
PATIENCE = 30
TABLES = {"evenkeel.db": ("proposals", "orders", "fills"), "broker.db": ("orders", "fills")}


def written(folder: Path) -> list[Any]:
    """Everything that our store and the broker have of proposals, orders and fills."""
    rows: list[Any] = []
    for file, tables in TABLES.items():
        with closing(sqlite3.connect(f"file:{folder / file}?mode=ro", uri=True)) as connection:
            rows += [
                connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
                for table in tables
            ]
    return rows


@pytest.mark.slow
@pytest.mark.fault(4)
def test_frozen_past_its_lease_and_woken_it_writes_nothing_and_sends_nothing_twice(
    tmp_path: Path,
) -> None:
    """The other one is a check beside it, whose clock says that the lease has lapsed."""
    command = [sys.executable, "-m", "tests.reliability.hanging", str(tmp_path), "submit"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as frozen:
        try:
            assert frozen.stdout is not None
            assert frozen.stderr is not None
            assert frozen.stdout.readline() == "hanging\n"
            os.kill(frozen.pid, signal.SIGSTOP)
            end = end_of(live(tmp_path, ahead=PAST_ITS_LEASE))
            assert end["state"] == "done"
            assert end["held"] == end["bought"]
            before = written(tmp_path)
            (tmp_path / GO_ON).touch()
            os.kill(frozen.pid, signal.SIGCONT)
            give_up = threading.Timer(PATIENCE, frozen.kill)
            give_up.start()
            assert any("is left to another process" in line for line in frozen.stderr)
            give_up.cancel()
            frozen.terminate()
            assert frozen.wait(10) == 0
        finally:
            frozen.kill()
    assert written(tmp_path) == before
