"""A real process on real files, really killed: what was approved is carried out once."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.fakes.store import give_store
from tests.reliability import victim
from tests.reliability.warm import start

KILLS = 6
TIMEOUT = 60


class Life(NamedTuple):
    """How a process ended, what it said, and what it has complained of."""

    returncode: int
    said: str
    log: str


def live(folder: Path, point: int = 0, ahead: int = 0) -> Life:
    """One life of the process, to the given point or to the end, its clock some seconds ahead."""
    folder.mkdir(exist_ok=True)
    give_store(folder)
    said, log = folder / "said", folder / "log"
    said.unlink(missing_ok=True)
    process = start(victim.live, folder, point, ahead, said=said, log=log)
    return Life(process.wait_within(TIMEOUT), said.read_text(), log.read_text())


def end_of(life: Life) -> dict[str, Any]:
    assert life.returncode == 0, life.log[-2000:]
    end: dict[str, Any] = json.loads(life.said)
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
