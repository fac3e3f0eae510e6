"""Find: what a typed price may move with, at the price that it has now."""

from __future__ import annotations

from datetime import timedelta

from core.application.market import Market, Moment, judge
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.quote import Proxy
from core.domain.refusals import BadProxy, EndOfHistory, PricesRefused
from core.ports.store import Store

CLOSED_AT_MOST = timedelta(days=10)
"""How far back the close is looked for that a price may be of, while the exchange is closed."""


async def find_proxy(
    store: Store, market: Market, *, symbol: Symbol, like: Symbol, currency: str
) -> Proxy:
    """Ask what the proxy costs now; while the exchange is closed, what it cost at the close.

    Raises BadProxy where it has no usable quote of a source's own in this currency.
    """
    if like in {symbol, CASH}:
        raise BadProxy(symbol, like)
    moment = await market.moment()
    batch = await market.prices.quotes([like])
    async with store.read() as work:
        closes = await work.instruments.last_closes([like], moment.jumps_since)
    age = permitted_age(market, moment)
    try:
        judged = judge(batch, [like], moment, max_age=age, currency=currency, last_closes=closes)
    except PricesRefused as refusal:
        raise BadProxy(symbol, like, refusal.faults[0]) from refusal
    quote = judged[like]
    if quote.good_until is not None or quote.like is not None:
        raise BadProxy(symbol, like)
    return Proxy(like, quote.price)


def permitted_age(market: Market, moment: Moment) -> timedelta:
    """The source's own while the exchange is open, and longer by as long as it has been closed."""
    own = market.prices.max_age
    if moment.is_open:
        return own
    try:
        recent = market.calendar.between(moment.today - CLOSED_AT_MOST, moment.today)
    except EndOfHistory:
        return own
    closes = [session.closes_at for session in recent if session.closes_at <= moment.now]
    return own + (moment.now - max(closes, default=moment.now))
