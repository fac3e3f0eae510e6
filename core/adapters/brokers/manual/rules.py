"""What is put on a checklist, and what is not: functions of an order, a book and a price."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from core.adapters.brokers.manual.rows import OrderRow
from core.domain.book import Book
from core.domain.money import ZERO, purchase_cost
from core.domain.plan import Side
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerUnavailable, OrderRefused, OrderRequest
from core.ports.market_data import MarketData

SHARE_STEP = Decimal("0.001")
MOST = Decimal(10) ** 12
"""No order is larger: beyond it decimals would be rounded."""


def require_acceptable(request: OrderRequest, *, has_fractions: bool) -> None:
    """Refuse what no broker would take; raises OrderRefused."""
    quantity, limit = request.quantity, request.limit_price
    step = SHARE_STEP if has_fractions else Decimal(1)
    if not quantity.is_finite() or quantity < SHARE_STEP:
        raise OrderRefused("too_small", f"{quantity} shares; at least {step}")
    if quantity > MOST:
        raise OrderRefused("other", f"{quantity} shares; at most {MOST}")
    if quantity % step != ZERO:
        raise OrderRefused("not_fractionable", f"{quantity} shares; steps of {step}")
    if limit is not None and not (limit.is_finite() and ZERO < limit <= MOST):
        raise OrderRefused("other", f"limit price {limit}; a price above zero")


async def expected_price(request: OrderRequest, prices: MarketData) -> Decimal:
    """What each share is thought to cost or bring: the order's limit, or for a market order the quote."""
    if request.limit_price is not None:
        return request.limit_price
    try:
        batch = await prices.quotes([request.symbol])
    except PriceSourceDown as error:
        raise BrokerUnavailable(f"no price of {request.symbol}: {error}") from error
    quote = batch.quotes.get(request.symbol)
    if quote is None or not (quote.price.is_finite() and quote.price > ZERO):
        raise OrderRefused("not_tradable", f"no price of {request.symbol}")
    return quote.price


def require_means(
    book: Book, waiting: Iterable[OrderRow], request: OrderRequest, price: Decimal
) -> None:
    """Refuse a sale of shares that are not there, and a purchase that neither cash nor open sales pay for."""
    orders = list(waiting)
    if request.side is Side.SELL:
        selling = (
            order.remaining
            for order in orders
            if order.symbol == request.symbol and order.side is Side.SELL
        )
        free = book.positions.get(request.symbol, ZERO) - sum(selling, ZERO)
        if request.quantity > free:
            raise OrderRefused(
                "insufficient_shares", f"{request.quantity} {request.symbol} asked, {free} free"
            )
        return
    needed = purchase_cost(request.quantity, price)
    free_cash = book.cash + sum((order.expected_cash for order in orders), ZERO)
    if needed > free_cash:
        raise OrderRefused("insufficient_cash", f"{needed} needed, {free_cash} free")
