"""Ports that break off at the n-th thing they do, as a process does that is killed there.

A unit of work has two such points: before its commit (nothing of it is kept) and after it. A call to
a broker has two as well: before it arrives, and after it was done, when only the answer is lost. Once
broken off, nothing works any more: the clean-up of a killed process does not run either.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from core.domain.ids import AccountId, Symbol
from core.domain.packed import PackedHoldings
from core.domain.portfolio import Account, Holdings
from core.domain.quote import QuoteBatch
from core.ports.broker import Broker, Brokers, BrokerTraits
from core.ports.market_data import MarketData
from core.ports.store import Store, UnitOfWork


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Fuse:
    """Burns through at the given point, counted from 1; 0 never does. ``passed`` says where it has been."""

    at: int = 0
    passed: list[str] = field(default_factory=list)

    def point(self, where: str) -> None:
        """Go past one point, or break off there."""
        self.passed.append(where)
        if self.at and len(self.passed) >= self.at:
            raise Killed(where)


class CrashingStore:
    """A store that breaks off around commits."""

    def __init__(self, inner: Store, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._begin()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._read()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        async with self._inner.begin() as work:
            yield work
            self._fuse.point("before a commit")
        self._fuse.point("after a commit")

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[UnitOfWork]:
        self._fuse.point("before a read")
        async with self._inner.read() as work:
            yield work


class CrashingBroker:
    """A broker that breaks off around each of its calls."""

    def __init__(self, inner: Broker, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    @property
    def traits(self) -> BrokerTraits:
        return self._inner.traits

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._inner, name)

        async def around(*args: Any, **named: Any) -> Any:
            self._fuse.point(f"before {name}")
            answer = await call(*args, **named)
            self._fuse.point(f"after {name}")
            return answer

        return around


class CrashingBrokers:
    """A family of such brokers."""

    def __init__(self, inner: Brokers, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    def of(self, account: Account) -> Broker:
        return cast("Broker", CrashingBroker(self._inner.of(account), self._fuse))

    async def open_account(self, broker: str, currency: str) -> str:
        return await self._inner.open_account(broker, currency)

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        self._fuse.point("before all holdings")
        return await self._inner.holdings(accounts)

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        self._fuse.point("before packed holdings")
        return await self._inner.packed_holdings(broker, broker_account_ids)

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        self._fuse.point("before fractionable")
        return await self._inner.fractionable(account, symbols)


class CrashingPrices:
    """A price source that breaks off before it is asked."""

    def __init__(self, inner: MarketData, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def max_age(self) -> timedelta:
        return self._inner.max_age

    async def quotes(self, symbols: Collection[Symbol]) -> QuoteBatch:
        self._fuse.point("before quotes")
        return await self._inner.quotes(symbols)

    async def known_symbols(self) -> frozenset[Symbol] | None:
        return await self._inner.known_symbols()
