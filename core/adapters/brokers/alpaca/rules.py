"""What may be sent to Alpaca, and in which words."""

from __future__ import annotations

from decimal import Decimal

from core.adapters.brokers.alpaca.records import AlpacaAccountRecord, AlpacaPosition
from core.domain.money import ZERO, purchase_cost
from core.domain.plan import Side
from core.ports.broker import OrderRefused, OrderRequest

SHARE_STEP = Decimal("0.001")
"""Alpaca takes nine decimals; we trade thousandths of a share."""
LONGEST_ID = 128


def require_sendable(request: OrderRequest) -> None:
    """Refuse what no account could have filled; raises OrderRefused."""
    quantity, limit = request.quantity, request.limit_price
    if not quantity.is_finite() or quantity < SHARE_STEP:
        raise OrderRefused("too_small", f"{quantity} shares; at least {SHARE_STEP}")
    if quantity % SHARE_STEP != ZERO:
        raise OrderRefused("not_fractionable", f"{quantity} shares; steps of {SHARE_STEP}")
    if limit is not None and not (limit.is_finite() and limit > ZERO):
        raise OrderRefused("other", f"limit price {limit}; a price above zero")
    if not 0 < len(request.client_order_id) <= LONGEST_ID:
        raise OrderRefused("other", f"a client order id has 1 to {LONGEST_ID} characters")


def require_means(
    request: OrderRequest, record: AlpacaAccountRecord, position: AlpacaPosition | None
) -> None:
    """Refuse a sale of shares that are not held, and a purchase on margin; raises OrderRefused.

    Alpaca would take both where the account may sell short or borrow. What open orders hold is
    left to Alpaca to judge, as one of them may be this very order, sent before.
    """
    if record.account.is_restricted:
        raise OrderRefused("other", "Alpaca has restricted the account: see its website")
    if request.side is Side.SELL:
        held = position.quantity if position is not None else ZERO
        if request.quantity > held:
            raise OrderRefused(
                "insufficient_shares", f"{request.quantity} {request.symbol} asked, {held} held"
            )
        return
    if not record.has_margin:
        return
    if request.limit_price is None:
        raise OrderRefused(
            "other", "a purchase needs a limit price here, or it could be paid with margin"
        )
    needed = purchase_cost(request.quantity, request.limit_price)
    if needed > record.account.cash:
        raise OrderRefused("insufficient_cash", f"{needed} needed, {record.account.cash} free")


def as_json(request: OrderRequest) -> dict[str, str]:
    """The order in Alpaca's words: a simple day order, its numbers as exact texts."""
    order = {
        "client_order_id": str(request.client_order_id),
        "symbol": str(request.symbol),
        "side": request.side.value,
        "qty": plain(request.quantity),
        "type": "market",
        "time_in_force": "day",
    }
    if request.limit_price is not None:
        order |= {"type": "limit", "limit_price": plain(request.limit_price)}
    return order


def plain(number: Decimal) -> str:
    """A number without an exponent and without superfluous zeros."""
    return f"{number.normalize():f}"
