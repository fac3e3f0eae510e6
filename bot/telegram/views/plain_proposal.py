"""A proposal in plain words: why, what is bought and sold, what that brings and costs, and what became of it."""

from __future__ import annotations

from datetime import datetime

from bot.telegram.html import TEXT_LIMIT, bold, escape
from bot.telegram.views.after_sale import after_sale_text
from bot.telegram.views.approvals import deciders
from bot.telegram.views.by_account import by_account
from bot.telegram.views.outcome import (
    LegResult,
    carried_out_words,
    leg_results,
    moved_nothing,
    nothing_sent,
    standing,
    was_carried_out,
    went_as_planned,
)
from bot.telegram.views.parts import SOME_LINES, capped, first_fitting, lines, paragraphs
from bot.telegram.views.plain_parts import parts_after
from bot.telegram.views.proposal_text import (
    FEW_LINES,
    buys_wait_line,
    calculated,
    changes,
    currency_of,
    expiry_line,
    hint,
    is_paired,
    paused_line,
    prices_line,
    title,
    widened,
)
from bot.telegram.views.withdrawals import purpose, worth_lines
from bot.words.by_hand import estimates_line, is_dry_run, order_state
from bot.words.labels import PROPOSAL_STATES, SIDES, SIDES_DONE
from bot.words.numbers import money, quantity
from bot.words.plain_words import plain_gain, plain_reason, two_sentences
from bot.words.plan_notes import harvest_effect
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.ladder import LIVE_RUNGS
from core.domain.order import OrderState
from core.domain.plan import ReasonCode, Trade
from core.domain.proposal import UNDECIDED, ProposalState
from core.domain.report import WhyNot, was_dry_run

_OF_LINES = frozenset(
    {
        ReasonCode.BAND_BREACHED,
        ReasonCode.PORTFOLIO_DRIFTED,
        ReasonCode.CASH_EXCESS,
        ReasonCode.DATE_DUE,
        ReasonCode.FORCED,
    }
)
"""Reasons that are told by the line that is furthest away."""

_ENDED = {
    ProposalState.PARTIAL: "⚠ <b>Partly done.</b> Not all of it was bought or sold.",
    ProposalState.FAILED: "⚠ <b>It did not work.</b> No order was carried out.",
}
_LEVELS = (0, 1)


def plain_proposal_text(view: ProposalView, now: datetime | None) -> str | None:
    """The whole message; None where even the shorter one does not fit: then the usual words, which are shorter."""
    now = now or view.proposal.revision.snapshot.taken_at
    return first_fitting(lambda level: _text(view, now, level), _LEVELS)


def _text(view: ProposalView, now: datetime, brevity: int) -> str:
    return paragraphs(
        lines(title(view), plain_reality(view), paused_line(view)),
        changes(view),
        lines(plain_why(view), widened(view), purpose(view)),
        lines(bold("What it does"), *plain_trades(view)),
        lines(
            plain_effect(view, FEW_LINES if brevity else SOME_LINES),
            "" if brevity else hint(view),
            worth_lines(view),
            escape(estimates_line(view.proposal.revision.snapshot.estimates)),
            buys_wait_line(view),
            f"{prices_line(view, now)} · {expiry_line(view.proposal, now)}",
            calculated(view.proposal),
        ),
        plain_standing(view, now),
    )


def plain_reality(view: ProposalView) -> str:
    """What a yes means where it is more, or less, than play money."""
    if {account.rung for account in view.accounts} & LIVE_RUNGS:
        return "💵 <b>REAL MONEY</b>: a yes buys and sells at the broker."
    if view.accounts and all(map(is_dry_run, view.accounts)):
        return "A rehearsal: a yes sends nothing."
    return ""


def plain_why(view: ProposalView) -> str:
    """Why it came: in the reader's own numbers where a part is too far away."""
    plan, currency = view.proposal.revision.plan, currency_of(view)
    reason = escape(plain_reason(plan.reason, currency))
    if plan.reason.code not in _OF_LINES or is_paired(view.proposal):
        return reason
    is_over = view.proposal.state not in UNDECIDED
    told = escape(two_sentences(plan.before, currency, is_over=is_over))
    is_asked = plan.reason.code in {ReasonCode.DATE_DUE, ReasonCode.FORCED}
    return lines(reason, told) if is_asked or not plan.before.breached else told


def plain_trades(view: ProposalView) -> list[str]:
    """The numbered trades, each account's under its name where there are several."""
    currency = currency_of(view)
    rows = [
        (AccountId(int(trade.account)), f"{leg}. {_trade(trade, currency)}")
        for leg, trade in enumerate(view.proposal.revision.plan.trades, 1)
    ]
    return by_account(view, rows)


def _trade(trade: Trade, currency: str) -> str:
    what = f"{SIDES[trade.side]} {quantity(trade.quantity)} {escape(trade.symbol)}"
    return f"{what} for about {money(trade.value, currency)}"


def plain_effect(view: ProposalView, limit: int) -> str:
    """What is there afterwards, what it costs, and what it means for taxes."""
    plan, currency = view.proposal.revision.plan, currency_of(view)
    return lines(
        ""
        if is_paired(view.proposal)
        else parts_after(plan.before.lines, plan.after.weights, currency, limit),
        f"It costs about {money(plan.cost, currency)}.",
        *(escape(plain_gain(each, currency)) for each in plan.realised),
        escape(harvest_effect(plan, currency)),
        *(f"⚠ {escape(plain_reason(note, currency))}" for note in plan.notes),
    )


def plain_standing(view: ProposalView, now: datetime | None) -> str:
    """Where it is: waiting, decided, carried out, ended."""
    if not was_carried_out(view):
        return standing(view, now)
    approvals = deciders(view.proposal.approvals, now)
    return paragraphs(
        lines(
            how_it_went(view),
            f"Approved by {approvals}." if approvals else "",
            capped(plain_results(view), TEXT_LIMIT // 2, "more"),
            plain_cost(view),
        ),
        after_sale_text(view, now),
    )


def how_it_went(view: ProposalView) -> str:
    """What a decided plan came to so far, in a sentence."""
    if was_dry_run(view.orders):
        return "✅ <b>Rehearsed</b>: nothing was sent."
    if not was_carried_out(view):
        return f"{PROPOSAL_STATES[view.proposal.state].capitalize()}."
    is_told = went_as_planned(view) or nothing_sent(view)
    ended = "" if is_told else _ENDED.get(view.proposal.state, "")
    return ended or carried_out_words(view)


def plain_results(view: ProposalView) -> list[str]:
    """What became of each order."""
    results = leg_results(view.proposal.revision.plan.trades, view.orders)
    return by_account(view, [(each.order.account_id, _result(each, view)) for each in results])


def _result(result: LegResult, view: ProposalView) -> str:
    trade, order = result.trade, result.order
    symbol = escape(trade.symbol)
    if order.state is OrderState.VOID and order.detail == WhyNot.DRY_RUN:
        return (
            f"{result.leg}. {SIDES[trade.side]} {quantity(trade.quantity)} {symbol}: only rehearsed"
        )
    state = order_state(order.state, view.account(order.account_id))
    average = order.average_price
    if average is None:
        return f"{result.leg}. {SIDES[trade.side]} {quantity(trade.quantity)} {symbol}: {state}"
    some = "" if result.is_whole else f" of {quantity(trade.quantity)}"
    paid = money(average * order.filled_quantity, currency_of(view))
    done = f"{SIDES_DONE[trade.side]} {quantity(order.filled_quantity)}{some} {symbol} for {paid}"
    is_over = result.is_whole or order.state is OrderState.FILLED
    return f"{result.leg}. {done}" if is_over else f"{result.leg}. {done}; the rest: {state}"


def plain_cost(view: ProposalView) -> str:
    """What it cost."""
    if view.report is None or was_dry_run(view.orders) or moved_nothing(view):
        return ""
    return f"It cost {money(view.report.cost, currency_of(view))}."


def plain_reasons(view: ProposalView) -> str:
    """Why each trade, and why others are left alone."""
    plan, currency = view.proposal.revision.plan, currency_of(view)
    trades = [
        f"{bold(f'{SIDES[t.side]} {quantity(t.quantity)} {escape(t.symbol)}')}\n"
        f"{escape(plain_reason(t.reason, currency))}"
        for t in plan.trades
    ]
    others = [
        f"{escape(each.symbol)}: {escape(plain_reason(each.reason, currency))}"
        for each in plan.skipped
    ]
    return paragraphs(
        lines(title(view), plain_why(view), widened(view)),
        capped(trades, TEXT_LIMIT // 2, "more"),
        lines(bold("Left alone"), capped(others, TEXT_LIMIT // 6, "more")) if others else "",
        lines(plain_effect(view, FEW_LINES), calculated(view.proposal)),
    )
