from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from bot.only_process import AnotherProcess, only_process
from core.adapters.clock import SystemClock
from tests.fakes.clock import FakeClock

HOLDER = """
import asyncio, sys
from pathlib import Path
from bot.only_process import only_process
from core.adapters.clock import SystemClock

async def hold():
    async with only_process(Path(sys.argv[1]), "killed", SystemClock()):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.mark.fault(4)
async def test_the_second_is_refused_and_the_next_hears_who_was_before(tmp_path: Path) -> None:
    clock = FakeClock()
    async with only_process(tmp_path, "first", clock) as before:
        assert before is None
        with pytest.raises(AnotherProcess):
            async with only_process(tmp_path, "second", clock):
                raise AssertionError("two at once")
    async with only_process(tmp_path, "third", clock) as before:
        assert before == "first"


async def test_a_killed_process_lets_go_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    with pytest.raises(AnotherProcess):
        async with only_process(tmp_path, "early", FakeClock()):
            raise AssertionError("two at once")
    process.kill()
    await process.wait()
    async with only_process(tmp_path, "next", SystemClock()) as before:
        assert before == "killed"
