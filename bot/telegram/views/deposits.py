"""Money that is to come: what it would buy, before it is there."""

from __future__ import annotations

from bot.telegram.html import bold, escape
from bot.telegram.screen import Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.telegram.views.proposal_text import trade_line
from bot.words.numbers import money, small_drift
from bot.words.refusals import refusal_sentence
from core.application.plan_deposit import ComingMoney

WATCH = "/policy new_cash"
"""How a portfolio buys by itself with money that has come."""


def coming_screen(coming: ComingMoney) -> Screen:
    """The purchases that an amount and the cash there come to; nothing is ordered, and nothing waits."""
    portfolio = coming.managed.portfolio
    amount = bold(money(coming.amount, portfolio.currency))
    where = escape(portfolio.name if coming.account.is_only else coming.account.account.name)
    return Screen(
        paragraphs(
            head(coming.managed),
            f"When {amount} has come to {where}:",
            _purchases(coming),
            _what_next(coming),
        ),
        ((tap("🛒 It is there: invest it", "invest", portfolio.id),),),
    )


def _purchases(coming: ComingMoney) -> str:
    plan, currency = coming.result.plan, coming.managed.portfolio.currency
    if plan is None:
        why = refusal_sentence(coming.result.refusal) if coming.result.refusal else ""
        return f"What it would buy cannot be shown now. {escape(why)}".strip()
    if not plan.trades:
        return "It would stay in cash: no purchase fits."
    return lines(
        *(f"{leg}. {trade_line(trade, currency)}" for leg, trade in enumerate(plan.trades, 1)),
        f"Drift {small_drift(plan.before.portfolio_drift)}"
        f" → {small_drift(plan.after.portfolio_drift)}"
        f" · left in cash {money(plan.after.cash, currency)}",
        "Calculated from your targets, at the prices of now.",
    )


def _what_next(coming: ComingMoney) -> str:
    """Who moves the money, and how it is noticed."""
    moved = "Move the money at your broker: I cannot. Nothing is ordered now."
    watched = coming.managed.policy.new_cash
    if watched is None:
        return lines(moved, f"To have it bought by itself: <code>{WATCH} {coming.amount:f}</code>")
    currency = coming.managed.portfolio.currency
    return lines(moved, f"From {money(watched, currency)} of spare cash on, I propose it myself.")
