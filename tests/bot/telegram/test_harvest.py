"""``/harvest`` in the chat: nothing to harvest and why, a pair, the losses by year as a file, and the way back."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

from bot.sandbox.model import Message
from bot.telegram.html import plain
from bot.telegram.views.harvest import SALE_COLUMNS, YEAR_COLUMNS, nothing_screen, switch_kept
from core.application.advance_market import STANDING_TIME
from core.domain.ids import AccountId, Symbol
from core.domain.ledger import LedgerLot
from core.domain.money import ZERO
from core.domain.plan import Reason, ReasonCode, Skipped
from core.domain.targets import TargetAllocation
from core.domain.tax_treatment import TaxTreatment
from core.ports.store import MarketRow
from tests.bot.telegram.scenes import managed, plan_of, snapshot
from tests.bot.telegram.stage import ANNA, FAMILY, Stage, stage

QUAL, SUBSTITUTE = Symbol("QUAL"), Symbol("AAPL")


def labels(message: Message) -> str:
    return " ".join(button.text for button in message.buttons)


async def losing(bot: Stage) -> None:
    """Anna's QUAL cost twice what it is worth, and AAPL may stand in for it; nothing is out of band."""
    proposal = await bot.set_up()
    await bot.tap(ANNA, proposal, "Approve", "Done.")
    await bot.said(ANNA, "filled in full")
    await bot.ask(ANNA, "/policy band 100 relative off", "band")
    family, anna = await bot.portfolio(), await bot.member()
    assert family.targets is not None
    lines = tuple(
        replace(line, substitutes=(SUBSTITUTE,)) if line.symbol == QUAL else line
        for line in family.targets.lines
    )
    account = family.accounts[0].id
    now = bot.runtime.clock.now()
    async with bot.runtime.store.begin() as work:
        targets = TargetAllocation(lines)
        await work.portfolios.set_targets(family.portfolio.id, targets, by=anna.id, at=now)
        (lot,) = await work.taxes.open_lots(account, QUAL)
        assert lot.cost_per_share is not None
        cost = (lot.cost_per_share * 2).quantize(Decimal("0.01"))
        shares = lot.remaining
        old = LedgerLot(account, QUAL, shares, shares, cost, date(2019, 9, 3))
        await work.taxes.replace_lots(account, [QUAL], [old], "USD")


def table(bot: Stage, message: Message, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """A file that was sent, read back."""
    text = bot.sandbox.file_bytes(message).decode()
    reader = csv.DictReader(StringIO(text))
    rows = list(reader)
    assert tuple(reader.fieldnames or ()) == columns
    return rows


async def test_a_loss_is_harvested_kept_by_year_and_switched_back(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await losing(bot)
        none = await bot.ask(ANNA, "/harvest", "nothing to harvest now", "not tax advice")
        assert "no tax rules are set (/tax rules us)" in none.text
        assert "/policy harvest 500" in none.text
        await bot.ask(ANNA, "/tax rules us", "United States")
        small = await bot.ask(ANNA, "/harvest 5000", "nothing to harvest now")
        assert "Largest loss: QUAL −$" in small.text
        assert "below your $5,000.00." in small.text
        asked = await bot.ask(ANNA, "/harvest 500", "proposal 2", "Loss to harvest: $")
        assert "This is a calculation, not tax advice." in asked.text
        assert "It lowers no tax that is estimated this year; $" in asked.text
        assert "can meet other income (/policy offset counts it)" in asked.text
        assert "Approve 2 simulated orders" in labels(asked)
        assert "Buy only" not in labels(asked)
        why = await bot.tap(ANNA, asked, "Why", "AAPL stands in for them")
        assert "which is sold with it" in why.text
        assert "USMV: USMV" not in why.text
        back = await bot.tap(ANNA, why, "Back", "Loss to harvest: $")
        await bot.tap(ANNA, back, "Approve", "Done.")
        await bot.said(ANNA, "filled in full", "proposal 2")

        losses = await bot.ask(ANNA, "/harvest losses", "harvested losses 2020", "Harvested: short")
        assert "AAPL stands in for QUAL; the way back is looked for from 5 Mar 2020." in losses.text
        files = await bot.tap(ANNA, losses, "Sales of 2020", "Losses harvested in 2020")
        (sale,) = table(bot, files, SALE_COLUMNS)
        years = await bot.ask(ANNA, "/harvest csv", "Harvested losses by year")
        (year,) = table(bot, years, YEAR_COLUMNS)
        assert Decimal(sale["counted"]) == Decimal(sale["loss"]) - Decimal(sale["disallowed"])
        assert Decimal(year["harvested_short"]) == Decimal(sale["counted"]) > 500
        assert (sale["symbol"], sale["term"], sale["proposal"]) == ("QUAL", "short", "2")
        await bot.ask(ANNA, "/harvest losses 2019", "harvested losses 2019", "None")

        await to(bot, date(2020, 3, 5))
        offer = await bot.said(ANNA, "proposal 3", "has stood in for 30 days")
        assert "Stay in AAPL" in labels(offer)
        stayed = await bot.tap(ANNA, offer, "Stay in AAPL", "It stays in AAPL: Anna 11:00 ET.")
        assert "the switch back is not offered again" in stayed.text
        assert "Rejected" not in stayed.text
        after = await bot.ask(ANNA, "/harvest losses", "Harvested: short")
        assert "stands in" not in after.text
        await bot.ask(ANNA, "/history", "Anna kept the substitute instead of 3")
        again = await bot.tap(ANNA, stayed, "Reopen", "has stood in for 30 days")
        assert "Stay in AAPL" in labels(again)
        await bot.ask(ANNA, "/harvest losses", "AAPL stands in")


async def to(bot: Stage, day: date) -> None:
    """Let the market's clock stand at 11:00 of a day, and wake the bot."""
    session = bot.runtime.market.calendar.session_on(day)
    assert session is not None
    async with bot.runtime.store.begin() as work:
        await work.log.set_market(MarketRow(session.slot_at(STANDING_TIME), 0.0))
    bot.runtime.work_arrived.set()


async def test_what_is_asked_in_other_words_is_corrected(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/harvest soon", "soon")
        await bot.ask(ANNA, "/harvest -5", "0 or more")
        await bot.ask(ANNA, "/harvest losses soon", "is no year", "/harvest losses 2024")
        await bot.ask(ANNA, "/harvest 1 2 3", "the least loss", "/harvest 500")
        await bot.ask(ANNA, "/harvest csv 2020", "Nothing was harvested in 2020")
        await bot.ask(ANNA, "/harvest csv", "Nothing was harvested yet")
        await bot.ask(ANNA, "/harvest losses", "hidden in this group", chat=FAMILY)
        await bot.ask(ANNA, "/portfolio amounts on", "sees the amounts", chat=FAMILY)
        await bot.ask(ANNA, "/harvest losses", "private chat", chat=FAMILY)


async def test_why_a_substitute_is_kept_is_said_with_its_numbers(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        data = {
            "sold": "VTI",
            "bought": "ITOT",
            "until": "2020-05-10",
            "amount": "900",
            "cost": "216",
            "least": "180",
        }
        text = plain(switch_kept(await bot.portfolio(), data).text)
        assert "ITOT has stood in for VTI for 30 days. It is not switched back now:" in text
        assert "it has gained $900.00, which is taxed with ≈ $216.00." in text
        assert "The loss was worth $180.00." in text
        assert "I look again on 10 May 2020." in text
        assert "not tax advice" in text


def test_losses_of_an_account_that_is_not_taxed_are_named_last_and_in_one_line() -> None:
    where = managed()
    ira = replace(
        where.accounts[0], id=AccountId(2), name="IRA", tax_treatment=TaxTreatment.TAX_DEFERRED
    )
    untaxed, small = (
        Reason(
            code,
            Symbol(symbol),
            {"amount": Decimal(amount), "least": Decimal(500), "percent": ZERO},
        )
        for code, symbol, amount in (
            (ReasonCode.NOT_TAXABLE, "VTI", 90),
            (ReasonCode.LOSS_TOO_SMALL, "BND", 40),
        )
    )
    plan = plan_of(where, snapshot())
    skipped = (Skipped(Symbol("VTI"), untaxed), Skipped(Symbol("BND"), small))
    screen = nothing_screen(
        replace(where, accounts=(*where.accounts, ira)),
        replace(plan, reason=untaxed, skipped=skipped),
    )
    assert "Largest loss: BND −$40.00: below your $500.00." in screen.text
    assert "No loss counts in IRA: VTI −$90.00." in screen.text
