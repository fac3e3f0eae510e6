"""Told to end while a broker hangs, a process ends quickly and leaves nothing that a next one cannot settle."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.test_sigkill import end_of, live

ROOT = Path(__file__).parents[2]
MAY_TAKE = 10.0
"""Seconds that a system usually waits before it kills."""


def stop_while_it_hangs(folder: Path, call: str) -> None:
    """Start a process, wait until its broker hangs in a call, and ask it to end."""
    command = [sys.executable, "-m", "tests.reliability.hanging", str(folder), call]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = process.stdout.readline()
        os.kill(process.pid, signal.SIGTERM)
        try:
            status = process.wait(MAY_TAKE)
        finally:
            process.kill()
        assert (said, status) == ("hanging\n", 0), process.stderr.read()[-2000:]


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
