"""A bot that is really killed three times soon after its start comes back paused, and says so to its owner."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.starts import STARTS_FILE, TOO_MANY
from tests.e2e.running import ANNA, PATIENCE, Person, RunningDemo, running_demo, text_of


@pytest.mark.slow
@pytest.mark.fault(70)
async def test_killed_three_times_it_comes_back_paused_and_its_owner_resumes(
    tmp_path: Path,
) -> None:
    async with running_demo(tmp_path) as running:
        anna = Person(running, ANNA, ANNA)
        await anna.set_up()
        for lives in range(1, TOO_MANY + 1):
            await noted(running, lives)
            await running.kill_bot()
            await running.start_bot()
        told = await anna.said("Paused: I was cut off again and again", button="Resume")
        await anna.ask("/status", "Paused")
        await anna.press(told, "Resume")
        assert "Paused" not in text_of(await anna.ask("/status", "Value"))


async def noted(running: RunningDemo, lives: int) -> None:
    """Wait until a start is in the record."""
    async with asyncio.timeout(PATIENCE):
        while lives_in(running.demo.folder / STARTS_FILE) < lives:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def lives_in(file: Path) -> int:
    return len(file.read_text().splitlines()) if file.exists() else 0
