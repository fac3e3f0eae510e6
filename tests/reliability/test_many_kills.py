"""However often a writer is killed, nothing is lost that the store has acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.store import make_store
from tests.reliability.profile import by_profile

ROOT = Path(__file__).parents[2]
KILLS = by_profile(quick=25, full=1000)


@pytest.mark.slow
@pytest.mark.fault(64)
async def test_no_acknowledged_commit_is_lost_in_many_kills(tmp_path: Path) -> None:
    store = await make_store(tmp_path)
    await store.aclose()
    ended = many_kills(tmp_path)
    assert ended.returncode == 0, ended.stderr[-2000:]
    kills, commits = map(int, ended.stdout.split())
    assert kills == KILLS
    assert commits > KILLS


def many_kills(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.reliability.many_kills", str(folder), str(KILLS)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False
    )
