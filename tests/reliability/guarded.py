"""Ports that refuse to be awaited while a unit of work is open."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any, cast

from core.application.market import Market
from core.domain.portfolio import Account
from core.ports.broker import Broker, Brokers, CashTransfers
from core.ports.clock import Clock, MarketClock
from core.ports.guard import require_no_unit_of_work
from core.ports.market_data import MarketData


class Guarded:
    """Stands before a port; ``calls`` is shared by all and names every awaited call."""

    def __init__(self, inner: Any, name: str, calls: list[str]) -> None:
        self._inner = inner
        self._name = name
        self._calls = calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(found):
            return found
        where = f"{self._name}.{name}"

        async def checked(*args: Any, **named: Any) -> Any:
            self._calls.append(where)
            require_no_unit_of_work(where)
            return await found(*args, **named)

        return checked


class GuardedTeller(Guarded):
    """A guarded broker through which money can be moved."""

    async def transfer(self, *args: Any) -> Any:
        require_no_unit_of_work("broker.transfer")
        self._calls.append("broker.transfer")
        return await self._inner.transfer(*args)


class GuardedBrokers(Guarded):
    """A family of guarded brokers."""

    def of(self, account: Account) -> Broker:
        broker = self._inner.of(account)
        kind = GuardedTeller if isinstance(broker, CashTransfers) else Guarded
        return cast("Broker", kind(broker, "broker", self._calls))


def guarded_market(market: Market, calls: list[str]) -> Market:
    return replace(
        market,
        prices=cast("MarketData", Guarded(market.prices, "prices", calls)),
        clock=cast("MarketClock", Guarded(market.clock, "market_clock", calls)),
    )


def guarded_brokers(brokers: Brokers, calls: list[str]) -> Brokers:
    return cast("Brokers", GuardedBrokers(brokers, "brokers", calls))


def guarded_clock(clock: Clock, calls: list[str]) -> Clock:
    return cast("Clock", Guarded(clock, "clock", calls))
