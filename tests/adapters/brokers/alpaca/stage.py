"""A fake Alpaca with one account, and our adapter speaking to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.adapters.brokers.alpaca import AlpacaBrokerage
from core.domain.ids import ClientOrderId, Symbol
from core.domain.plan import Side
from core.ports.broker import Broker, BrokerOrder, OrderRequest
from tests.adapters.brokers.alpaca.spec import faults_in
from tests.fakes.alpaca.exchange import Exchange
from tests.fakes.alpaca.faults import Fault
from tests.fakes.alpaca.model import Account, Order
from tests.fakes.alpaca.server import FakeAlpaca, serving

KEY, SECRET = "PKCANARYKEY7391", "canary-secret-c41f88e0"
SPY, AGG, BRKB = Symbol("SPY"), Symbol("AGG"), Symbol("BRK.B")


@dataclass
class Stage:
    """The server, its exchange and account, and our house and its broker."""

    server: FakeAlpaca
    money: Account
    house: AlpacaBrokerage
    broker: Broker

    @property
    def exchange(self) -> Exchange:
        return self.server.exchange

    @property
    def orders(self) -> list[Order]:
        """Every order that the broker really has."""
        return self.money.orders

    def go_wrong(self, fault: Fault) -> Fault:
        return self.server.faults.add(fault)

    def asked(self, method: str, path: str) -> int:
        """How often something was asked."""
        return len(self.server.asked(method, path))

    @property
    def posts(self) -> int:
        return self.asked("POST", "/v2/orders")

    def hold(self, symbol: Symbol, quantity: str) -> None:
        """Let the account have shares."""
        self.money.positions[self.exchange.assets[symbol].id] = Decimal(quantity)

    async def found(self, id_: str) -> BrokerOrder | None:
        return await self.broker.find_order(ClientOrderId(id_))

    async def settled(self, id_: str) -> BrokerOrder:
        """An order after its whole life, as far as it goes now."""
        for _ in range(4):
            order = await self.found(id_)
        assert order is not None
        return order


def order(
    side: Side = Side.BUY,
    quantity: str = "3",
    *,
    limit: str | None = "101.00",
    id_: str = "rb-test-1-1-1",
    symbol: Symbol = SPY,
) -> OrderRequest:
    price = None if limit is None else Decimal(limit)
    return OrderRequest(ClientOrderId(id_), symbol, side, Decimal(quantity), price)


def buy(quantity: str = "3", **more: Any) -> OrderRequest:
    return order(Side.BUY, quantity, **more)


def sell(quantity: str = "3", **more: Any) -> OrderRequest:
    return order(Side.SELL, quantity, **{"limit": "99.00", **more})


@asynccontextmanager
async def staged(*, seconds: float = 5.0, **traits: Any) -> AsyncIterator[Stage]:
    """SPY at 100, AGG at 50, BRK.B at 412.30 dollars; 10,000 dollars in the account.

    At the end all that was said on the wire is held against Alpaca's description.
    """
    async with serving(FakeAlpaca()) as server:
        for symbol, price in ((SPY, "100.00"), (AGG, "50.00"), (BRKB, "412.30")):
            server.exchange.list_asset(symbol, price)
        money = server.exchange.open_account(KEY, SECRET, **{"cash": "10000", **traits})
        house = AlpacaBrokerage(KEY, SECRET, server.origin, server.exchange.time, seconds=seconds)
        try:
            yield Stage(server, money, house, house.account(money.number))
        finally:
            await house.close()
        assert faults_in(server.seen) == []
