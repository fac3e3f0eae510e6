"""Two price sources that disagree, as the owner meets it in the chat: told once, tried again, over when they agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.runtime import Runtime
from core.adapters.market_data.two_sources import WitnessedPrices
from core.domain.ids import Symbol
from core.domain.quote import QuoteBatch
from core.domain.session import NEW_YORK
from core.ports.market_data import MarketData
from core.ports.store import MarketRow
from tests.bot.telegram.stage import ANNA, Stage, eventually, stage


@dataclass
class Second:
    """A source that says of QUAL so many times what the first one says, and of everything else the same."""

    first: MarketData
    factor: Decimal = Decimal(1)

    @property
    def name(self) -> str:
        return "alpaca"

    @property
    def max_age(self) -> timedelta:
        return self.first.max_age

    async def known_symbols(self) -> frozenset[Symbol] | None:
        return await self.first.known_symbols()

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        batch = await self.first.quotes(symbols)
        qual = batch.quotes.get(Symbol("QUAL"))
        if qual is None:
            return batch
        return QuoteBatch(
            {**batch.quotes, qual.symbol: replace(qual, price=qual.price * self.factor)}
        )


@dataclass
class Two:
    """The bot with both sources; its first trade is done, and its next check falls due on 4 February at eleven."""

    bot: Stage
    second: Second

    async def at(self, day: int, hour: int, minute: int) -> str | None:
        """What the check came to that fell due at a time of February, New York's; None where none did."""
        instant = datetime(2020, 2, day, hour, minute, tzinfo=NEW_YORK)
        runtime = self.bot.runtime
        async with runtime.store.begin() as work:
            await work.log.set_market(MarketRow(instant, 0.0))
        runtime.work_arrived.set()

        async def is_done() -> bool:
            async with runtime.store.read() as work:
                due_at = await work.checks.next_due_at()
            return due_at is None or due_at > instant

        await eventually(is_done)
        managed = await self.bot.portfolio()
        async with runtime.store.read() as work:
            checks = await work.checks.recent(managed.portfolio.id, 20)
        return next((each.outcome for each in checks if each.check.due_at == instant), None)

    def told(self) -> int:
        """How often it was said that a check made no plan."""
        texts = [message.text for message in self.bot.sandbox.messages(ANNA)]
        return sum("made no plan" in text for text in texts)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    seconds: list[Second] = []

    def adapt(runtime: Runtime) -> Runtime:
        first = runtime.market.prices
        seconds.append(Second(first))
        both = WitnessedPrices(first, seconds[0], Decimal(2))
        return replace(runtime, market=replace(runtime.market, prices=both))

    async with stage(tmp_path, adapt=adapt) as bot:
        proposal = await bot.set_up()
        await bot.tap(ANNA, proposal, "Approve", "filled")
        await bot.said(ANNA, "Done: 2 of 2")
        await bot.ask(ANNA, "/policy cooldown 0", "Changed")
        yield Two(bot, seconds[0])


async def test_a_disagreement_is_told_once_tried_again_and_over_when_they_agree(two: Two) -> None:
    two.second.factor = Decimal("1.06")
    assert await two.at(4, 11, 0) == "refused"
    await two.bot.said(
        ANNA,
        "made no plan: two sources of prices do not agree.",
        "at the replay, but",
        "at Alpaca (5.7% apart)",
        "Trying again Tue 4 Feb 11:10 ET",
    )
    await two.bot.said(ANNA, "Not checked Tue 4 Feb 11:00 ET")
    await two.bot.ask(ANNA, "/rebalance", "No plan without good prices: QUAL costs")
    assert await two.at(4, 11, 5) is None
    assert [await two.at(4, *time) for time in ((11, 10), (11, 30), (12, 10))] == ["refused"] * 3
    two.second.factor = Decimal("1.02")
    assert await two.at(4, 13, 10) == "on_target"
    board = await two.bot.said(ANNA, "Checked Tue 4 Feb 13:10 ET: on target")
    assert "Next check Wed 5 Feb 11:00 ET" in board.text
    assert await two.at(5, 11, 0) == "on_target"
    await two.bot.said(ANNA, "Checked Wed 5 Feb 11:00 ET: on target")
    await two.bot.ask(ANNA, "/rebalance force", "proposal 2", "Calculated")
    assert two.told() == 1


async def test_orders_wait_while_the_sources_disagree_and_go_when_they_agree(two: Two) -> None:
    await two.bot.ask(ANNA, "/deposit 3000", "3,000")
    proposal = await two.bot.ask(ANNA, "/rebalance force", "proposal 2", "Calculated")
    two.second.factor = Decimal("1.06")
    await two.bot.tap(ANNA, proposal, "Approve", "Approved")
    words = "Nothing has been sent yet: there are no good prices right now (QUAL costs"
    waits = await two.bot.said(ANNA, words, "at Alpaca (5.7% apart))")
    two.second.factor = Decimal(1)
    two.bot.runtime.work_arrived.set()
    await two.bot.said(ANNA, "Done: 2 of 2", after=waits.message_id)
