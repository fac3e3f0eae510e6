"""A real process that the system freezes in an order for longer than its lease wakes up and changes nothing."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.store import give_store
from tests.reliability import hanging
from tests.reliability.hanging import GO_ON
from tests.reliability.test_sigkill import end_of, live
from tests.reliability.warm import start

PAST_ITS_LEASE = 120
PATIENCE = 30.0
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
    said, log = tmp_path / "said of the frozen", tmp_path / "log of the frozen"
    give_store(tmp_path)
    frozen = start(hanging.live, tmp_path, "submit", said=said, log=log)
    try:
        assert frozen.heard("hanging\n", said, PATIENCE)
        frozen.send_signal(signal.SIGSTOP)
        end = end_of(live(tmp_path, ahead=PAST_ITS_LEASE))
        assert end["state"] == "done"
        assert end["held"] == end["bought"]
        before = written(tmp_path)
        (tmp_path / GO_ON).touch()
        frozen.send_signal(signal.SIGCONT)
        assert frozen.heard("is left to another process", log, PATIENCE)
        frozen.send_signal(signal.SIGTERM)
        assert frozen.wait_within(10) == 0
    finally:
        if frozen.returncode is None:
            frozen.send_signal(signal.SIGKILL)
    assert written(tmp_path) == before
