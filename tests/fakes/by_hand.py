"""A person with quick hands: answers every line of a hand-kept account's checklist as soon as its price permits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from core.domain.ids import ClientOrderId, Symbol
from core.domain.plan import Side
from core.domain.portfolio import Holdings
from core.ports.broker import Broker as AnyBroker
from core.ports.broker import (
    BrokerAccount,
    BrokerAsset,
    BrokerClock,
    BrokerOrder,
    BrokerTraits,
    CashTransfers,
    OrderRequest,
)
from core.ports.hand_kept import HandKept
from core.ports.market_data import MarketData


class QuickHands:
    """A Broker: a hand-kept account together with the person who carries its orders out at the quoted price."""

    def __init__(self, account: AnyBroker, prices: MarketData) -> None:
        self._account = account
        self._prices = prices
        self._limits: dict[ClientOrderId, Decimal | None] = {}

    @property
    def traits(self) -> BrokerTraits:
        return self._account.traits

    async def account(self) -> BrokerAccount:
        await self._answer()
        return await self._account.account()

    async def holdings(self) -> Holdings:
        await self._answer()
        return await self._account.holdings()

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        return await self._account.assets(symbols)

    async def clock(self) -> BrokerClock:
        return await self._account.clock()

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        placed = await self._account.submit(request)
        self._limits[request.client_order_id] = request.limit_price
        await self._answer()
        return await self._account.find_order(request.client_order_id) or placed

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        await self._answer()
        return await self._account.find_order(client_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        await self._answer()
        return await self._account.open_orders()

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        await self._account.cancel(client_order_id)

    async def transfer(self, amount: Decimal, key: str) -> Decimal:
        assert isinstance(self._account, CashTransfers)
        return await self._account.transfer(amount, key)

    async def _answer(self) -> None:
        assert isinstance(self._account, HandKept)
        for order in await self._account.open_orders():
            quotes = (await self._prices.quotes([order.symbol])).quotes
            price, limit = quotes[order.symbol].price, self._limits.get(order.client_order_id)
            is_buy = order.side is Side.BUY
            if limit is None or (price <= limit if is_buy else price >= limit):
                await self._account.tell_fill(order.client_order_id, key="at once", price=price)
