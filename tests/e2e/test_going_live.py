"""The whole ladder, over real HTTP: a chat at the sandbox's Telegram, and the fake Alpaca playing the live service.

The exchange's time runs with the machine's, every minute of it is a session, and a test can let time pass there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.sandbox.driver import Sandbox, running_sandbox
from bot.sandbox.model import Message
from bot.serve import run_until
from bot.settings import Settings
from bot.work import desk_of
from core.adapters.clock import LiveMarketClock
from core.application.settle_changes import settle_changes
from core.domain.change import NOTICE
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from core.domain.session import NEW_YORK, Session
from core.ports.clock import MarketClock
from tests.bot.telegram.stage import ANNA, UNHURRIED, Stage, brisk, eventually
from tests.fakes.alpaca.exchange import Exchange
from tests.fakes.alpaca.market import ExchangeTime
from tests.fakes.alpaca.model import Account, Order
from tests.fakes.alpaca.server import FakeAlpaca, serving
from tests.fakes.clock import FakeClock
from tests.fakes.store import give_store

KEYS = ("AKFAKELIVE", "fake-live-secret")
NUMBER = "987654321"
A_DAY = timedelta(days=1)


class EveryDay:
    """A calendar in which every minute belongs to a session, as at the fake's exchange."""

    def session_on(self, day: date) -> Session:
        starts = datetime.combine(day, time_of_day(), NEW_YORK)
        return Session(day, starts, starts + A_DAY - timedelta(microseconds=1))

    def current_or_next(self, instant: datetime) -> Session:
        return self.session_on(instant.astimezone(NEW_YORK).date())

    def next_after(self, day: date) -> Session:
        return self.session_on(day + A_DAY)

    def between(self, first: date, last: date) -> Sequence[Session]:
        return [self.session_on(first + A_DAY * n) for n in range((last - first).days + 1)]

    def up_to(self, day: date, count: int) -> Sequence[Session]:
        return [self.session_on(day - A_DAY * n) for n in reversed(range(count))]


@dataclass
class LiveStage:
    """A running bot whose account is at a service of real money, and that service."""

    bot: Stage
    alpaca: FakeAlpaca
    money: Account

    @property
    def orders(self) -> list[Order]:
        """Every order that the service really has."""
        return self.money.orders

    @property
    def posts(self) -> int:
        """How often an order was sent."""
        return len(self.alpaca.asked("POST", "/v2/orders"))

    def pass_time(self, seconds: float) -> None:
        """Let the exchange's time pass, and the bot look at once what is due."""
        self.alpaca.exchange.time.advance(timedelta(seconds=seconds))
        self.bot.runtime.work_arrived.set()

    async def ask(self, text: str, *words: str) -> Message:
        return await self.bot.ask(ANNA, text, *words)

    async def tap(self, message: Message, label: str, *words: str) -> Message:
        return await self.bot.tap(ANNA, message, label, *words)

    async def a_day_later(self) -> None:
        """Settle what a day of notice is over for, as a round does a day later."""
        desk = desk_of(self.bot.runtime)
        clock = FakeClock(desk.clock.now() + NOTICE)
        assert await settle_changes(replace(desk, clock=clock)) == 1

    async def rung(self) -> Rung:
        return (await self.bot.portfolio()).accounts[0].rung


@dataclass
class Services:
    """A Telegram, and an Alpaca that plays the live service."""

    sandbox: Sandbox
    alpaca: FakeAlpaca
    money: Account

    @asynccontextmanager
    async def bot(self, folder: Path, mode: str = "live") -> AsyncIterator[LiveStage]:
        """The bot, running against both."""
        origin = self.alpaca.origin
        settings = Settings(
            _env_file=None,
            telegram_bot_token=SecretStr(self.sandbox.token),
            telegram_api_base_url=self.sandbox.origin,
            telegram_allowed_users=(ANNA,),
            data_dir=folder,
            market_data="alpaca",
            broker="alpaca",
            trading_mode=mode,  # type: ignore[arg-type]
            alpaca_api_key=SecretStr(KEYS[0]),
            alpaca_secret_key=SecretStr(KEYS[1]),
            alpaca_base_url=origin,
            alpaca_data_url=origin,
        )
        clock = LiveMarketClock(self.alpaca.exchange.time)
        async with _running(settings, clock) as runtime:
            yield LiveStage(Stage(self.sandbox, runtime), self.alpaca, self.money)


@asynccontextmanager
async def services() -> AsyncIterator[Services]:
    """SPY at 100 and AGG at 50 dollars; the account holds 80 SPY and 2,000 dollars."""
    time = ExchangeTime(datetime.now(UTC), is_running=True, always_open=True)
    alpaca = FakeAlpaca(Exchange(time), requests_a_minute=100_000)
    for symbol, price in (("SPY", "100.00"), ("AGG", "50.00")):
        alpaca.exchange.list_asset(symbol, price)
    money = alpaca.exchange.open_account(*KEYS, cash=2000, number=NUMBER)
    money.positions[alpaca.exchange.assets["SPY"].id] = Decimal(80)
    async with serving(alpaca), running_sandbox() as sandbox:
        yield Services(sandbox, alpaca, money)


@asynccontextmanager
async def live_stage(folder: Path) -> AsyncIterator[LiveStage]:
    """The bot where real money is permitted, and what it speaks to."""
    async with services() as around, around.bot(folder) as anna:
        yield anna


@asynccontextmanager
async def _running(settings: Settings, market_clock: MarketClock) -> AsyncIterator[Runtime]:
    give_store(settings.data_dir)
    async with brisk(), open_runtime(settings) as opened:
        market = replace(opened.market, clock=market_clock, calendar=EveryDay())
        runtime = replace(opened, market=market, tap_patience=UNHURRIED)
        stopping = asyncio.Event()
        running = asyncio.create_task(run_until(runtime, stopping))
        try:
            yield runtime
        finally:
            stopping.set()
            async with asyncio.timeout(15):
                await running


async def _first_proposal(anna: LiveStage) -> Message:
    """Anna's real account, from /start to a plan that is only a dry run."""
    await anna.ask("/start", "What should it hold")
    preview = await anna.ask("/targets SPY 50 AGG 50", "not set yet")
    await anna.tap(preview, "Use these targets", "The targets are set")
    return await anna.ask("/rebalance", "proposal 1", "DRY RUN", "Calculated")


async def _dry_run(anna: LiveStage) -> None:
    proposal = await _first_proposal(anna)
    words, _ = await anna.bot.answer(anna.bot.press(ANNA, proposal, "Approve"))
    assert words == "Approved. It is a dry run: nothing is sent."
    await anna.bot.said(ANNA, "DRY RUN: nothing was sent", "would have gone")

    async def is_done() -> bool:
        async with anna.bot.runtime.store.read() as work:
            return bool(await work.proposals.in_states({ProposalState.DONE}))

    await eventually(is_done)


async def _confirm(anna: LiveStage, label: str, *words: str) -> Message:
    """Up one rung: by a button, and then by typing."""
    accounts = await anna.ask("/accounts", "Rung")
    await anna.tap(accounts, label, "type the last four digits", "What you can lose")
    return await anna.ask(NUMBER[-4:], *words)


async def _plan(anna: LiveStage, number: int, *words: str) -> Message:
    return await anna.ask("/rebalance force", f"proposal {number}", "Calculated", *words)


def _data(message: Message, label: str) -> str:
    data = message.button(label).callback_data
    assert data is not None
    return data


async def _approve(anna: LiveStage, proposal: Message) -> Message:
    """Approve a live plan; the message then counts ten seconds."""
    assert any(
        button.text.startswith("✅ Approve: trade $") and button.text.endswith(" LIVE")
        for button in proposal.buttons
    )
    return await anna.tap(proposal, "Approve", "Sent in 10 seconds", "unless somebody taps")


@pytest.mark.fault(76, 77)
async def test_from_a_dry_run_by_typing_to_capped_orders_an_undo_and_live(tmp_path: Path) -> None:
    async with live_stage(tmp_path) as anna:
        await _dry_run(anna)
        assert anna.posts == 0

        # wrong digits change nothing
        accounts = await anna.ask("/accounts", "Rung 3 of 5", "dry runs done: 1")
        await anna.tap(accounts, "One rung up", "type the last four digits")
        await anna.ask("1234", "not the end of the account number", "2 tries are left")
        assert await anna.rung() is Rung.DRY_RUN
        await anna.ask("4321", "is LIVE capped now", "$500.00 an order")
        assert await anna.rung() is Rung.LIVE_CAPPED

        # an approved plan waits for an undo, and undone it is gone
        proposal = await _plan(anna, 2, "LIVE capped", "REAL MONEY")
        waiting = await _approve(anna, proposal)
        undone = _data(waiting, "↩ Undo")
        await anna.tap(waiting, "↩ Undo", "Cancelled", "before an order was sent")
        anna.pass_time(11)
        await anna.bot.settle()
        assert anna.posts == 0

        # the next one goes, within its caps, and cannot be undone any more
        proposal = await _plan(anna, 3, "LIVE capped")
        waiting = await _approve(anna, proposal)
        too_late = _data(waiting, "↩ Undo")
        anna.pass_time(11)
        await anna.bot.said(ANNA, "proposal 3", "Done", "filled in full")
        assert [order.status for order in anna.orders] == ["filled"]
        assert 400 < max(order.filled_value for order in anna.orders) <= 500
        for data in (undone, too_late):
            query = anna.bot.press_data(ANNA, waiting, data)
            words, is_alert = await anna.bot.answer(query)
            assert is_alert
            assert "Too late" in words or "cancelled" in words

        # up once more, typed again, and after a day; then there is no cap, and down is immediate
        offered = await _confirm(
            anna, "One rung up", "LIVE capped → LIVE", "nothing is changed yet"
        )
        await anna.tap(offered, "Ask for it", "asked for by", "unless somebody who decides objects")
        assert await anna.rung() is Rung.LIVE_CAPPED
        await anna.a_day_later()
        await anna.bot.said(ANNA, "It is in force now")
        assert await anna.rung() is Rung.LIVE
        proposal = await _plan(anna, 4, "· LIVE\n", "REAL MONEY")
        await _approve(anna, proposal)
        anna.pass_time(11)
        await anna.bot.said(ANNA, "proposal 4", "Done", "filled in full")
        assert max(o.filled_value for o in anna.orders) > 500
        sent = anna.posts
        accounts = await anna.ask("/accounts", "Rung 5 of 5")
        await anna.tap(accounts, "Down to dry run", "is a DRY RUN now")
        assert await anna.rung() is Rung.DRY_RUN
        assert anna.posts == sent


@pytest.mark.fault(36)
async def test_prices_that_move_during_the_undo_stop_a_live_plan(tmp_path: Path) -> None:
    async with live_stage(tmp_path) as anna:
        await _dry_run(anna)
        await _confirm(anna, "One rung up", "is LIVE capped now")
        proposal = await _plan(anna, 2, "LIVE capped")
        await _approve(anna, proposal)
        anna.alpaca.exchange.set_price("AGG", "51.00")
        anna.pass_time(11)
        await anna.bot.said(ANNA, "No order was sent", "prices moved")
        assert anna.posts == 0


@pytest.mark.fault(76)
async def test_set_back_to_paper_the_same_account_sends_nothing(tmp_path: Path) -> None:
    async with services() as around:
        async with around.bot(tmp_path) as anna:
            await _dry_run(anna)
            await _confirm(anna, "One rung up", "is LIVE capped now")
            await _approve(anna, await _plan(anna, 2, "LIVE capped"))
        async with around.bot(tmp_path, "paper") as anna:
            await anna.bot.said(ANNA, "LIVE capped → DRY RUN", "set this installation to paper")
            assert await anna.rung() is Rung.DRY_RUN
            anna.pass_time(11)
            accounts = await anna.ask("/accounts", "set to paper")
            assert not any("One rung up" in button.text for button in accounts.buttons)
            assert anna.posts == 0
