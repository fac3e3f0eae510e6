"""One careful round at Alpaca's real paper service: `python -m tests.adapters.brokers.alpaca.paper_round`.

Needs the keys of a paper account in EVENKEEL_TEST_ALPACA_KEY and EVENKEEL_TEST_ALPACA_SECRET. It looks at
everything that the bot looks at and, while the exchange is open, sends one order far below the
market, sends it again to be refused, and cancels it.
"""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from uuid import uuid4

from core.adapters.brokers.alpaca import AlpacaBrokerage
from core.adapters.clock import SystemClock
from core.adapters.market_data.alpaca import AlpacaMarketData
from core.domain.ids import ClientOrderId, Symbol
from core.domain.order import OrderState
from core.ports.broker import Broker, DuplicateClientOrderId
from tests.adapters.brokers.alpaca.stage import buy

SPY = Symbol("SPY")


async def go_round(key: str, secret: str) -> None:
    """Look at everything, then order and cancel."""
    clock = SystemClock()
    house = AlpacaBrokerage(key, secret, "https://paper-api.alpaca.markets", clock)
    source = AlpacaMarketData(key, secret, "https://data.alpaca.markets", clock)
    broker = house.account(await house.open_account("USD"))
    account = await broker.account()
    assert account.currency == "USD"
    assert account.cash >= 0
    assert (await broker.holdings()).cash == account.cash
    assets = await broker.assets([SPY, Symbol("BRK.B"), Symbol("NOSUCHSYM")])
    assert set(assets) == {SPY, Symbol("BRK.B")}
    quotes = await source.quotes([SPY, Symbol("BRK.B")])
    assert set(quotes.quotes) == {SPY, Symbol("BRK.B")}
    await broker.open_orders()
    unknown = await broker.find_order(ClientOrderId(f"rb-never-{uuid4().hex[:12]}"))
    assert unknown is None
    now = await broker.clock()
    assert abs(now.now - clock.now()) < timedelta(seconds=30)
    if now.is_open:
        await order_and_cancel(broker)
    await house.close()
    await source.close()


async def order_and_cancel(broker: Broker) -> None:
    """An order that is never filled, its repetition, and its end."""
    request = buy("1", limit="1.00", id_=f"rb-test-{uuid4().hex[:12]}")
    await broker.submit(request)
    try:
        await broker.submit(request)
    except DuplicateClientOrderId:
        pass
    else:
        raise AssertionError("the same id was taken twice")
    await broker.cancel(request.client_order_id)
    for _ in range(20):
        found = await broker.find_order(request.client_order_id)
        if found is not None and found.state is OrderState.CANCELLED:
            return
        await asyncio.sleep(0.5)
    raise AssertionError(f"not cancelled: {found}")


if __name__ == "__main__":
    asyncio.run(
        go_round(os.environ["EVENKEEL_TEST_ALPACA_KEY"], os.environ["EVENKEEL_TEST_ALPACA_SECRET"])
    )
