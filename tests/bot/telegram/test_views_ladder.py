"""What people read about real money: accounts, the step up, live proposals, dry runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bot.telegram.html import plain
from bot.telegram.screen import Screen
from bot.telegram.views.accounts import (
    accounts_screen,
    barred_notice,
    climb_question,
    climbed_screen,
    down_screen,
    rung_changed,
)
from bot.telegram.views.proposal import approve_label, proposal_screen
from bot.telegram.views.proposal_replies import report_reply
from bot.words.ladder import caps_line, rung_news
from bot.words.refusals import refusal_sentence
from core.application.change_rung import RungCause
from core.application.climb_ladder import Climb, Ladder
from core.application.sending_time import UNDO
from core.application.show_proposal import ProposalView
from core.domain.hold import Hold, HoldReason
from core.domain.ladder import LIVE_RUNGS, Barrier, Confirmation, TradingMode
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.portfolio import ManagedPortfolio, Rung
from core.domain.proposal import ProposalState
from core.domain.refusals import MayNotTrade
from core.domain.report import WhyNot
from core.domain.risk import Limits
from tests.bot.telegram.scenes import NOW, decision, filled_orders, managed, member, view

DRY, CAPPED, LIVE = Rung.DRY_RUN, Rung.LIVE_CAPPED, Rung.LIVE


def labels(screen: Screen) -> list[str]:
    return [button.label for row in screen.rows for button in row]


def ladder(
    rung: Rung,
    *,
    role: Role = Role.OWNER,
    mode: TradingMode = TradingMode.LIVE,
    barrier: Barrier | None = None,
    dry_runs: int = 0,
    by_hand: bool = False,
) -> Ladder:
    where = at_alpaca(rung)
    account = where.accounts[0]
    given = Confirmation(
        account.id, "987654321", rung, member().id, datetime(2026, 3, 1, tzinfo=UTC)
    )
    confirmation = given if rung in LIVE_RUNGS else None
    return Ladder(where.parts[0], role, mode, Limits(), barrier, confirmation, dry_runs, by_hand)


def at_alpaca(rung: Rung) -> ManagedPortfolio:
    where = managed(rung=rung)
    account = replace(where.accounts[0], broker="alpaca", broker_account_id="987654321")
    return replace(where, accounts=(account,))


def said(screen: Screen) -> str:
    return plain(screen.text)


# --- /accounts -----------------------------------------------------------------------------------


def test_a_dry_run_says_what_the_next_rung_takes() -> None:
    screen = accounts_screen([ladder(DRY)])
    assert "Rung 3 of 5 on the way to real money." in said(screen)
    assert "Next: LIVE capped (dry runs done: 0, needed: 1)." in said(screen)
    assert labels(screen) == [], "it could not work yet"
    ready = accounts_screen([ladder(DRY, dry_runs=1)])
    assert labels(ready) == ["⬆ One rung up: LIVE capped"]


def test_a_step_up_is_not_offered_while_the_portfolio_is_paused() -> None:
    ready = ladder(DRY, dry_runs=1)
    where = managed(rung=DRY, is_paused=True).parts[0]
    paused = accounts_screen([replace(ready, managed=where)])
    assert labels(paused) == []


def test_a_live_account_says_its_caps_since_when_and_the_ways_up_and_down() -> None:
    screen = accounts_screen([ladder(CAPPED)])
    assert "At most $500.00 an order and $2,000.00 a trading day" in said(screen)
    assert "Confirmed by an owner on 01 Mar 2026." in said(screen)
    assert labels(screen) == ["⬆ One rung up: LIVE", "⬇ Down to dry run"]


def test_an_old_confirmation_can_be_given_anew() -> None:
    screen = accounts_screen([ladder(LIVE, barrier=Barrier.CONFIRMATION_OLD)])
    assert "more than 90 days ago" in said(screen)
    assert labels(screen) == ["✍ Confirm anew", "⬇ Down to dry run"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER, Role.APPROVER])
def test_only_owners_see_the_buttons(role: Role) -> None:
    assert labels(accounts_screen([ladder(CAPPED, role=role)])) == []


def test_in_an_installation_for_paper_there_is_no_way_up() -> None:
    screen = accounts_screen([ladder(DRY, mode=TradingMode.PAPER, barrier=Barrier.MODE_IS_PAPER)])
    assert "set to paper" in said(screen)
    assert labels(screen) == []


def held(reason: HoldReason, detail: str = "") -> Hold:
    return Hold(at_alpaca(CAPPED).accounts[0].id, reason, detail, NOW)


def test_a_held_account_says_why_nothing_is_sent_and_what_to_do() -> None:
    holds = (held(HoldReason.STRANGE_FILL, "unknown rb-1"), held(HoldReason.KEYS_REFUSED))
    screen = accounts_screen([replace(ladder(CAPPED), holds=holds)])
    assert "⛔ Nothing is sent: the broker shows trades that I cannot explain" in said(screen)
    assert "It goes on when an owner has looked and says so." in said(screen)
    assert "evenkeel connect takes new ones" in said(screen)
    assert labels(screen) == [
        *("I have looked: go on", "🔎 Check again", "📊 Status"),
        "⬇ Down to dry run",
    ]
    viewer = accounts_screen([replace(ladder(CAPPED, role=Role.VIEWER), holds=holds)])
    assert "Nothing is sent" in said(viewer)
    assert labels(viewer) == []


@pytest.mark.parametrize(("opened", "buttons"), [("", 0), ("PA0009876", 1)])
def test_another_account_can_be_accepted_once_it_is_known_which(opened: str, buttons: int) -> None:
    screen = accounts_screen(
        [replace(ladder(DRY), holds=(held(HoldReason.ACCOUNT_REPLACED, opened),))]
    )
    assert labels(screen).count("Use …9876 from now on") == buttons
    assert ("the broker has not said which" in said(screen)) == (not opened)
    assert "🔎 Check again" in labels(screen)


def test_what_is_kept_by_hand_has_no_ladder() -> None:
    screen = accounts_screen([ladder(DRY, by_hand=True)])
    assert "place the orders yourself" in said(screen)
    assert "Rung" not in said(screen)
    assert labels(screen) == []


# --- the step up and down ------------------------------------------------------------------------


def test_the_question_says_what_can_be_lost_and_how_to_stop_and_shows_no_digits() -> None:
    text = said(climb_question(Climb(at_alpaca(DRY).parts[0], CAPPED, Limits())))
    for words in (
        "DRY RUN → LIVE capped",
        "real orders for real money: at most $500.00 an order and $2,000.00 a trading day",
        "What you can lose",
        "10 seconds behind ↩ Undo",
        "/pause stops",
        "type the last four digits of the account number that Alpaca shows",
        "5 minutes and 3 tries",
        "/cancel leaves everything as it is",
    ):
        assert words in text
    assert "4321" not in text


def test_the_last_rung_has_no_cap_and_says_so() -> None:
    text = said(climb_question(Climb(at_alpaca(CAPPED).parts[0], LIVE, Limits())))
    assert "no cap on one order; up to 100 orders and 200% of the account's value" in text
    limited = Limits(max_order_value=Decimal(5000))
    assert caps_line(LIVE, limited, "USD").startswith(
        "at most $5,000.00 an order, up to 100 orders"
    )


def test_after_the_step_everybody_knows() -> None:
    done = climbed_screen(Climb(at_alpaca(DRY).parts[0], CAPPED, Limits()))
    assert "is LIVE capped now" in said(done)
    assert labels(done) == ["⚖️ Check now", "⏸ Pause"]
    news = rung_changed(at_alpaca(CAPPED).parts[0], DRY, CAPPED, RungCause.CONFIRMED, "Anna")
    assert "⚠ DRY RUN → LIVE capped, by Anna." in said(news)
    assert labels(news) == ["⏸ Pause", "🏦 Accounts"]
    down = rung_changed(at_alpaca(DRY).parts[0], LIVE, DRY, RungCause.ASKED, "Anna")
    assert "⬇ LIVE → DRY RUN, by Anna." in said(down)
    assert labels(down) == ["🏦 Accounts"]
    assert "DRY RUN" in said(down_screen(at_alpaca(LIVE).parts[0]))


@pytest.mark.parametrize("barrier", list(Barrier))
def test_an_approved_plan_that_was_barred_says_why_and_that_nothing_moved(barrier: Barrier) -> None:
    shown = view(ProposalState.CANCELLED, where=managed(rung=LIVE))
    screen = barred_notice(shown, shown.accounts[0], barrier)
    assert "No order was sent, and the approval has ended." in said(screen)
    assert refusal_sentence(MayNotTrade(barrier, LIVE)) in said(screen)
    assert "Your money and holdings are as they were." in said(screen)


@pytest.mark.parametrize("cause", list(RungCause))
def test_every_cause_has_its_words(cause: RungCause) -> None:
    assert rung_news(LIVE, DRY, cause, "").startswith("LIVE → DRY RUN")
    assert rung_news(LIVE, LIVE, cause, "").startswith("LIVE, confirmed anew")


# --- proposals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rung", [CAPPED, LIVE])
def test_a_live_approve_names_the_money_and_the_head_says_that_it_is_real(rung: Rung) -> None:
    shown = view(where=managed(rung=rung))
    trades = shown.proposal.revision.plan.trades
    amount = sum(trade.value for trade in trades)
    assert approve_label(shown) == f"✅ Approve: trade ${amount:,.2f} LIVE"
    text = said(proposal_screen(shown))
    assert text.splitlines()[0].endswith("LIVE capped" if rung is CAPPED else "LIVE")
    assert text.splitlines()[1].startswith("💵 REAL MONEY: approved orders are traded")
    assert ("caps of this rung" in text) == (rung is CAPPED)


@pytest.mark.parametrize("rung", [Rung.SIMULATED, Rung.BROKER_PAPER])
def test_play_money_is_not_called_real(rung: Rung) -> None:
    shown = view(where=managed(rung=rung))
    assert "REAL" not in said(proposal_screen(shown))
    assert "LIVE" not in approve_label(shown)


def scheduled(rung: Rung, after: timedelta) -> ProposalView:
    shown = view(ProposalState.SCHEDULED, where=managed(rung=rung), decisions=(decision(member()),))
    return replace(shown, proposal=replace(shown.proposal, scheduled_for=NOW + after))


def test_an_approved_live_plan_counts_ten_seconds_and_offers_undo() -> None:
    screen = proposal_screen(scheduled(LIVE, UNDO))
    assert "Approved. Sent in 10 seconds, at 10:05:10 ET, unless somebody taps ↩ Undo." in said(
        screen
    )
    assert labels(screen)[0] == "↩ Undo"


def test_a_plan_that_waits_for_the_open_says_so_on_every_rung() -> None:
    live = proposal_screen(scheduled(LIVE, timedelta(hours=20)))
    assert "Approved and scheduled for" in said(live)
    assert labels(live)[0] == "↩ Undo"
    paper = proposal_screen(scheduled(Rung.SIMULATED, timedelta(hours=20)))
    assert labels(paper)[0] == "✖ Take back"


def dry_run_done() -> ProposalView:
    shown = view(ProposalState.DONE, where=managed(rung=DRY), decisions=(decision(member()),))
    orders = tuple(
        replace(
            order,
            state=OrderState.VOID,
            detail=WhyNot.DRY_RUN,
            fills=(),
            limit_price=Decimal("285.70"),
        )
        for order in filled_orders(shown)
    )
    return replace(shown, orders=orders)


def test_a_dry_run_lists_what_would_have_gone_and_calls_nothing_filled() -> None:
    shown = dry_run_done()
    for text in (said(proposal_screen(shown)), said(report_reply(shown))):
        assert "DRY RUN: nothing was sent" in text
        assert "1. Sell " in text
        assert "VTI at $285.70 or better" in text
        assert "filled" not in text
        assert "Failed" not in text
        assert "Cost" not in text
    assert labels(report_reply(shown)) == ["📊 Status", "🏦 Accounts"]


def test_before_a_dry_run_the_message_says_that_nothing_will_be_sent() -> None:
    assert "Dry run: approving it sends nothing." in said(
        proposal_screen(view(where=managed(rung=DRY)))
    )
