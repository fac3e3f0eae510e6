"""Proposals as people read them, in every state."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.html_entities import parse_html
from bot.telegram.callback import encode
from bot.telegram.html import TEXT_LIMIT, plain, shown_length
from bot.telegram.screen import Action, Screen
from bot.telegram.views.frozen import frozen_notice
from bot.telegram.views.notices import approval_lapsed
from bot.telegram.views.proposal import proposal_screen, reminder
from bot.telegram.views.proposal_edit import proposal_edit_screen
from bot.telegram.views.proposal_replies import recheck_notice, report_reply
from bot.telegram.views.proposal_why import proposal_why_screen
from bot.telegram.views.rehearsal import rehearsal_screen
from bot.words.reader import Reader, reading_as
from core.application.rehearse import Rehearsal
from core.application.send_order import DENIED
from core.application.show_proposal import ProposalView
from core.domain.ids import Symbol
from core.domain.money import ZERO
from core.domain.order import OrderState
from core.domain.plan import Realised, Side, Trade
from core.domain.policy import Direction, Policy
from core.domain.portfolio import HoldingChange, Rung
from core.domain.proposal import DecisionKind, PriceMove, ProposalState, RevisionCause
from core.domain.rules import Widening
from tests.bot.telegram import scenes
from tests.bot.telegram.scenes import (
    EXPIRES,
    NOW,
    decision,
    filled_orders,
    managed,
    many_lines,
    member,
    order,
    snapshot,
    view,
    with_revision,
)

S = ProposalState
ANNA, BEN = member(), member(2, "Ben")
TRADES = view().proposal.revision.plan.trades


def labels(screen: Screen) -> list[list[str]]:
    return [[button.label for button in row] for row in screen.rows]


def actions(screen: Screen) -> list[Action]:
    return [b.action for row in screen.rows for b in row if b.action is not None]


def require_sendable(screen: Screen) -> None:
    """Valid markup, short enough, no table too wide, no more buttons than Telegram takes."""
    shown = parse_html(screen.text)
    assert shown.text == plain(screen.text)
    assert 0 < shown_length(screen.text) <= TEXT_LIMIT
    for table in re.findall(r"<pre>(.*?)</pre>", screen.text, re.DOTALL):
        assert max(len(row) for row in plain(table).splitlines()) <= 38
    assert sum(len(row) for row in screen.rows) <= 100
    for action in actions(screen):
        assert len(encode(action, -1001234567890, b"k" * 32)) <= 64
    assert not re.search(r"recommend|optimal|\bbest\b|advice", screen.text, re.IGNORECASE)


def test_the_message_reads_as_it_was_designed() -> None:
    screen = proposal_screen(view())
    assert plain(screen.text) == (
        "Family · proposal 42 · SIMULATED\n"
        "\n"
        "BND is 7.0 points under its target; your band is 5.\n"
        "\n"
        "      now target drift after\n"
        "VTI  66.6   60.0 +6.6▲  60.0\n"
        "BND  28.0   35.0 −7.0▼  35.0\n"
        "CASH  5.4    5.0 +0.4    5.0\n"
        "▲▼ beyond the band\n"
        "\n"
        "1. Sell 11 VTI ≈ $3,158.54\n"
        "2. Buy 46 BND ≈ $3,377.78\n"
        "Drift 7.0 → under 0.1 · cost ≈ $0.66\n"
        "Or add $1,180, buy 19 BND, sell none\n"
        "Value $48,296.79 · cash $2,625.99\n"
        "Prices 10:02 ET · open to Thu 16:00 ET\n"
        "Calculated from your targets."
    )
    assert labels(screen) == [
        ["✅ Approve 2 simulated orders"],
        ["🛒 Buy only", "✏️ Edit lines"],
        ["❔ Why", "⏳ Snooze", "✖ Reject"],
        ["🔔 Settings"],
    ]
    assert actions(screen)[0] == Action("approve", (42, 1))
    require_sendable(screen)


def test_only_the_table_is_monospaced() -> None:
    text = proposal_screen(view()).text
    assert text.count("<pre>") == 1
    assert "Sell" not in text[text.index("<pre>") : text.index("</pre>")]


def test_sentences_instead_of_a_table_for_screen_readers() -> None:
    screen = proposal_screen(view(), layout="list")
    assert "<pre>" not in screen.text
    assert "▲" not in screen.text
    assert (
        "VTI: 66.6 percent, target 60.0, 6.6 over, beyond its band of 5; after: 60.0."
        in screen.text
    )
    assert "CASH: 5.4 percent, target 5.0, 0.4 over; after: 5.0." in screen.text
    require_sendable(screen)


@pytest.mark.parametrize(
    ("rung", "label", "button"),
    [
        (Rung.SIMULATED, "SIMULATED", "✅ Approve 2 simulated orders"),
        (Rung.BROKER_PAPER, "BROKER PAPER", "✅ Approve 2 paper orders"),
        (Rung.DRY_RUN, "DRY RUN", "✅ Approve 2 dry-run orders"),
        (Rung.LIVE_CAPPED, "LIVE capped", "✅ Approve: trade $6,536.32 LIVE"),
        (Rung.LIVE, "LIVE", "✅ Approve: trade $6,536.32 LIVE"),
    ],
)
def test_says_how_real_it_is_in_the_head_and_on_the_button(
    rung: Rung, label: str, button: str
) -> None:
    shown = view(where=managed(rung=rung))
    for screen in (
        proposal_screen(shown),
        proposal_edit_screen(shown),
        proposal_why_screen(shown),
        report_reply(shown),
    ):
        assert plain(screen.text).splitlines()[0].endswith(f"· {label}")
    assert labels(proposal_screen(shown))[0] == [button]


def test_one_order_is_not_called_orders() -> None:
    policy = Policy(direction=Direction.BUY_ONLY)
    screen = proposal_screen(view(where=managed(policy=policy)))
    assert labels(screen)[0] == ["✅ Approve 1 simulated order"]
    assert labels(screen)[1] == ["✏️ Edit lines"], "there is nothing else to buy only"


def test_purchases_only_can_be_turned_back() -> None:
    shown = with_revision(view(), number=2, cause=RevisionCause.BUY_ONLY)
    assert labels(proposal_screen(shown))[1] == ["⚖️ Plan in full", "✏️ Edit lines"]


def test_times_of_another_day_have_their_date() -> None:
    screen = proposal_screen(view(), market_now=NOW + timedelta(days=1))
    assert "Prices Tue 10 Mar 10:02 ET · open to Thu 16:00 ET" in screen.text


# --- states --------------------------------------------------------------------------------------


def test_half_approved() -> None:
    shown = view(decisions=(decision(ANNA),), approvals_needed=2, members=(ANNA, BEN))
    screen = proposal_screen(shown)
    text = plain(screen.text)
    assert "Two people must approve it." in text
    assert "Anna ✅ 10:05 ET · still needed: Ben" in text
    assert labels(screen)[:2] == [["✅ Approve 2 simulated orders"], ["↩ Take my approval back"]]
    assert Action("unapprove", (42, 1)) in actions(screen)


def test_two_approvals_are_announced_before_the_first() -> None:
    text = proposal_screen(view(approvals_needed=2, members=(ANNA, BEN))).text
    assert "Two people must approve it.\nStill needed: Anna and Ben" in text


def test_too_few_people_are_no_reason_to_need_fewer() -> None:
    text = proposal_screen(view(approvals_needed=2, members=(ANNA,))).text
    assert "⚠ It cannot be approved until one more person may approve" in text


def test_scheduled() -> None:
    shown = view(S.SCHEDULED, decisions=(decision(ANNA),))
    opens = NOW + timedelta(days=1)
    shown = replace(shown, proposal=replace(shown.proposal, scheduled_for=opens))
    screen = proposal_screen(shown)
    text = plain(screen.text)
    assert "Approved and scheduled for Wed 10:05 ET." in text
    assert "Approved by Anna 10:05 ET." in text
    assert "looked at again" in text
    assert not any("Approve" in label for row in labels(screen) for label in row)


def test_rejected_can_be_reopened_until_it_expires() -> None:
    rejected = view(S.REJECTED, decisions=(decision(BEN, DecisionKind.REJECT),))
    screen = proposal_screen(rejected)
    assert "Rejected by Ben 10:05 ET. Nothing was traded." in plain(screen.text)
    assert actions(screen)[0] == Action("reopen", (42, 1))
    assert [a.verb for a in actions(proposal_screen(rejected, market_now=EXPIRES))] == ["why"]


@pytest.mark.parametrize(
    ("state", "words"),
    [(S.EXPIRED, "Expired"), (S.SUPERSEDED, "Replaced"), (S.CANCELLED, "Cancelled")],
)
def test_ended_without_orders_says_so_and_has_no_buttons(state: S, words: str) -> None:
    later = EXPIRES + timedelta(hours=1)
    screen = proposal_screen(
        view(state, decisions=(decision(BEN, DecisionKind.LATER),)), market_now=later
    )
    assert words in screen.text
    assert "Nothing was traded." in screen.text
    assert "Ben put off 42" in screen.text
    assert screen.rows == ()


def test_a_plan_that_sells_nothing_has_no_other_way_without_selling() -> None:
    shown = view()
    plan = shown.proposal.revision.plan
    buying = replace(plan, trades=tuple(trade for trade in plan.trades if trade.side is Side.BUY))
    assert "sell none" in proposal_screen(shown).text
    assert "sell none" not in proposal_screen(with_revision(shown, plan=buying)).text


def test_a_plan_with_taxes_in_it_says_that_it_is_no_tax_advice() -> None:
    shown = view()
    plan = shown.proposal.revision.plan
    gained = replace(plan, realised=(Realised("Anna", Decimal(412), ZERO, Decimal(62)),))
    taxed = with_revision(shown, plan=gained)
    assert "tax advice" not in proposal_screen(shown).text
    for screen in (proposal_screen(taxed), proposal_why_screen(taxed)):
        assert "Calculated from your targets. Not tax advice." in screen.text


@pytest.mark.parametrize("state", list(S))
def test_the_plan_stays_and_grows_in_every_state(state: S) -> None:
    orders = filled_orders(view()) if state not in {S.OPEN, S.REJECTED} else ()
    open_text = plain(proposal_screen(view()).text).replace(
        "Or add $1,180, buy 19 BND, sell none\n", ""
    )
    shown = view(state, orders=orders, decisions=(decision(ANNA),))
    text = plain(proposal_screen(shown).text).replace("Or add $1,180, buy 19 BND, sell none\n", "")
    assert text.startswith(open_text)
    assert state is S.OPEN or len(text) > len(open_text)
    require_sendable(proposal_screen(shown))


def test_done_says_who_when_at_what_price_and_what_is_left() -> None:
    orders = (
        order(1, TRADES[0], price=Decimal("287.10")),
        order(2, TRADES[1], price=Decimal("73.45")),
    )
    shown = view(S.DONE, orders=orders, decisions=(decision(ANNA), decision(BEN, minutes=2)))
    text = plain(proposal_screen(shown).text)
    assert text.endswith(
        "✅ Done.\n"
        "Approved by Anna 10:05 ET and Ben 10:07 ET.\n"
        "1. Sold 11 VTI at $287.10\n"
        "2. Bought 46 BND at $73.45\n"
        "Cost $1.46, planned $0.66\n"
        "Drift 7.0 → under 0.1"
    )
    assert proposal_screen(shown).rows == ()


def test_partial_says_what_was_not_filled_and_why() -> None:
    orders = (
        order(1, TRADES[0]),
        order(2, TRADES[1], filled=Decimal(30), state=OrderState.CANCELLED, detail="<at> close"),
    )
    text = plain(proposal_screen(view(S.PARTIAL, orders=orders, drift_after=None)).text)
    assert "2. Bought 30 of 46 BND at $73.43; the rest: cancelled unfilled (<at> close)" in text
    assert "Drift left: unknown" in text


def test_failed_gives_the_brokers_words() -> None:
    orders = (
        order(1, TRADES[0], filled=Decimal(0), state=OrderState.REJECTED, detail="no shares"),
        order(2, TRADES[1], filled=Decimal(0), state=OrderState.VOID),
    )
    text = plain(proposal_screen(view(S.FAILED, orders=orders)).text)
    assert "Failed. No order was filled." in text
    assert "1. Sell 11 VTI: refused by the broker (no shares)" in text
    assert "2. Buy 46 BND: not sent" in text


def test_a_shrunk_purchase_that_filled_is_no_trouble() -> None:
    smaller = order(2, TRADES[1], filled=Decimal(45))
    text = plain(proposal_screen(view(S.DONE, orders=(order(1, TRADES[0]), smaller))).text)
    assert "2. Bought 45 of 46 BND at $73.43\n" in text


def test_executing_says_where_each_order_is() -> None:
    orders = (
        order(1, TRADES[0], filled=Decimal(4), state=OrderState.PARTIALLY_FILLED),
        order(2, TRADES[1], filled=Decimal(0), state=OrderState.INTENDED),
    )
    text = plain(proposal_screen(view(S.EXECUTING, orders=orders)).text)
    assert "1. Sold 4 of 11 VTI at $287.14; the rest: still at the broker" in text
    assert "2. Buy 46 BND: not sent yet" in text


def test_frozen_names_the_order_that_is_unclear() -> None:
    orders = (order(1, TRADES[0]), order(2, TRADES[1], filled=Decimal(0), state=OrderState.FROZEN))
    shown = view(S.FROZEN, orders=orders)
    assert "It cannot be known whether an order reached the broker" in proposal_screen(shown).text
    notice = frozen_notice(shown)
    assert "Buy 46 BND" in notice.text
    assert "rb-abcd1234-42-2-1" in notice.text
    assert "Either about $3,377.78 is in BND now, or it is still in cash." in notice.text
    assert "Certain:\n1. Sold 11 VTI at $287.14" in notice.text
    assert "its own app" not in notice.text
    require_sendable(notice)


@pytest.mark.fault(32)
def test_an_order_that_the_broker_denies_says_what_is_certain_and_what_is_not() -> None:
    sold = replace(order(1, TRADES[0], filled=Decimal(4), state=OrderState.FROZEN), detail=DENIED)
    notice = frozen_notice(view(S.FROZEN, orders=(sold,)))
    assert "the broker had confirmed an order, and says now that it does not have it" in notice.text
    assert "no order is sent again by itself" in notice.text
    assert "the broker denies it, 4 of it filled for certain" in notice.text
    require_sendable(notice)


def test_orders_of_an_older_version_are_not_taken_for_this_ones() -> None:
    """After a failed re-check the proposal is open again; its void orders say nothing any more."""
    old = tuple(
        order(leg, t, filled=Decimal(0), state=OrderState.VOID) for leg, t in enumerate(TRADES, 1)
    )
    shown = with_revision(view(orders=old), number=2, cause=RevisionCause.PRICES_MOVED)
    assert "not sent" not in proposal_screen(shown).text


# --- revisions -----------------------------------------------------------------------------------


def test_a_revision_marks_what_changed() -> None:
    shown = with_revision(
        view(decisions=(decision(ANNA),), members=(ANNA, BEN)),
        number=2,
        cause=RevisionCause.PRICES_MOVED,
        moves=(PriceMove(Symbol("VTI"), Decimal("284.10"), Decimal("287.14")),),
        changes=(
            HoldingChange(Symbol("CASH"), Decimal(3000), Decimal("2625.99")),
            HoldingChange(Symbol("VTI"), Decimal(113), Decimal(112)),
        ),
    )
    text = plain(proposal_screen(shown).text)
    assert "proposal 42.1" in text
    assert "Changed from 42: prices moved after it was shown." in text
    assert "VTI $284.10 → $287.14 a share" in text
    assert "Cash $3,000.00 → $2,625.99" in text
    assert "VTI 113 → 112 shares" in text
    assert "Approvals of the older version (Anna) do not count any more." in text
    notice = plain(recheck_notice(shown).text)
    assert "No order was sent: prices moved after it was shown." in notice
    assert "The new version 42.1 needs approval again (open to Thu 16:00 ET)." in notice
    require_sendable(recheck_notice(shown))


def test_an_edit_names_who_made_it() -> None:
    shown = with_revision(
        view(members=(ANNA, BEN)), number=3, cause=RevisionCause.EDITED, created_by=BEN.id
    )
    text = plain(proposal_screen(shown).text)
    assert "proposal 42.2" in text
    assert "Changed from 42.1: lines were changed, by Ben." in text


def test_lapsed_approvals_point_to_the_new_version() -> None:
    screen = approval_lapsed(view(), "Ben", 1, 2)
    assert "Ben changed proposal 42 to 42.1." in plain(screen.text)
    assert actions(screen) == [Action("show", (42,))]


# --- editing, why, replies -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("widening", "words"),
    [
        (scenes.WIDENED, "Bands × 1.5 by rule 3: VIX 34.0 &gt; 30 since today."),
        (scenes.WIDENED.over, "Your own bands count again: rule 3 widens them no more."),
    ],
)
def test_a_plan_and_its_reasons_say_which_rule_widened_its_bands(
    widening: Widening, words: str
) -> None:
    shown = with_revision(view(), widening=widening)
    for screen in (proposal_screen(shown), proposal_why_screen(shown)):
        assert words in screen.text
        require_sendable(screen)
    with reading_as(Reader(is_plain=True)):
        for screen in (proposal_screen(shown), proposal_why_screen(shown)):
            assert "as far away as usual" in screen.text


def test_each_line_can_be_halved_or_dropped() -> None:
    screen = proposal_edit_screen(view())
    assert labels(screen) == [
        ["½ 1. VTI", "✖ Drop 1. VTI"],
        ["½ 2. BND", "✖ Drop 2. BND"],
        ["← Back"],
    ]
    assert actions(screen)[:2] == [Action("halve", (42, 1, 1)), Action("drop", (42, 1, 1))]
    assert "after" in screen.text
    require_sendable(screen)


def test_a_single_whole_share_cannot_be_halved() -> None:
    one = with_revision(view(), plan=replace(view().proposal.revision.plan, trades=_one_share()))
    assert labels(proposal_edit_screen(one))[0] == ["✖ Drop 1. VTI"]
    fractions = snapshot(fractionable=frozenset({Symbol("VTI")}))
    half = with_revision(one, snapshot=fractions)
    assert labels(proposal_edit_screen(half))[0] == ["½ 1. VTI", "✖ Drop 1. VTI"]


def _one_share() -> tuple[Trade, ...]:
    return (replace(TRADES[0], quantity=Decimal(1)),)


def test_what_cannot_be_decided_cannot_be_edited() -> None:
    assert labels(proposal_edit_screen(view(S.DONE))) == [["← Back"]]


def test_why_gives_the_numbers_behind_each_line() -> None:
    screen = proposal_why_screen(view())
    text = plain(screen.text)
    assert "1. Sell 11 VTI" in text
    assert "now 66.6 · goal 60.0 · after 60.0 · band ±5.0" in text
    assert actions(screen) == [Action("back", (42, 1))]
    require_sendable(screen)


def test_why_says_what_is_not_traded() -> None:
    """VTI is over its target, and the policy says that it is never sold."""
    policy = Policy(do_not_sell=frozenset({Symbol("VTI")}))
    screen = proposal_why_screen(view(where=managed(policy=policy)))
    text = plain(screen.text)
    assert "VTI: " in text[text.index("Not traded") :]
    require_sendable(screen)


def test_the_reply_after_execution_is_short() -> None:
    shown = view(S.DONE, orders=filled_orders(view()), decisions=(decision(ANNA),))
    text = plain(report_reply(shown).text)
    assert "Done: 2 of 2 orders filled in full." in text
    assert len(text.splitlines()) <= 5
    assert actions(report_reply(shown)) == [Action("status", (1,))]


def test_a_dry_run_says_that_nothing_was_sent() -> None:
    shown = view(S.DONE, where=managed(rung=Rung.DRY_RUN), orders=filled_orders(view()))
    assert "nothing was sent to the broker" in report_reply(shown).text


def test_a_reminder_is_the_proposal_with_a_note() -> None:
    screen = reminder(view())
    assert screen.text.startswith("⏰ The proposal that you put off:")
    assert labels(screen) == labels(proposal_screen(view()))
    require_sendable(screen)


def test_a_last_call_says_when_it_ends() -> None:
    screen = reminder(view(), is_last=True, market_now=NOW)
    assert screen.text.startswith("⏰ This proposal is still open, and ends Thu 16:00 ET:")
    assert labels(screen) == labels(proposal_screen(view()))


def test_a_pause_is_said_in_the_proposal() -> None:
    assert "Paused" in proposal_screen(view(where=managed(is_paused=True))).text


@pytest.mark.parametrize("only", [None, Symbol("VTI")])
def test_a_rehearsal_says_that_it_is_not_real(only: Symbol | None) -> None:
    revision = view().proposal.revision
    fall = Rehearsal(managed(), revision.plan, revision.snapshot, Decimal(20), only)
    screen = rehearsal_screen(fall)
    assert "Not real" in screen.text
    assert ("all prices" if only is None else "VTI's price") in screen.text
    assert not any(action.verb == "approve" for action in actions(screen))
    require_sendable(screen)


# --- large ones ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["table", "list"])
@pytest.mark.parametrize("state", [S.OPEN, S.EXECUTING, S.DONE, S.PARTIAL])
def test_fifty_lines_fit_one_message_with_every_trade_before_the_decision(
    layout: str, state: S
) -> None:
    where, shot = many_lines(49)
    shown = view(where=where, shot=shot)
    trades = shown.proposal.revision.plan.trades
    assert len(trades) > 45
    if state is not S.OPEN:
        shown = view(state, where=where, shot=shot, orders=filled_orders(shown))
    screen = proposal_screen(shown, layout=layout)
    require_sendable(screen)
    if state is S.OPEN:
        text = plain(screen.text)
        assert all(f"{trade.symbol} ≈" in text for trade in trades)
        assert "are not shown" in text
    require_sendable(proposal_edit_screen(shown, layout=layout))
    require_sendable(proposal_why_screen(shown))
    require_sendable(report_reply(shown))
    require_sendable(reminder(shown, layout=layout))


def test_trouble_among_many_orders_is_not_lost_in_the_count() -> None:
    where, shot = many_lines(49)
    shown = view(where=where, shot=shot)
    orders = list(filled_orders(shown))
    trades = shown.proposal.revision.plan.trades
    orders[7] = order(8, trades[7], filled=Decimal(0), state=OrderState.REJECTED, detail="halted")
    screen = proposal_screen(view(S.PARTIAL, where=where, shot=shot, orders=tuple(orders)))
    assert f"{trades[7].symbol}: refused by the broker (halted)" in plain(screen.text)
    require_sendable(screen)


def test_what_cannot_be_shown_whole_cannot_be_approved() -> None:
    where, shot = many_lines(49)
    shown = view(where=where, shot=shot)
    plan = shown.proposal.revision.plan
    huge = with_revision(shown, plan=replace(plan, trades=plan.trades * 4))
    screen = proposal_screen(huge)
    assert "cannot be approved here" in screen.text
    assert labels(screen) == [["✖ Reject"]]
    require_sendable(screen)


# --- names -----------------------------------------------------------------------------------------

names = st.text(st.characters(blacklist_categories=()), max_size=200) | st.sampled_from(
    ["<b>", "</pre>", "&lt;", "\u202eLIVE", "\u200b", "=cmd()", "'; DROP TABLE", "a\nb", "👩‍👧"]
)


@pytest.mark.fault(56)
@settings(max_examples=60)
@given(names, names, names)
def test_any_name_and_any_brokers_words_give_valid_markup(
    portfolio: str, person: str, detail: str
) -> None:
    someone = member(7, person)
    orders = (
        order(1, TRADES[0]),
        order(2, TRADES[1], filled=Decimal(0), state=OrderState.REJECTED, detail=detail),
    )
    shown = with_revision(
        view(
            S.PARTIAL,
            where=managed(name=portfolio),
            orders=orders,
            decisions=(decision(someone), decision(someone, DecisionKind.LATER)),
            members=(someone,),
        ),
        number=2,
        cause=RevisionCause.EDITED,
        created_by=someone.id,
    )
    screens: list[Screen] = [
        proposal_screen(shown),
        proposal_screen(shown, layout="list"),
        proposal_edit_screen(shown),
        proposal_why_screen(shown),
        report_reply(shown),
        recheck_notice(shown),
        frozen_notice(shown),
        approval_lapsed(shown, person, 1, 2),
        *(proposal_screen(_in(shown, state)) for state in S),
    ]
    for screen in screens:
        require_sendable(screen)
        assert "\u202e" not in screen.text
        assert plain(screen.text).splitlines()[0].endswith("· SIMULATED")


def _in(shown: ProposalView, state: S) -> ProposalView:
    return replace(shown, proposal=replace(shown.proposal, state=state))
