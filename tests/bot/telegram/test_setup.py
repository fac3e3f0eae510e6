"""From /start to a first filled paper trade, by taps and by typing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.domain.targets import TargetAllocation
from tests.bot.telegram.stage import ANNA, BEN, stage


async def test_a_newcomer_gets_to_a_first_trade_in_four_taps(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        hello = await bot.ask(ANNA, "/start", "Hello Anna", "paper money")
        money = await bot.tap(ANNA, hello, "QUAL 30", "How much paper money")
        assert money.message_id == hello.message_id, "the question is answered in place"
        await bot.tap(ANNA, money, "$10,000", "Family is set up with $10,000.00")
        proposal = await bot.said(ANNA, "proposal 1", "SIMULATED", "Buy")
        done = await bot.tap(
            ANNA, proposal, "Approve 2 simulated orders", "Approved by Anna", "Bought"
        )
        assert done.message_id == proposal.message_id, "the proposal's message stays and grows"

        last = await bot.said(ANNA, "That was all", after=proposal.message_id)
        alert = await bot.tap(ANNA, last, "Show me an alert", "Not real", "20% lower")
        await bot.tap(ANNA, alert, "Done", "All set")
        await bot.ask(ANNA, "/start", "Welcome back, Anna")


async def test_the_same_by_typing_with_every_wrong_turn(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        hello = await bot.ask(ANNA, "/start", "What should it hold")
        await bot.tap(ANNA, hello, "Type my own", "For example: QUAL 30", "I have prices for AAPL")
        await bot.ask(ANNA, "hello there", "Choose a number from 1 to 3")
        await bot.ask(ANNA, "9", "Choose a number from 1 to 3")
        await bot.ask(ANNA, "QUALL 50 CASH 50", "does not know QUALL", "QUAL")
        await bot.ask(ANNA, "QUAL 60,5 USMV 39,5", "Try: QUAL 60.5 USMV 39.5")
        await bot.ask(ANNA, "QUAL 60 QUAL 40", "named twice")
        short = await bot.ask(ANNA, "QUAL 60 USMV 30", "sum to 90", "10 too little")
        await bot.tap(ANNA, short, "Rest to CASH", "QUAL 60 USMV 30 CASH 10", "How much")
        await bot.ask(ANNA, "a lot", "“a” is not right for the amount")
        await bot.ask(ANNA, "5,000", "Try: 5000")
        await bot.ask(ANNA, "0", "above 0")
        await bot.ask(ANNA, "5000 EUR", "USD only")
        await bot.ask(ANNA, "$5000", "is set up with $5,000.00")
        await bot.said(ANNA, "proposal 1", "Buy")
        await bot.ask(ANNA, "yes please", "Use the buttons")
        assert (await bot.portfolio()).targets == TargetAllocation.of(
            {"QUAL": 60, "USMV": 30, "CASH": 10}
        )


@pytest.mark.parametrize("word", ["1", "steady", "Steady."])
async def test_a_ready_made_allocation_can_be_named(tmp_path: Path, word: str) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, word, "QUAL 30 USMV 30 CASH 40", "How much")


async def test_scaling_makes_a_hundred(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        much = await bot.ask(ANNA, "QUAL 120", "120: a target is a percentage")
        much = await bot.ask(ANNA, "QUAL 100 USMV 100", "sum to 200", "100 too much")
        assert [button.text for button in much.buttons] == ["📐 Scale to 100"]
        money = await bot.tap(ANNA, much, "Scale to 100", "QUAL 50 USMV 50")
        await bot.tap(ANNA, money, "Another amount", "For example: 5000")
        await bot.ask(ANNA, "123.45", "set up with $123.45")


@pytest.mark.fault(2)
async def test_two_quick_taps_on_an_amount_make_one_portfolio(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        hello = await bot.ask(ANNA, "/start", "What should it hold")
        money = await bot.tap(ANNA, hello, "QUAL 30", "How much")
        answers = [bot.press(ANNA, money, "$10,000") for _ in range(5)]
        await bot.said(ANNA, "proposal 1")
        words = [await bot.answer(query) for query in answers]
        assert sum(is_alert for _, is_alert in words) == 4
        member = await bot.member()
        async with bot.runtime.store.read() as work:
            mine = await work.portfolios.of_member(member.id)
        assert [portfolio.name for portfolio in mine] == ["Family"]
        status = await bot.ask(ANNA, "/status", "Value")
        assert "$10,000.00" in status.text


async def test_a_cancelled_set_up_refuses_its_old_buttons(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        hello = await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/cancel", "Cancelled")
        for label in ("QUAL 30", "Type my own"):
            words, is_alert = await bot.answer(bot.press(ANNA, hello, label))
            assert is_alert
            assert "/start" in words


async def test_a_second_member_of_the_household_gets_a_portfolio_of_another_name(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up(ANNA)
        hello = await bot.ask(BEN, "/start", "What should it hold")
        money = await bot.tap(BEN, hello, "QUAL 30", "How much")
        await bot.tap(BEN, money, "$25,000", "Ben’s portfolio is set up")


async def test_a_portfolio_without_targets_is_led_on_from_where_it_stands(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        made = await bot.ask(ANNA, "/new Holiday money", "Holiday money is made")
        await bot.ask(ANNA, "/deposit 700", "$700.00 is in")
        await bot.tap(ANNA, made, "QUAL 30", "Holiday money is set up.")
        await bot.said(ANNA, "Holiday money · proposal 1", "Value $700.00")


async def test_what_is_held_can_become_the_targets(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        await bot.said(ANNA, "That was all")
        shown = await bot.ask(ANNA, "/targets", "Family · targets")
        choices = await bot.tap(ANNA, shown, "Choose targets", "What should it hold")
        preview = await bot.tap(ANNA, choices, "Use what I hold", "New targets, not set yet")
        await bot.tap(ANNA, preview, "Use these targets", "The targets are set")


@pytest.mark.fault(7)
async def test_a_restart_in_the_middle_loses_no_step(tmp_path: Path) -> None:
    from bot.sandbox.driver import running_sandbox
    from tests.bot.telegram.stage import running_bot

    async with running_sandbox() as sandbox:
        async with running_bot(sandbox, tmp_path) as bot:
            hello = await bot.ask(ANNA, "/start", "What should it hold")
            money = await bot.tap(ANNA, hello, "QUAL 30", "How much")
        async with running_bot(sandbox, tmp_path) as bot:
            await bot.tap(ANNA, money, "$10,000", "is set up")
            proposal = await bot.said(ANNA, "proposal 1")
        async with running_bot(sandbox, tmp_path) as bot:
            await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
            await bot.said(ANNA, "That was all")
    assert asyncio.all_tasks() == {asyncio.current_task()}
