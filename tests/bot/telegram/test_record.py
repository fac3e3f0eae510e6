"""The record of a proposal on a phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from bot.telegram.html import TEXT_LIMIT, shown_length
from bot.telegram.views.record import record_screen, short
from core.application.proposal_record import ProposalRecord, Recheck
from core.domain.ids import Symbol
from core.domain.order import OrderState
from core.domain.proposal import ProposalState
from core.domain.report import WhyNot
from tests.bot.telegram.scenes import NOW, decision, filled_orders, many_lines, member, order, view
from tests.bot.telegram.stage import ANNA, stage

FOUND = {Symbol("VTI"): Decimal("287.90"), Symbol("BND"): Decimal("73.40")}


def done() -> ProposalRecord:
    shown = view()
    orders = filled_orders(shown)
    shown = view(ProposalState.DONE, orders=orders, decisions=(decision(member(), minutes=2),))
    recheck = Recheck(shown.proposal.revision.plan_hash, NOW + timedelta(minutes=3), FOUND)
    return ProposalRecord(shown, (recheck,), orders)


def test_it_has_the_hash_the_prices_who_and_when_and_every_order() -> None:
    record = done()
    text = record_screen(record).text
    plan_hash = record.view.proposal.revision.plan_hash
    assert f"<code>{short(plan_hash)}</code>" in text
    assert "VTI 287.14     287.90" in text
    assert "Re-checked: Tue 10 Mar 10:08 ET" in text
    assert "Tue 10 Mar 10:07 ET: Anna approved 42" in text
    assert "<code>rb-abcd1234-42-1-1</code>" in text
    assert "11 at $287.14, Tue 10 Mar 10:05 ET" in text


def test_when_the_plan_was_made_is_said_in_the_exchange_s_time() -> None:
    """The machine's own clock is years away from a replay's."""
    shown = view()
    made = replace(shown.proposal.revision, created_at=NOW + timedelta(days=2000))
    shown = replace(shown, proposal=replace(shown.proposal, revision=made))
    assert "made Tue 10 Mar 10:05 ET" in record_screen(ProposalRecord(shown, (), ())).text


def test_every_line_of_the_table_fits_a_phone() -> None:
    text = record_screen(done()).text
    table = text[text.index("<pre>") + 5 : text.index("</pre>")]
    assert max(len(line) for line in table.splitlines()) <= 38


def test_before_anything_happened_it_says_so() -> None:
    text = record_screen(ProposalRecord(view(), (), ())).text
    assert "Nobody has decided yet." in text
    assert "Not re-checked" in text
    assert "No order was made." in text


def test_a_re_check_of_an_older_version_is_not_taken_for_this_one_s() -> None:
    record = replace(done(), rechecks=(Recheck("another", NOW, FOUND),))
    assert "Not re-checked" in record_screen(record).text


def test_what_was_not_sent_says_why() -> None:
    shown = view()
    sale = shown.proposal.revision.plan.trades[0]
    void = order(1, sale, filled=Decimal(0), state=OrderState.VOID, detail=WhyNot.PAUSED)
    text = record_screen(ProposalRecord(shown, (), (void,))).text
    assert "not sent (the portfolio was paused)" in text


def test_the_longest_plan_fits_a_message() -> None:
    where, shot = many_lines(48)
    shown = view(where=where, shot=shot)
    orders = filled_orders(shown)
    prices = {trade.symbol: trade.price for trade in shown.proposal.revision.plan.trades}
    recheck = Recheck(shown.proposal.revision.plan_hash, NOW, prices)
    decisions = tuple(decision(member(n, "A" * 40), minutes=n) for n in range(1, 30))
    shown = view(ProposalState.DONE, where=where, shot=shot, orders=orders, decisions=decisions)
    screen = record_screen(ProposalRecord(shown, (recheck,), orders))
    assert shown_length(screen.text) <= TEXT_LIMIT


async def test_history_leads_to_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        first = await bot.set_up()
        bot.press(ANNA, first, "Approve")
        await bot.said(ANNA, "proposal 1", "Done", "filled in full")
        past = await bot.ask(ANNA, "/history", "Proposals")
        record = await bot.tap(ANNA, past, "🧾 1", "record of proposal 1")
        assert "re-checked" in record.text
        assert "Anna approved 1" in record.text
        assert "-1-1-1" in record.text
