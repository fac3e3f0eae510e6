"""A process that kept dying starts paused and says so; what ends with a sentence for people has not died."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.bootstrap import open_runtime
from bot.only_process import AnotherProcess
from bot.sandbox.driver import running_sandbox
from bot.settings import Settings
from bot.starts import STARTS_FILE, TOO_MANY, recorded_start
from tests.bot.telegram.stage import ANNA, running_bot


def write_starts(folder: Path, count: int) -> None:
    """What processes leave that were killed soon after their starts."""
    now = datetime.now(UTC)
    lines = [f"{(now - timedelta(minutes=n)).isoformat()}\n" for n in range(count, 0, -1)]
    (folder / STARTS_FILE).write_text("".join(lines))


@pytest.mark.fault(70)
async def test_after_three_quick_deaths_it_starts_paused_and_tells_the_owner_once(
    tmp_path: Path,
) -> None:
    async with running_sandbox() as sandbox:
        async with running_bot(sandbox, tmp_path) as bot:
            await bot.set_up()
        write_starts(tmp_path, TOO_MANY)
        async with running_bot(sandbox, tmp_path) as bot:
            told = await bot.said(ANNA, "Paused: I was cut off again and again")
            assert (await bot.portfolio()).portfolio.is_paused
        assert not (tmp_path / STARTS_FILE).exists()
        write_starts(tmp_path, TOO_MANY)
        async with running_bot(sandbox, tmp_path) as bot:
            await bot.tap(ANNA, told, "Resume")
            assert not (await bot.portfolio()).portfolio.is_paused
            await bot.settle()
            after = [m for m in bot.sandbox.bot_messages(ANNA) if m.message_id > told.message_id]
            assert [m for m in after if "was cut off" in m.text] == []


async def test_two_quick_deaths_are_no_reason_to_stop(tmp_path: Path) -> None:
    write_starts(tmp_path, TOO_MANY - 1)
    async with running_sandbox() as sandbox, running_bot(sandbox, tmp_path) as bot:
        await bot.set_up()
        assert not (await bot.portfolio()).portfolio.is_paused


@pytest.mark.parametrize(
    ("error", "is_kept"), [(AnotherProcess(), False), (RuntimeError("a defect"), True)]
)
async def test_only_an_end_that_nobody_can_explain_counts(
    tmp_path: Path, error: Exception, is_kept: bool
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, market_data="replay")
    async with open_runtime(settings) as runtime:
        with pytest.raises(type(error)):
            async with recorded_start(runtime):
                raise error
    assert (tmp_path / STARTS_FILE).exists() is is_kept
