"""``/tax``: what the year has brought, what people say of their taxes, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from core.domain.ids import AccountId, Symbol
from core.domain.ledger import LedgerLot, RealisedSale, TaxProfile
from core.domain.lots import Term
from core.domain.membership import Role
from core.domain.portfolio import Holdings
from core.domain.tax import TaxRulesName, ToldYear
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, stage


async def realise(bot: Stage, *gains: str) -> date:
    """Sales of 10 QUAL long-term on a day of this year, as the ledger has them."""
    family, anna = await bot.portfolio(), await bot.member()
    today = (await bot.runtime.market.moment()).session.date
    sale = RealisedSale(
        account_id=family.accounts[0].id,
        owner_id=anna.id,
        symbol=Symbol("QUAL"),
        acquired=date(today.year - 3, 1, 2),
        quantity=Decimal("10.50"),
        proceeds=Decimal("1000.00"),
        gain=None,
        term=Term.LONG,
        sold=today,
        execution="rb-test/x",
    )
    async with bot.runtime.store.begin() as work:
        await work.taxes.add_realised(
            [replace(sale, gain=Decimal(gain), part=part) for part, gain in enumerate(gains)]
        )
    return today


async def test_a_fraction_that_nobody_has_priced_is_named_and_counts_for_nothing(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        today = await realise(bot, "400.00")
        async with bot.runtime.store.begin() as work:
            (sale,) = await work.taxes.realised([AccountId(1)], today)
            unpriced = replace(
                sale,
                quantity=Decimal("0.25"),
                proceeds=None,
                gain=None,
                term=Term.UNKNOWN,
                execution="split-1/QUAL",
            )
            await work.taxes.add_realised([unpriced])
        await bot.ask(
            ANNA,
            "/tax",
            "long $400.00",
            f"0.25 QUAL paid out on {today.isoformat()}: proceeds unknown, no gain counted.",
        )
        await bot.ask(ANNA, "/tax csv", "2 sales")


async def test_taxes_are_told_shown_and_sent_as_a_file(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/tax", "not tax advice", "/tax rules us")
        await bot.ask(ANNA, "/tax csv", "Nothing was realised")
        today = await realise(bot, "400.00")
        await bot.ask(ANNA, "/tax rules us", "Your tax rules: United States", "not tax advice")
        await bot.ask(
            ANNA,
            "/tax carried short 1200 long 300",
            "short $1,200.00, long $300.00",
            "instead of those",
        )
        await bot.ask(ANNA, "/tax realised short -50 long 1600", "short −$50.00, long $1,600.00")
        await bot.ask(
            ANNA,
            "/tax",
            "Rules: United States",
            "This year: short −$50.00, long $2,000.00",
            "Losses carried in: short $1,200.00, long $300.00",
            "As you told them; /tax carried auto calculates them",
            "Estimated tax so far: $67.50",  # 15 % of 2,000 − 300 − 1,250
            "Rates of /policy: short 24%, long 15%",
        )
        row = f"{today.year},{today},QUAL,10.5,{today.year - 3}-01-02,1000.00,400.00,long,0,family"
        sent = await bot.ask(ANNA, "/tax csv", "1 sale of your portfolios", "not tax advice")
        assert sent.attachment is not None
        assert sent.attachment.file.name == f"realised-{today.year}.csv"
        columns = "year,sold,symbol,quantity,acquired,proceeds,gain,term,disallowed,account"
        assert bot.sandbox.file_bytes(sent).decode().split("\r\n") == [columns, row, ""]
        await bot.ask(ANNA, "/help", "/tax")


async def test_what_counts_as_the_same_and_how_an_account_is_taxed_is_the_owners_to_say(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/tax same vti vtsax", "Count as the same: VTI, VTSAX")
        await bot.ask(ANNA, "/tax same VTI ITOT", "VTI stands in two groups")
        await bot.ask(ANNA, "/tax same VTI", "Name two symbols or more")
        await bot.ask(ANNA, "/tax same clear", "Name the symbol whose group")
        await bot.ask(ANNA, "/tax same V%I VTI", "V%I")
        await bot.ask(ANNA, "/tax same clear VTI", "No symbols count as the same")
        await bot.ask(ANNA, "/tax treatment tax_deferred", "taxed when money is taken out")
        await bot.ask(ANNA, "/tax treatment roth", "not “roth”", "tax_free")
        await bot.ask(BEN, "/start", "What should it hold")
        ben, family = await bot.member(BEN), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.APPROVER)
        await bot.ask(BEN, "/tax treatment taxable", "owner")
        await bot.ask(BEN, "/tax same VTI VTSAX", "owner")
        assert (await bot.portfolio()).accounts[0].tax_treatment == "tax_deferred"


async def test_what_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/tax rules mars", "The rules can be none or us, not “mars”")
        await bot.ask(ANNA, "/tax carried", "Say “short” or “long”", "/tax carried short 1200")
        await bot.ask(ANNA, "/tax carried short 1 short 2", "each once with an amount")
        await bot.ask(ANNA, "/tax carried short -5", "a loss as an amount of 0 or more")
        await bot.ask(ANNA, "/tax realised long 1,5", "Use a point")
        await bot.ask(ANNA, "/tax poem", "rules, carried, realised, same, treatment, csv")
        await bot.ask(ANNA, "/tax", "hidden in this group", chat=FAMILY)
        await bot.ask(ANNA, "/portfolio amounts on", "sees the amounts", chat=FAMILY)
        await bot.ask(ANNA, "/tax", "private chat", chat=FAMILY)


async def test_losses_are_carried_by_themselves_and_shares_without_a_lot_are_named(
    tmp_path: Path,
) -> None:
    """Last year: short −5,000 elsewhere. 12 QUAL are held, and lots name 10 of them and 3 MTUM."""
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/tax rules us", "Your tax rules")
        family, anna = await bot.portfolio(), await bot.member()
        year = (await bot.runtime.market.moment()).session.date.year
        last = ToldYear(year - 1, None, (Decimal(-5000), Decimal(100)))
        account = family.accounts[0].id
        lots = [
            LedgerLot(account, Symbol(symbol), Decimal(shares), Decimal(shares), Decimal(90))
            for symbol, shares in (("QUAL", 10), ("MTUM", 3))
        ]

        async def holdings(_accounts: object) -> dict[AccountId, Holdings]:
            return {account: Holdings(Decimal(0), {Symbol("QUAL"): Decimal(12)})}

        bot.runtime.brokers.holdings = holdings  # type: ignore[method-assign, assignment]
        async with bot.runtime.store.begin() as work:
            await work.taxes.set_profile(TaxProfile(anna.id, TaxRulesName.US, (last,)))
            for lot in lots:
                await work.taxes.open_lot(lot, "USD")
        await bot.ask(
            ANNA,
            "/tax",
            "Losses carried in: short $1,900.00, long $0.00",
            f"Calculated from {year - 1}: short −$5,000.00, long $100.00.",
            "2 QUAL have no lot: cost unknown.",
            "Lots name 3 MTUM more than is held.",
        )
        await bot.ask(ANNA, "/tax carried short 7", "short $7.00")
        await bot.ask(ANNA, "/tax", "short $7.00", "As you told them")
        await bot.ask(ANNA, "/tax carried auto", "are calculated")
        await bot.ask(ANNA, "/tax", "Losses carried in: short $1,900.00")
