"""``/log`` in the running bot: readable, paged by a button, for owners only."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bot.telegram.stage import ANNA, stage


async def test_the_log_is_read_and_paged(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        page = await bot.ask(
            ANNA, "/log", "Family · log, times ET", "the portfolio was made (Anna)"
        )
        assert re.search(r"checked for \w+ \d+ \w+ 2020: a proposal was made", page.text)
        assert "proposal 1 to 1 person" in page.text
        assert "proposal 1: orders sent: 2" in page.text
        short = await bot.ask(ANNA, "/log 2 @family", "log, times ET", "proposal 1: done")
        assert "the portfolio was made" not in short.text
        older = await bot.tap(ANNA, short, "Older", "log, times ET")
        assert older.text != short.text
        await bot.ask(ANNA, "/log all", "one number from 1 to 50", "/log 30")
        await bot.ask(ANNA, "/log 51", "one number from 1 to 50")
