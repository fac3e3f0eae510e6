"""The application: its menu, its end, its accidents, and Telegram's."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.runtime import Runtime
from bot.sandbox.driver import running_sandbox
from bot.settings import Settings
from bot.telegram.app import build_application
from core.domain.ids import ProposalId, Symbol
from core.domain.proposal import DecisionKind, ProposalState
from core.domain.quote import QuoteBatch
from core.ports.market_data import MarketData
from tests.bot.telegram.stage import ANNA, BEN, running_bot, settings_for, stage, until


async def test_the_menu_shows_six_commands(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        [request] = await bot.sandbox.wait_for(
            lambda sandbox: [r for r in sandbox.requests if r.method == "setMyCommands"]
        )
        names = [command["command"] for command in request.params["commands"]]
        assert names == ["status", "rebalance", "deposit", "targets", "history", "help"]


async def test_only_messages_taps_and_memberships_are_asked_for(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        polls = [r for r in bot.sandbox.requests if r.method == "getUpdates"]
        asked = next(r.params["allowed_updates"] for r in polls if "allowed_updates" in r.params)
        assert sorted(asked) == ["callback_query", "message", "my_chat_member"]


async def test_nothing_is_kept_by_the_library(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        application = build_application(bot.runtime)
        assert application._job_queue is None
        assert application.persistence is None
        await bot.ask(ANNA, "/start", "What should it hold")


async def test_without_a_token_there_is_no_application(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        without = bot.runtime.settings.model_copy(update={"telegram_bot_token": None})
        with pytest.raises(ValueError, match="TELEGRAM_BOT_TOKEN"):
            build_application(replace(bot.runtime, settings=without))


class BrokenPrices:
    """A price source with a fault of its own that nobody foresaw, and a secret in its words."""

    def __init__(self, real: MarketData, secret: str) -> None:
        self._real = real
        self._secret = secret

    @property
    def name(self) -> str:
        return self._real.name

    @property
    def max_age(self) -> timedelta:
        return self._real.max_age

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        raise RuntimeError(f"cannot fetch with {self._secret}")

    async def known_symbols(self) -> frozenset[Symbol] | None:
        return await self._real.known_symbols()


def with_broken_prices(runtime: Runtime) -> Runtime:
    token = runtime.settings.telegram_bot_token
    assert token is not None
    broken = BrokenPrices(runtime.market.prices, token.get_secret_value())
    return replace(runtime, market=replace(runtime.market, prices=broken))


async def test_an_accident_is_one_sentence_to_the_person_and_a_trace_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage(tmp_path, adapt=with_broken_prices) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        await bot.ask(ANNA, "/deposit 100", "is in")
        await bot.ask(ANNA, "/targets QUAL 100", "went wrong on my side")
        incident = bot.sandbox.bot_messages(ANNA)[-1].text.split()[-1].rstrip(".")
        assert f"Incident {incident}" in caplog.text
        assert "cannot fetch" in caplog.text
        for message in bot.sandbox.bot_messages(ANNA):
            assert "cannot fetch" not in message.text
            assert bot.sandbox.token not in message.text
        paid = next(m for m in bot.sandbox.bot_messages(ANNA) if "is in" in m.text)
        await bot.tap(ANNA, paid, "Status")
        await bot.ask(ANNA, "/whoami", "You are Anna")


@pytest.mark.fault(8)
async def test_the_bot_stops_while_somebody_is_being_served(tmp_path: Path) -> None:
    class SlowPrices(BrokenPrices):
        async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
            if not is_slow.is_set():
                return await self._real.quotes(symbols)
            reached.set()
            await asyncio.sleep(600)
            raise AssertionError

    def slow(runtime: Runtime) -> Runtime:
        prices = SlowPrices(runtime.market.prices, "")
        return replace(runtime, market=replace(runtime.market, prices=prices))

    reached, is_slow = asyncio.Event(), asyncio.Event()
    async with running_sandbox() as sandbox:
        async with running_bot(sandbox, tmp_path, adapt=slow) as bot:
            await bot.ask(ANNA, "/start", "What should it hold")
            await bot.ask(ANNA, "/new Family", "is made")
            await bot.ask(ANNA, "/targets QUAL 100", "are set")
            await bot.ask(ANNA, "/deposit 100", "is in")
            is_slow.set()
            sandbox.send_text(ANNA, ANNA, "/status")
            await reached.wait()
            began = time.monotonic()
        assert time.monotonic() - began < 10


@pytest.mark.fault(43)
async def test_the_bot_waits_for_telegram_and_begins_when_it_answers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with running_sandbox() as sandbox:
        sandbox.faults.outage(on=True)
        async with running_bot(sandbox, tmp_path) as bot:
            await until(lambda: "Telegram cannot be reached" in caplog.text)
            sandbox.faults.outage(on=False)
            await bot.ask(ANNA, "/start", "What should it hold")


@pytest.mark.fault(5)
async def test_an_update_delivered_twice_moves_money_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        bot.sandbox.faults.redeliver_updates(3)
        await bot.ask(ANNA, "/deposit 100", "$100.00 in cash")
        await bot.settle()
        await bot.ask(ANNA, "/deposit 1", "$101.00 in cash")
        assert sum("$100.00 is in" in m.text for m in bot.sandbox.bot_messages(ANNA)) == 1


@pytest.mark.fault(3, 5)
async def test_taps_that_come_last_first_and_once_more_are_one_decision(tmp_path: Path) -> None:
    """Approve and reject, delivered the other way round, and then both again: whichever is served first counts."""
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        bot.sandbox.faults.reverse_updates()
        bot.sandbox.faults.redeliver_updates(2)
        taps = [bot.press(ANNA, proposal, label) for label in ("Approve", "Reject")]
        for tap in taps:
            assert await bot.answer(tap)
        await bot.settle()
        async with bot.runtime.store.read() as work:
            found = await work.proposals.get(ProposalId(1))
            orders = await work.orders.of_proposal(ProposalId(1))
        assert found is not None
        [decision] = found.decisions
        assert (decision.kind is DecisionKind.REJECT) == (found.state is ProposalState.REJECTED)
        assert len(orders) == (2 if decision.kind is DecisionKind.APPROVE else 0)
        refused = [answer for answer in bot.sandbox.answers if "is no longer open" in answer.text]
        assert refused


async def test_messages_of_one_person_are_served_in_order(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        for text in ("/start", "/new Family", "/deposit 10", "/deposit 20", "/withdraw 30"):
            bot.sandbox.send_text(ANNA, ANNA, text)
        await bot.said(ANNA, "$30.00 is out", "$0.00 in cash")


@pytest.mark.fault(7)
async def test_an_old_button_works_once_after_a_restart(tmp_path: Path) -> None:
    async with running_sandbox() as sandbox:
        async with running_bot(sandbox, tmp_path) as bot:
            proposal = await bot.set_up()
        async with running_bot(sandbox, tmp_path) as bot:
            await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
            approve = proposal.button("Approve").callback_data
            answer = await bot.answer(bot.press_data(ANNA, proposal, approve or ""))
            assert answer == ("You have approved it already.", False)
            async with bot.runtime.store.read() as work:
                orders = await work.orders.of_proposal(ProposalId(1))
            assert len(orders) == 2


async def test_a_message_that_telegram_holds_back_is_sent_when_it_may_be(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        bot.sandbox.faults.fail_next("sendMessage", 429, "Too Many Requests: retry after 1", 1)
        await bot.ask(ANNA, "/whoami", "You are Anna")
        bot.sandbox.faults.drop_answer("sendMessage")
        await bot.ask(ANNA, "/settings", "You read tables")


@pytest.mark.fault(48)
async def test_strangers_are_refused_politely_and_get_no_more(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=()) as bot:
        await bot.ask(BEN, "/start", f"Your id is {BEN}", "ask for an invitation")
        for text in ("/status", "hello", "/start abc"):
            bot.sandbox.send_text(BEN, BEN, text)
        await until(lambda: bot.sandbox.pending_updates == 0)
        assert len(bot.sandbox.bot_messages(BEN)) == 1


async def test_settings_of_the_stage_are_a_sandboxs(tmp_path: Path) -> None:
    async with running_sandbox() as sandbox:
        settings = settings_for(sandbox, tmp_path)
    assert isinstance(settings, Settings)
    assert settings.telegram_bot_token == SecretStr(sandbox.token)
