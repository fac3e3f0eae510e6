"""What a message says and offers once a plan has sold and not bought: what is certain, and where the money is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.telegram.html import escape, shown_name
from bot.telegram.screen import Button, tap
from bot.telegram.views.parts import lines
from bot.words.after_sale import because
from bot.words.by_hand import is_by_hand
from bot.words.numbers import count, listed, money, quantity
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView
from core.domain.order import Order
from core.domain.proposal import Decision, DecisionKind
from core.domain.report import SoldNotBought

_NAMED = 3


def after_sale_text(view: ProposalView, now: datetime | None) -> str:
    """What was sold and not bought, why, where the money is, and what was decided; empty where all is well."""
    case = view.sold_not_bought
    if case is None:
        return ""
    currency = view.managed.portfolio.currency
    some = "The rest of the purchases were" if case.bought else "The purchases were"
    by_hand = all(is_by_hand(view.account(order.account_id)) for order in case.unbought)
    why = because(case.reasons, by_hand=by_hand)
    decided = view.proposal.after_sale
    return lines(
        f"Sold {_named(case.sold)} for {money(case.proceeds, currency)}.",
        f"Bought {_named(case.bought)} for {money(case.spent, currency)}." if case.bought else "",
        f"{some} not made, because {why}.",
        _where(case),
        _decision(decided, now) if decided is not None else "",
    )


def _named(orders: Sequence[Order]) -> str:
    shown = [f"{quantity(order.filled_quantity)} {escape(order.symbol)}" for order in orders]
    more = len(shown) - _NAMED
    return listed(shown if more <= 0 else [*shown[:_NAMED], count(more, "other")])


def _where(case: SoldNotBought) -> str:
    if case.goes_on_by_itself:
        return (
            "The money is in cash at the broker. The purchases are planned on the next trading day, "
            "without being asked for, and need an approval of their own."
        )
    if case.bought:
        return "The rest of the money is in cash at the broker."
    return "The money is in cash at the broker."


def _decision(decided: Decision, now: datetime | None) -> str:
    who = f"{shown_name(decided.member_name)} {clock_time(decided.market_at, now)}"
    if decided.kind is DecisionKind.STAY_IN_CASH:
        return f"💵 <b>It stays in cash</b>: {who}."
    return f"🛒 <b>The purchases were planned again</b>: {who}. They need an approval of their own."


def is_to_decide(view: ProposalView) -> bool:
    """Whether somebody is still to say what becomes of the money."""
    case = view.sold_not_bought
    return case is not None and not case.goes_on_by_itself and view.proposal.after_sale is None


def after_sale_buttons(view: ProposalView) -> tuple[tuple[Button, ...], ...]:
    """[Try the buys] and [Stay in cash], until somebody has decided."""
    if not is_to_decide(view):
        return ()
    number = view.proposal.id
    return ((tap("🛒 Try the buys", "as_try", number), tap("💵 Stay in cash", "as_stay", number)),)
