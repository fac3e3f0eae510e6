"""Alpaca's seventeen words for where an order is, in ours.

An order is only reported as ended once its executions are known: until they add up to what Alpaca
says was filled, it counts as open, and is looked at again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from core.adapters.alpaca_api.exact import maybe_number, record_of, text_of
from core.adapters.brokers.alpaca.records import AlpacaOrder
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO
from core.domain.order import TERMINAL, Fill, OrderState
from core.ports.broker import BrokerOrder, SeenOrder

OPEN = frozenset(
    {
        "new",
        "partially_filled",
        "accepted",
        "pending_new",
        "accepted_for_bidding",
        "pending_cancel",
        "pending_replace",
        "stopped",
        "suspended",
        "calculated",
        "held",
        "done_for_day",
    }
)
ENDED = {
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    "replaced": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
}
KNOWN = OPEN | ENDED.keys()

PATIENCE = timedelta(seconds=60)
"""Executions that are missing so long after an order's end are taken from the order itself."""


def is_known(status: str) -> bool:
    """Whether this is a word that Alpaca has told us of."""
    return status in KNOWN


def state_of(order: AlpacaOrder) -> OrderState:
    """Where an order is; a word that we do not know says only that it may still be filled.

    ``done_for_day`` ends a day order, though not one that goes on tomorrow; ``calculated`` means
    that all is filled or the day is over. A day order that is ``canceled`` at or after the close
    has expired. One partly filled before it was rejected counts as cancelled.
    """
    is_partly = order.filled > ZERO
    is_whole = is_partly and order.filled >= order.quantity
    match order.status:
        case "calculated" if is_whole:
            return OrderState.FILLED
        case "done_for_day" if order.is_day_order:
            return OrderState.FILLED if is_whole else OrderState.EXPIRED
        case "canceled" if order.is_day_order and order.ended_at_close:
            return OrderState.EXPIRED
        case "rejected" if is_partly:
            return OrderState.CANCELLED
    open_state = OrderState.PARTIALLY_FILLED if is_partly else OrderState.SUBMITTED
    return ENDED.get(order.status, open_state)


def read_seen_order(value: object) -> SeenOrder:
    """An order of anybody's, of whatever kind: one of several legs has no symbol of its own; raises Unreadable."""
    record = record_of(value)
    return SeenOrder(
        ClientOrderId(text_of(record, "client_order_id")),
        Symbol(str(record.get("symbol") or "")),
        text_of(record, "status") not in ENDED,
        maybe_number(record, "filled_qty") or ZERO,
    )


def as_broker_order(order: AlpacaOrder, fills: tuple[Fill, ...], now: datetime) -> BrokerOrder:
    """The order in the port's words."""
    state = state_of(order)
    known = sum((fill.quantity for fill in fills), ZERO)
    if state in TERMINAL and known < order.filled:
        rest = _missing_fill(order, fills, known, now)
        if rest is None:
            state = OrderState.PARTIALLY_FILLED if fills else OrderState.SUBMITTED
        else:
            fills = (*fills, rest)
    return BrokerOrder(
        client_order_id=order.client_order_id,
        broker_order_id=order.broker_order_id,
        symbol=order.symbol,
        side=order.side,
        quantity=order.quantity,
        state=state,
        fills=fills,
        detail=_detail(order),
    )


def _missing_fill(
    order: AlpacaOrder, fills: tuple[Fill, ...], known: Decimal, now: datetime
) -> Fill | None:
    """What the executions lack, at the price that the order's mean price leaves for it."""
    ended = order.changed_at
    if order.average_price is None or ended is None or now - ended < PATIENCE:
        return None
    paid = sum((fill.quantity * fill.price for fill in fills), ZERO)
    quantity = order.filled - known
    price = (order.filled * order.average_price - paid) / quantity
    if price <= ZERO:
        return None
    return Fill(f"{order.broker_order_id}:rest", quantity, price, ZERO, ended)


def _detail(order: AlpacaOrder) -> str:
    match order.status:
        case "rejected":
            return "Alpaca took the order and then rejected it"
        case "replaced":
            return f"replaced at Alpaca by the order {order.replaced_by or '(not named)'}"
        case "suspended" | "stopped" | "held":
            return f"Alpaca says that the order is {order.status}"
        case status if not is_known(status):
            return f"Alpaca says that the order is “{status[:40]}”, which we do not know"
    return ""
