"""The rehearsal of an alert: what a fall in prices would bring, on a copy, with nothing to approve."""

from __future__ import annotations

from bot.telegram.html import TEXT_LIMIT, escape
from bot.telegram.screen import Screen, tap
from bot.telegram.views.by_account import grouped
from bot.telegram.views.parts import SOME_LINES, capped, head, lines, paragraphs
from bot.telegram.views.proposal_text import FEW_LINES, numbered_trades, table
from bot.words.numbers import percent, small_drift
from bot.words.plan_reasons import reason_sentence
from core.application.rehearse import Rehearsal


def rehearsal_screen(rehearsal: Rehearsal, *, layout: str = "table") -> Screen:
    """An alert as it would look; it says first and last that it is not real."""
    plan = rehearsal.plan
    currency = rehearsal.managed.portfolio.currency
    fallen = "all prices" if rehearsal.only is None else f"{escape(rehearsal.only)}'s price"
    trades = grouped(rehearsal.managed.accounts, plan, numbered_trades(plan.trades, currency))
    before, after = plan.before.portfolio_drift, plan.after.portfolio_drift
    text = paragraphs(
        head(rehearsal.managed, "rehearsal"),
        f"🎬 Not real: this is what an alert would say if {fallen} were "
        f"{percent(rehearsal.fall_percent)} lower now.",
        escape(reason_sentence(plan.reason, currency)),
        table(plan, layout, SOME_LINES if len(trades) <= SOME_LINES else FEW_LINES),
        lines(
            capped(trades, TEXT_LIMIT // 2, "more"),
            f"Drift {small_drift(before)} → {small_drift(after)}",
        ),
        "A real alert has buttons to approve, change or reject it. "
        "Nothing is sent until somebody taps Approve. Nothing was stored by this rehearsal.",
    )
    portfolio = rehearsal.managed.portfolio.id
    row = (tap("📊 Status", "status", portfolio), tap("⚖️ Check now", "rebalance", portfolio))
    return Screen(text, (row,))
