"""``/withdraw`` in the chat: out at once, raised by a proposal, set aside, and refused with the most there is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bot.sandbox.model import Message
from core.application import move_cash
from core.domain.money import parse_decimal
from core.domain.refusals import NoCashTransfers
from tests.bot.telegram.stage import ANNA, Stage, stage


def labels(message: Message) -> list[str]:
    return [button.text for button in message.buttons]


async def invested(bot: Stage) -> None:
    """Anna's ten thousand are invested, but for a little."""
    proposal = await bot.set_up()
    await bot.tap(ANNA, proposal, "Approve", "Done.")
    await bot.said(ANNA, "filled in full")


async def test_money_is_raised_set_aside_and_taken_out(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await invested(bot)
        asked = await bot.ask(ANNA, "/withdraw 6000", "proposal 2", "must be raised")
        assert "to take out $6,000.00" in asked.text
        assert "Weights are of what remains then." in asked.text
        assert "It sells more, to keep what remains near its targets." in asked.text
        assert "Buy only" not in " ".join(labels(asked))
        await bot.tap(ANNA, asked, "Approve", "Done.")
        report = await bot.said(ANNA, "Done: ", "is there, to be taken out")
        assert "No plan invests it until 17 Feb 2020." in report.text
        status = await bot.ask(ANNA, "/status", "Set aside to be taken out: ", "until 17 Feb 2020")
        assert "Take it out" in " ".join(labels(status))
        await bot.ask(ANNA, "/rebalance", "nothing to do")
        out = await bot.tap(ANNA, report, "Take it out", "is out")
        assert "in cash left" in out.text
        tapped = bot.press(ANNA, report, "Take it out")
        assert "not set aside any more" in (await bot.answer(tapped))[0]
        status = await bot.ask(ANNA, "/status", "Value")
        assert "Set aside" not in status.text


async def test_too_much_is_refused_with_the_most_and_the_most_can_be_tapped(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await invested(bot)
        refused = await bot.ask(ANNA, "/withdraw 20000", "At most $", "can be taken out")
        [most] = labels(refused)
        amount = parse_decimal("", most.split("$")[1].replace(",", ""))
        assert Decimal(9000) < amount < Decimal(10000)
        await bot.tap(ANNA, refused, "Take out", "proposal 2", f"to take out ${amount:,.2f}")


async def test_money_that_stays_can_be_invested_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await invested(bot)
        asked = await bot.ask(ANNA, "/withdraw 6000", "proposal 2", "must be raised")
        await bot.tap(ANNA, asked, "Approve", "Done.")
        report = await bot.said(ANNA, "is there, to be taken out")
        stays = await bot.tap(ANNA, report, "Keep it invested", "stays")
        await bot.tap(ANNA, stays, "Invest it", "proposal 3", "Buy")


async def test_where_the_broker_moves_money_itself_a_deposit_is_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot(*_: object, **__: object) -> Decimal:
        raise NoCashTransfers("alpaca")

    monkeypatch.setattr(move_cash, "deposit", cannot)
    async with stage(tmp_path) as bot:
        await invested(bot)
        plan = await bot.ask(ANNA, "/deposit 1000", "When $1,000.00 has come", "1. Buy ")
        assert "Nothing is ordered now" in plan.text
        assert "/policy new_cash 1000" in plan.text
        assert "Sell" not in plan.text
        assert len(await bot.events("proposed")) == 1
        await bot.ask(ANNA, "/policy new_cash 800", "newcash 800")
        plan = await bot.ask(ANNA, "/deposit 1000", "From $800.00 of spare cash on")
        await bot.ask(ANNA, "/deposit 0", "above 0")
        await bot.tap(ANNA, plan, "invest it", "nothing to do")
