"""Orders: what was sent to the broker, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import escape, neutral
from bot.telegram.screen import Screen
from bot.telegram.views.parts import head, paragraphs
from bot.words.by_hand import order_state
from bot.words.labels import SIDES
from bot.words.numbers import money, quantity
from bot.words.order_details import order_detail
from bot.words.times import clock_time
from core.application.choose_portfolio import Current
from core.domain.order import Order, OrderState
from core.domain.portfolio import ManagedPortfolio

_DETAIL_LIMIT = 100


def orders_screen(current: Current, orders: Sequence[Order]) -> Screen:
    """The latest orders, newest first, each with its state and fills."""
    rows = [_order(order, current.portfolio) for order in orders]
    body = "\n".join(rows) or "No order was made yet."
    return Screen(paragraphs(head(current.portfolio, "orders"), body))


def _order(order: Order, managed: ManagedPortfolio) -> str:
    what = f"{SIDES[order.side]} {quantity(order.quantity)} {escape(order.symbol)}"
    return f"Proposal {order.proposal_id}: {what}: {_outcome(order, managed)}"


def _outcome(order: Order, managed: ManagedPortfolio) -> str:
    account, currency = managed.part(order.account_id).account, managed.portfolio.currency
    state = order_state(order.state, account)
    price = order.average_price
    if price is None:
        detail = escape(neutral(order_detail(order.detail)[:_DETAIL_LIMIT]).strip())
        return f"{state} ({detail})" if detail else state
    when = clock_time(order.fills[-1].at)
    if order.state is OrderState.FILLED:
        return f"{state} at {money(price, currency)}, {when}"
    part = f"{quantity(order.filled_quantity)} of {quantity(order.quantity)}"
    is_resting = order.state is OrderState.PARTIALLY_FILLED
    rest = "the rest still at the broker" if is_resting else f"the rest {state}"
    return f"{part} filled at {money(price, currency)}, {when}; {rest}"
