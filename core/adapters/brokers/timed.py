"""A house whose calls are timed: the same house for everybody who uses it, and a meter that is told of each call.

An account offers exactly the abilities that the house's own account has, so that what it can do is still seen by
looking at it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from core.adapters.brokers.registry import Brokerage, PacksHoldings
from core.domain.ids import Symbol
from core.domain.packed import PackedHoldings
from core.domain.portfolio import Holdings
from core.ports.broker import (
    Broker,
    BrokerAmbiguous,
    BrokerError,
    BrokerUnavailable,
)
from core.ports.meter import CallEnd, Meter

T = TypeVar("T")

CALLS = frozenset(
    {
        "account",
        "assets",
        "cancel",
        "cash_moves",
        "clock",
        "find_order",
        "holdings",
        "open_orders",
        "paid_in_lieu",
        "report",
        "sessions",
        "submit",
        "trades",
        "transfer",
    }
)
"""An account's calls that go to the broker."""


class TimedBrokerage:
    """A `Brokerage` in front of another."""

    def __init__(self, name: str, house: Brokerage, meter: Meter) -> None:
        self._name = name
        self._house = house
        self._meter = meter

    def __repr__(self) -> str:
        """The house's own words."""
        return f"TimedBrokerage({self._house!r})"

    def account(self, broker_account_id: str) -> Broker:
        """One of its accounts."""
        account = self._house.account(broker_account_id)
        return cast("Broker", _kind_for(type(account))(account, self))

    async def open_account(self, currency: str) -> str:
        """Open an account where the house is embedded; else name the one of the credentials."""
        return await self.timed("open_account", self._house.open_account(currency))

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of many of its accounts; those it does not know are missing."""
        return await self.timed("holdings", self._house.holdings(broker_account_ids))

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """Those of the symbols that it trades in parts."""
        return await self.timed("assets", self._house.fractionable(broker_account_id, symbols))

    async def packed_holdings(self, broker_account_ids: Collection[str]) -> PackedHoldings:
        """The holdings of very many of its accounts; none where the house does not pack."""
        if not isinstance(self._house, PacksHoldings):
            return PackedHoldings()
        return await self.timed("holdings", self._house.packed_holdings(broker_account_ids))

    async def timed(self, call: str, work: Awaitable[T]) -> T:
        """Await a call, and tell the meter how long it took and how it ended."""
        began = time.monotonic()
        end = CallEnd.ERROR
        try:
            result = await work
            end = CallEnd.OK
            return result
        except asyncio.CancelledError:
            end = CallEnd.CANCELLED
            raise
        except BrokerUnavailable:
            end = CallEnd.UNAVAILABLE
            raise
        except BrokerAmbiguous:
            end = CallEnd.AMBIGUOUS
            raise
        except BrokerError:
            end = CallEnd.REFUSED
            raise
        finally:
            self._meter.broker_call(self._name, call, time.monotonic() - began, end)


class _TimedAccount:
    """An account of the house; what it can do stands in the classes that ``_kind_for`` makes."""

    def __init__(self, account: Any, house: TimedBrokerage) -> None:
        self._account = account
        self._house = house

    def __repr__(self) -> str:
        """The account's own words."""
        return f"Timed({self._account!r})"


@cache
def _kind_for(kind: type) -> type[_TimedAccount]:
    """A class with the public names of an account's class, each of which goes through to the account."""
    names = {name for name in dir(kind) if not name.startswith("_")}
    members = {name: _call(name) if name in CALLS else _view(name) for name in names}
    return type(f"Timed{kind.__name__}", (_TimedAccount,), members)


def _call(name: str) -> Callable[..., Awaitable[Any]]:
    async def call(self: _TimedAccount, *args: Any, **values: Any) -> Any:
        work = getattr(self._account, name)(*args, **values)
        return await self._house.timed(name, work)

    call.__name__ = name
    return call


def _view(name: str) -> property:
    return property(lambda self: getattr(self._account, name))
