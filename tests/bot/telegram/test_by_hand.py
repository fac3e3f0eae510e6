"""A real account without an interface, in conversation: typed, imported, planned, carried out by a person."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bot.sandbox.driver import running_sandbox
from bot.sandbox.model import Message, Upload
from bot.telegram.commands.rebalance import refused
from bot.telegram.views.notices import check_refused
from core.application.hand_kept import hand_kept
from core.domain.book import Book
from core.domain.ids import Symbol
from core.domain.membership import Role
from core.domain.refusals import HoldingsOld
from tests.bot.telegram.scenes import managed
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, running_bot, stage

QUAL, USMV = Symbol("QUAL"), Symbol("USMV")

CSV = """Symbol,Description,Quantity,Cost/Share
QUAL,Quality,90,81.50
USMV,Low volatility,30,
CASH,,100.00,
"""


async def made(bot: Stage) -> Message:
    """Anna has typed that she holds QUAL 100, USMV 30 and $100, and has targets of 50 and 50."""
    hello = await bot.ask(ANNA, "/start", "What should it hold")
    await bot.tap(ANNA, hello, "my own account", "BY HAND", "Nobody has written anything")
    typed = "/holdings QUAL 100 @ 81.50 2019-03-01\nUSMV 30\nCASH 100"
    book = await bot.ask(
        ANNA, typed, "Written down", "QUAL 100 @ $81.50, 2019-03-01", "Cash $100.00"
    )
    await bot.tap(ANNA, book, "Choose targets", "What should it hold")
    preview = await bot.ask(ANNA, "/targets QUAL 50 USMV 50", "not set yet")
    await bot.tap(ANNA, preview, "Use these targets", "targets are set")
    return book


async def handed_over(bot: Stage) -> Message:
    """The same, with an approved plan as a checklist."""
    await made(bot)
    proposal = await bot.ask(ANNA, "/rebalance force", "Family · proposal 1 · BY HAND")
    assert proposal.button("Approve").text == "✅ Approve 2 orders by hand"
    await bot.tap(ANNA, proposal, "Approve", "To do in your broker’s app")
    return await bot.said(ANNA, "To do in your broker’s app", "2 orders of 2 to go")


async def book_of(bot: Stage) -> Book:
    managed = await bot.portfolio()
    return await hand_kept(bot.runtime.brokers, managed.accounts[0]).book()


async def send_file(bot: Stage, content: bytes, caption: str = "", chat: int = ANNA) -> Message:
    return bot.sandbox.send_file(ANNA, chat, Upload("positions.csv", "text/csv", content), caption)


async def test_the_lots_of_a_sale_are_chosen_and_told_to_the_broker(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        typed = "/holdings QUAL 60 @ 81.50 2019-03-01\nQUAL 40 @ 95 2019-11-01"
        await bot.ask(ANNA, typed, "QUAL 100 in 2 lots")
        proposal = await bot.ask(ANNA, "/rebalance force", "Family · proposal 1 · BY HAND")
        edit = await bot.tap(ANNA, proposal, "Edit lines", "never larger")
        lots = await bot.tap(ANNA, edit, "Lots", "Tap lots in the order", "1 Mar 2019")
        changed = await bot.tap(ANNA, lots, "40 of 2019-11-01 @ $95.00", "Changed from 1")
        why = await bot.tap(ANNA, changed, "Why", "bought 1 Nov 2019")
        changed = await bot.tap(ANNA, why, "Back", "Changed from 1")
        edit = await bot.tap(ANNA, changed, "Edit lines", "never larger")
        chosen = await bot.tap(ANNA, edit, "Lots", "Tap lots in the order", "1 Nov 2019")
        assert chosen.button("2019-11-01").text.startswith("✔1 40 of 2019-11-01 @ $95.00, ")
        again = await bot.tap(ANNA, chosen, "Back", "never larger")
        shown = await bot.tap(ANNA, again, "Back", "Changed from 1")
        await bot.tap(ANNA, shown, "Approve", "To do in your broker’s app")
        checklist = await bot.said(ANNA, "To do in your broker’s app", "Tell your broker the lots")
        assert ", lots: " in checklist.text
        assert " of 2019-11-01 @ $95.00" in checklist.text


async def test_from_typed_holdings_to_a_report(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        checklist = await handed_over(bot)
        assert "Sell" in checklist.text
        assert " limit " in checklist.text
        left = await bot.tap(ANNA, checklist, "1. Done", "1 order of 2 to go", "1. Sold")
        await bot.tap(ANNA, left, "2. Done", "Done")
        report = await bot.said(ANNA, "2 of 2 orders filled in full")
        assert "BY HAND" in report.text
        assert "Dry run" not in report.text
        book = await book_of(bot)
        assert book.positions[QUAL] < 100
        assert book.positions[USMV] > 30
        await bot.ask(ANNA, "/accounts", "BY HAND", "place the orders yourself")
        await bot.ask(ANNA, "/orders", "QUAL")


async def test_other_prices_are_asked_for_and_the_rest_is_not_done(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        checklist = await handed_over(bot)
        await bot.tap(ANNA, checklist, "✏️ Price", "how many shares did you trade")
        await bot.ask(ANNA, "a few", "Write how many shares", "10 @ 251.30")
        await bot.ask(ANNA, "1000 @ 100", "at most")
        left = await bot.ask(ANNA, "3 @ 101.50", "1. Sold 3 of", "at $101.50", "still Sell")
        left = await bot.tap(ANNA, left, "Not done", "1 order of 2 to go")
        await bot.ask(ANNA, "/holdings not 1 2", "Partly done")
        await bot.said(ANNA, "0 of 2 orders filled in full")
        book = await book_of(bot)
        assert book.positions == {QUAL: 97, USMV: 30}
        assert book.cash == Decimal("404.50")


async def test_answers_can_be_typed_and_late_ones_are_told_what_to_do(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await handed_over(bot)
        await bot.ask(ANNA, "/holdings done", "Name the proposal and the line")
        await bot.ask(ANNA, "/holdings done 1 9", "no line 9")
        await bot.ask(ANNA, "/holdings CASH 5", "2 orders on your checklist have no answer yet")
        await bot.ask(ANNA, "/holdings done 1 1", "1. Sold")
        await bot.ask(ANNA, "/holdings done 1 2 2 @ 65.10", "Bought 2 of")
        await bot.ask(ANNA, "/holdings not 1 2", "Partly done")
        await bot.said(ANNA, "1 of 2 orders filled in full")
        await bot.ask(ANNA, "/holdings done 1 2", "The checklist of proposal 1 is closed")


@pytest.mark.fault(7)
async def test_old_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with running_sandbox() as sandbox:
        async with running_bot(sandbox, tmp_path) as bot:
            checklist = await handed_over(bot)
        async with running_bot(sandbox, tmp_path) as bot:
            left = await bot.tap(ANNA, checklist, "1. Done", "1 order of 2 to go")
            for _ in range(3):
                bot.press(ANNA, left, "2. Done")
            await bot.said(ANNA, "2 of 2 orders filled in full")


@pytest.mark.fault(58)
async def test_only_approvers_answer(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await handed_over(bot)
        await bot.ask(BEN, "/start", "What should it hold")
        ben, family = await bot.member(BEN), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.APPROVER)
        checklist = await bot.ask(BEN, "/proposals @family", "To do in your broker’s app")
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.VIEWER)
        answer, is_alert = await bot.answer(bot.press(BEN, checklist, "1. Done"))
        assert is_alert
        assert "answer a checklist" in answer
        assert (await book_of(bot)).positions[QUAL] == 100
        first = "Proposal 1 comes first: ask again when it is through"
        await bot.ask(ANNA, "/rebalance", first)


async def test_a_file_is_shown_before_it_is_used(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await send_file(bot, CSV.encode())
        shown = await bot.said(ANNA, "QUAL 90 (was 100)", "USMV 30", "Nothing is changed until")
        assert (await book_of(bot)).positions[QUAL] == 100
        await bot.tap(ANNA, shown, "Use these holdings", "QUAL 90 @ $81.50")
        assert (await book_of(bot)).positions == {QUAL: 90, USMV: 30}
        answer, _ = await bot.answer(bot.press_data(ANNA, shown, _data(shown, "Use these")))
        assert "was used, or put aside" in answer

        await send_file(bot, b"Ticker;Shares\nQUAL;5\n", "/holdings")
        shown = await bot.said(ANNA, "QUAL 5 (was 90)", "USMV none (was 30)", "Cash stays $100.00")
        await bot.tap(ANNA, shown, "Cancel", "Nothing was changed")
        assert (await book_of(bot)).positions == {QUAL: 90, USMV: 30}


def _data(message: Message, label: str) -> str:
    data = message.button(label).callback_data
    assert data is not None
    return data


async def test_a_bad_file_is_refused_by_line_and_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await send_file(bot, b"Symbol,Quantity\nQUAL,lots\nUSMV,-1\n")
        await bot.said(ANNA, "nothing was changed", "Line 2", "Line 3")
        await send_file(bot, b"x" * (513 * 1024))
        await bot.said(ANNA, "larger than 512 kB")
        assert (await book_of(bot)).positions == {QUAL: 100, USMV: 30}


async def test_a_file_for_an_account_that_tells_itself_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await send_file(bot, CSV.encode())
        await bot.said(ANNA, "says itself what this account holds")
        await bot.ask(ANNA, "/holdings fractions on", "says itself", "/new My own account by hand")


async def test_what_shares_have_cost_is_typed_where_the_broker_says_how_many_there_are(
    tmp_path: Path,
) -> None:
    """QUAL and USMV were bought here; the lots of QUAL are said to be two older ones."""
    async with stage(tmp_path) as bot:
        await bot.set_up()
        proposal = await bot.ask(ANNA, "/rebalance force", "proposal 2")
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        await bot.said(ANNA, "Done")
        account = (await bot.portfolio()).accounts[0]
        held = await bot.runtime.brokers.of(account).holdings()
        assert 31 < held.positions[QUAL] < 32
        await bot.ask(ANNA, "/holdings", "says itself", "QUAL 31.184 @ $", "/holdings VTI 12 @")
        typed = "/holdings QUAL 2 @ 61.50 2016-03-01\nQUAL 20 @ 70"
        await bot.ask(ANNA, typed, "Written down", "QUAL 31.184 in 2 lots, 9.184 of unknown cost")
        await bot.ask(ANNA, "/holdings QUAL 32 @ 9", "holds 31.184 shares", "at most what is held")
        await bot.ask(ANNA, "/holdings QUAL 3", "says itself what this account holds")
        await bot.ask(ANNA, "/holdings CASH 3", "says itself what this account holds")
        assert await bot.runtime.brokers.of(account).holdings() == held
        async with bot.runtime.store.read() as work:
            lots = await work.taxes.open_lots(account.id, QUAL)
        assert [(lot.remaining, lot.cost_per_share) for lot in lots] == [
            (Decimal(2), Decimal("61.50")),
            (Decimal(20), Decimal(70)),
        ]
        await bot.ask(ANNA, "/holdings QUAL 0", "Written down", "QUAL 31.184: cost unknown")


async def test_a_split_moves_the_book_and_its_lots_once_after_a_tap(tmp_path: Path) -> None:
    """QUAL 100 @ 81.50; three for two; the old button does nothing more."""
    async with stage(tmp_path) as bot:
        await made(bot)
        await bot.ask(
            ANNA, "/holdings split QUAL", "how many new shares", "/holdings split VTI 4:1"
        )
        await bot.ask(ANNA, "/holdings split VLUE 4:1", "still holds")
        await bot.ask(ANNA, "/holdings split QUAL 1:1", "such as 4:1")
        asked = await bot.ask(
            ANNA, "/holdings split QUAL 3:2", "100 become 150", "Nothing is changed"
        )
        assert (await book_of(bot)).positions[QUAL] == 100
        again = await bot.ask(ANNA, "/holdings split QUAL 3-for-2", "100 become 150")
        await bot.tap(ANNA, asked, "It split 3:2", "Written down", "QUAL 150 @ $54.33, 2019-03-01")
        bot.press(ANNA, again, "It split 3:2")
        await bot.ask(ANNA, "/holdings", "QUAL 150 @ $54.33")
        account = (await bot.portfolio()).accounts[0]
        async with bot.runtime.store.read() as work:
            (lot,) = await work.taxes.open_lots(account.id, QUAL)
        assert (lot.remaining, lot.acquired) == (Decimal(150), date(2019, 3, 1))
        await bot.ask(ANNA, "/holdings fractions off", "whole shares")
        await bot.ask(ANNA, "/holdings split USMV 1:7", "30 become 4", "0.285714 of a share")


async def test_typed_shares_that_are_exactly_a_split_are_asked_about(tmp_path: Path) -> None:
    """The last close was twice the price of now; Anna types twice the shares, and had traded after all."""
    async with stage(tmp_path) as bot:
        await made(bot)
        market = bot.runtime.market
        price = (await market.prices.quotes([QUAL])).quotes[QUAL].price
        session = (await market.moment()).session.date
        async with bot.runtime.store.begin() as work:
            await work.instruments.record_closes(session, {QUAL: 2 * price})
        asked = await bot.ask(ANNA, "/holdings QUAL 200", "exactly what a split of 2:1 makes")
        assert (await book_of(bot)).positions[QUAL] == 100
        asked.button("It split 2:1")
        await bot.tap(ANNA, asked, "No, I traded", "Written down", "QUAL 200")
        assert (await book_of(bot)).positions[QUAL] == 200


async def test_in_a_group_a_file_needs_the_command(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await send_file(bot, CSV.encode(), "/holdings", FAMILY)
        await bot.said(FAMILY, "hidden in this group")
        await bot.ask(ANNA, "/portfolio amounts on", "sees the amounts", chat=FAMILY)
        await send_file(bot, CSV.encode(), "/holdings", FAMILY)
        await bot.said(FAMILY, "QUAL 90 (was 100)")


async def test_wrong_words_are_answered_with_what_works(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await bot.ask(
            ANNA, "/holdings QUAL", "not a symbol with a number of shares", "/holdings VTI"
        )
        await bot.ask(ANNA, "/holdings QUAL 10,5", "10.5")
        await bot.ask(ANNA, "/holdings QUAL 1 @ 5 2999-01-01", "a day in the past")
        await bot.ask(ANNA, "/holdings QUAL 1\nUSMV x\nCASH -3", "Line 2", "Line 3")
        await bot.ask(ANNA, "/holdings QUAL 7 @81", "QUAL 7 @ $81.00")
        await bot.ask(ANNA, "/holdings QUAL 4 @ 80\nQUAL 3 @ 82", "QUAL 7 in 2 lots")
        await bot.ask(ANNA, "/holdings USMV 0", "Written down")
        assert (await book_of(bot)).positions == {QUAL: 7}


async def test_a_fund_without_a_quote_takes_a_typed_price(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await bot.ask(ANNA, "/holdings FUND 1000", "I know no price for FUND")
        await bot.ask(ANNA, "/holdings price FUND", "/holdings price FUND 12.34")
        await bot.ask(ANNA, "/holdings price FUND 12.34", "FUND counts at $12.34 a share until")
        await bot.ask(ANNA, "/holdings", "FUND at $12.34 by your word")
        await bot.ask(ANNA, "/targets QUAL 25 USMV 25 FUND 50", "now propose")


async def test_a_price_that_moves_with_a_proxy_is_marked_as_an_estimate_everywhere(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await bot.ask(ANNA, "/holdings FUND 1000", "I know no price for FUND")
        await bot.ask(ANNA, "/holdings price FUND 12.34 like NOSUCH", "cannot move like NOSUCH")
        await bot.ask(ANNA, "/holdings price FUND 12.34 like FUND", "no quote of its own")
        await bot.ask(
            ANNA, "/holdings price FUND 12.34 like QUAL", "moves like QUAL", "Type it again by"
        )
        await bot.ask(ANNA, "/holdings", "FUND ≈ like QUAL since", "from $12.34 by your word")
        asked = await bot.ask(ANNA, "/targets QUAL 25 USMV 25 FUND 50", "now propose")
        await bot.tap(ANNA, asked, "Use these", "The targets are set")
        await bot.ask(ANNA, "/status", "Estimated: FUND ≈ like QUAL")
        await bot.ask(ANNA, "/rebalance force", "Estimated: FUND ≈ like QUAL")


def test_old_holdings_are_answered_with_a_confirmation_or_a_change() -> None:
    portfolio = managed().portfolio
    asked = refused(portfolio, HoldingsOld(31))
    told = check_refused(managed(), "HoldingsOld", ())
    assert "31 days ago" in asked.text
    assert "nobody has confirmed for 30 days" in told.text
    for screen in (asked, told):
        verbs = [button.action.verb for row in screen.rows for button in row if button.action]
        assert verbs == ["bk_right", "bk_show"]


async def test_one_tap_confirms_what_is_written(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        book = await made(bot)
        await bot.tap(ANNA, book, "Still right", "Confirmed", "confirmed today")
        assert len(await bot.events("holdings_confirmed")) == 1


async def test_fractions_are_as_the_owner_says(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await made(bot)
        await bot.ask(ANNA, "/holdings fractions perhaps", "on or off")
        await bot.ask(ANNA, "/holdings fractions on", "parts of shares too")
        await bot.ask(ANNA, "/holdings", "Parts of shares are traded here")
        await bot.ask(ANNA, "/holdings confirm", "Confirmed")


async def test_a_second_portfolio_by_hand(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/new Fidelity by hand", "Fidelity is made", "/holdings VTI 112")
        await bot.ask(ANNA, "/rebalance", "no targets yet")
        await bot.ask(ANNA, "/targets QUAL 100", "The targets are set")
        empty = await bot.ask(ANNA, "/rebalance", "Nothing is written down yet")
        await bot.tap(ANNA, empty, "Type what it holds", "Nobody has written anything")
