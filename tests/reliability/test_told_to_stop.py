"""Told to end while a broker hangs, a process ends quickly and leaves nothing that a next one cannot settle."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.fakes.store import give_store
from tests.reliability import hanging
from tests.reliability.test_sigkill import end_of, live
from tests.reliability.warm import start

PATIENCE = 30.0
MAY_TAKE = 10.0
"""Seconds that a system usually waits before it kills."""


def stop_while_it_hangs(folder: Path, call: str) -> None:
    """Start a process, wait until its broker hangs in a call, and ask it to end."""
    said, log = folder / "said", folder / "log"
    said.unlink(missing_ok=True)
    give_store(folder)
    process = start(hanging.live, folder, call, said=said, log=log)
    assert process.heard("hanging\n", said, PATIENCE), log.read_text()[-2000:]
    process.send_signal(signal.SIGTERM)
    assert process.wait_within(MAY_TAKE) == 0, log.read_text()[-2000:]


@pytest.mark.slow
@pytest.mark.fault(8)
@pytest.mark.parametrize("call", ["submit", "answer"])
def test_told_to_stop_in_the_middle_of_an_order_it_ends_and_the_order_is_sent_once(
    tmp_path: Path, call: str
) -> None:
    """The next start, whose look-up hangs as well, ends as quickly; the one after that finishes the plan."""
    stop_while_it_hangs(tmp_path, call)
    stop_while_it_hangs(tmp_path, "find_order")
    end = end_of(live(tmp_path))
    assert end["state"] == "done"
    assert end["held"] == end["bought"]
    assert end["proposals"] == 1
