"""A real process on real files, really killed: what was approved is carried out once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KILLS = 6
TIMEOUT = 60


def live(folder: Path, point: int = 0, ahead: int = 0) -> subprocess.CompletedProcess[str]:
    """One life of the process, to the given point or to the end, its clock some seconds ahead."""
    folder.mkdir(exist_ok=True)
    numbers = (str(point), str(ahead))
    command = [sys.executable, "-m", "tests.reliability.victim", str(folder), *numbers]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def end_of(life: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert life.returncode == 0, life.stderr[-2000:]
    end: dict[str, Any] = json.loads(life.stdout)
    return end


@pytest.mark.fault(1, 12)
@pytest.mark.slow
def test_killed_for_real_and_started_again_it_ends_as_if_nothing_had_been(
    tmp_path: Path,
) -> None:
    expected = end_of(live(tmp_path / "undisturbed"))
    points = expected.pop("points")
    assert expected["state"] == "done"
    assert expected["held"] == expected["bought"]
    for number in range(KILLS):
        folder = tmp_path / str(number)
        point = 1 + points * (2 * number + 1) // (2 * KILLS)
        assert live(folder, point).returncode == -signal.SIGKILL
        end = end_of(live(folder))
        end.pop("points")
        assert end == expected, f"killed at point {point} of {points}"
