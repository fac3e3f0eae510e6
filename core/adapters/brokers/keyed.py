"""A broker whose accounts each have their own keys: one house, behind it a line for each account."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, TypeVar

from core.adapters.brokers.registry import Brokerage
from core.domain.access_fault import AccessFault
from core.domain.cash_moves import CashMove
from core.domain.ids import ClientOrderId, Symbol
from core.domain.opening import BrokerCosts, CashInLieu, ShareMove
from core.domain.portfolio import Holdings
from core.domain.refusals import NotBuiltYet
from core.ports.broker import (
    AccountReport,
    Broker,
    BrokerAccount,
    BrokerAsset,
    BrokerClock,
    BrokerError,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    NoAccess,
    OrderRequest,
    TellsCash,
    TellsCosts,
    TellsTrades,
    Watched,
)
from core.ports.broker_keys import BrokerKeys, KeyRing

logger = logging.getLogger(__name__)

T = TypeVar("T")

UNNAMED = ""
"""Stands for the account that keys open, whichever it is."""


class Line(Brokerage, Protocol):
    """A house that is spoken to with one pair of keys."""

    async def close(self) -> None:
        """Let go of the connections."""
        ...


@dataclass(frozen=True, slots=True)
class Lines:
    """How to speak to a broker: with which keys of its own, if any, and how lines for others are opened.

    ``assumed`` are the traits of an account of which nothing is known yet. With ``has_foreign_prices`` nobody is let
    through, because orders would be priced by another source's quotes.
    """

    open_line: Callable[[BrokerKeys], Line] = field(repr=False)
    assumed: Callable[[], BrokerTraits]
    own: Line | None = None
    has_foreign_prices: bool = False


@dataclass(frozen=True, slots=True)
class _Opened:
    keys: BrokerKeys
    line: Line


class KeyedBrokerage:
    """A Brokerage. Which keys open an account is asked anew each time, so that new and removed ones count at once.

    An account without keys of its own is looked for behind those of the environment, where there are any.
    """

    def __init__(self, name: str, ring: KeyRing, lines: Lines) -> None:
        self._name = name
        self._ring = ring
        self._lines = lines
        self._opened: dict[str, _Opened] = {}
        self._reached: dict[str, Line] = {}
        self._retired: list[Line] = []
        self._opening = asyncio.Lock()

    def __repr__(self) -> str:
        """The name, and nothing of the keys."""
        return f"KeyedBrokerage({self._name})"

    async def close(self) -> None:
        """Let go of all connections."""
        own = () if self._lines.own is None else (self._lines.own,)
        lines = (*own, *(opened.line for opened in self._opened.values()), *self._retired)
        self._opened.clear()
        self._reached.clear()
        self._retired.clear()
        for line in lines:
            await line.close()

    # --- the house -------------------------------------------------------------------------------

    def account(self, broker_account_id: str) -> Broker:
        """One account; whether there are keys for it is seen when it is used."""
        return KeyedAccount(self, broker_account_id)

    async def open_account(self, currency: str) -> str:
        """Name the account that the environment's keys belong to; raises NoAccess without any."""
        if self._lines.own is None:
            raise self._no_keys("")
        return await self._lines.own.open_account(currency)

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of many accounts, side by side; those that cannot be reached are missing."""
        found: dict[str, Holdings] = {}
        for held in await asyncio.gather(*map(self._held, sorted(set(broker_account_ids)))):
            found |= held
        return found

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """Those of the symbols that the broker trades in parts."""
        return await self.ask_any(
            broker_account_id, lambda line, name: line.fractionable(name, symbols)
        )

    async def ask_any(self, broker_account_id: str, ask: Callable[[Line, str], Awaitable[T]]) -> T:
        """Ask what the broker answers in the same way for all of its accounts.

        Where this account's keys do not work, the line to another one is used.
        """
        try:
            return await ask(await self.line_of(broker_account_id), broker_account_id)
        except NoAccess as error:
            if self._lines.has_foreign_prices:
                raise
            refused = error
        for other, line in tuple(self._reached.items()):
            if other != broker_account_id:
                try:
                    return await ask(line, other)
                except BrokerError:
                    continue
        raise refused

    async def _held(self, broker_account_id: str) -> Mapping[str, Holdings]:
        try:
            line = await self.line_of(broker_account_id)
            return await line.holdings([broker_account_id])
        except BrokerError as error:
            hint = broker_account_id[-4:]
            logger.warning("No holdings of …%s at “%s”: %s", hint, self._name, error)
            return {}

    # --- lines -----------------------------------------------------------------------------------

    def known_line(self, broker_account_id: str) -> Line | None:
        """The line over which an account was reached last; None while that is not known."""
        return self._reached.get(broker_account_id)

    @property
    def assumed_traits(self) -> BrokerTraits:
        """What is taken for true of an account until it has been reached."""
        return self._lines.assumed()

    async def line_of(self, broker_account_id: str) -> Line:
        """The line to an account, over the keys that are its own now; raises NoAccess."""
        if self._lines.has_foreign_prices:
            raise NoAccess(
                AccessFault.FOREIGN_PRICES,
                f"orders at “{self._name}” are priced by its own quotes, and prices come from elsewhere",
            )
        try:
            keys = await self._ring.keys_of(broker_account_id)
        except NoAccess:
            self._retire(broker_account_id)
            raise
        if keys is not None:
            line = await self._line_over(broker_account_id, keys)
        else:
            self._retire(broker_account_id)
            if self._lines.own is None:
                raise self._no_keys(broker_account_id)
            line = self._lines.own
        self._reached[broker_account_id] = line
        return line

    async def _line_over(self, broker_account_id: str, keys: BrokerKeys) -> Line:
        async with self._opening:
            opened = self._opened.get(broker_account_id)
            if opened is not None and opened.keys == keys:
                return opened.line
            line = await asyncio.to_thread(self._lines.open_line, keys)
            self._retire(broker_account_id)
            self._opened[broker_account_id] = _Opened(keys, line)
            return line

    def _retire(self, broker_account_id: str) -> None:
        """Use a line no more; requests on their way over it still come to their end."""
        self._reached.pop(broker_account_id, None)
        opened = self._opened.pop(broker_account_id, None)
        if opened is not None:
            self._retired.append(opened.line)

    def _no_keys(self, broker_account_id: str) -> NoAccess:
        account = f"the account …{broker_account_id[-4:]}" if broker_account_id else "any account"
        return NoAccess(AccessFault.NO_KEYS, f"there are no keys for {account} at “{self._name}”")


class KeyedAccount:
    """A Broker: one account, over the line that its keys open now."""

    def __init__(self, house: KeyedBrokerage, name: str) -> None:
        self._house = house
        self._name = name

    @property
    def traits(self) -> BrokerTraits:
        """What the line's broker declares; until the account has been reached, what is assumed."""
        line = self._house.known_line(self._name)
        return self._house.assumed_traits if line is None else line.account(self._name).traits

    async def _broker(self) -> Broker:
        return (await self._house.line_of(self._name)).account(self._name)

    async def account(self) -> BrokerAccount:
        """The account that the keys open."""
        return await (await self._broker()).account()

    async def holdings(self) -> Holdings:
        """Usable cash and all positions."""
        return await (await self._broker()).holdings()

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """What the broker says of these symbols."""
        return await self._house.ask_any(
            self._name, lambda line, name: line.account(name).assets(symbols)
        )

    async def clock(self) -> BrokerClock:
        """The broker's clock."""
        return await (await self._broker()).clock()

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send one order; without a line it is certainly not sent."""
        return await (await self._broker()).submit(request)

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """Look an order up by our id."""
        return await (await self._broker()).find_order(client_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """All orders that can still be filled."""
        return await (await self._broker()).open_orders()

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Ask for an order to be cancelled."""
        await (await self._broker()).cancel(client_order_id)

    async def report(self, since: datetime | None) -> AccountReport:
        """Look at everything in the account."""
        broker = await self._broker()
        if not isinstance(broker, Watched):
            raise BrokerUnavailable("this broker does not tell of others' orders")
        return await broker.report(since)

    async def costs(self, symbols: Collection[Symbol]) -> BrokerCosts:
        """What positions have cost; nothing where the broker does not tell."""
        broker = await self._broker()
        return (
            await broker.costs(symbols) if isinstance(broker, TellsCosts) else BrokerCosts({}, ())
        )

    async def trades(self, since: datetime) -> Sequence[ShareMove]:
        """Every purchase and sale after a time; nothing where the broker does not tell."""
        broker = await self._broker()
        return await broker.trades(since) if isinstance(broker, TellsTrades) else ()

    async def paid_in_lieu(self, since: datetime) -> Sequence[CashInLieu]:
        """Every payment for a fraction of a share after a time; nothing where the broker does not tell."""
        broker = await self._broker()
        return await broker.paid_in_lieu(since) if isinstance(broker, TellsTrades) else ()

    async def cash_moves(self, since: date) -> Sequence[CashMove] | None:
        """What came and went beside trades from a day on; None where the broker does not tell."""
        broker = await self._broker()
        return await broker.cash_moves(since) if isinstance(broker, TellsCash) else None


class KeyedDoors:
    """Doors: opens a line with keys that are not kept yet, looks which account it leads to, and closes it."""

    def __init__(self, openers: Mapping[str, Callable[[BrokerKeys], Line]]) -> None:
        self._openers = openers

    async def look(self, broker: str, keys: BrokerKeys) -> BrokerAccount:
        """The account that the keys open; raises NotBuiltYet, KeysUnreadable, NoAccess or BrokerUnavailable."""
        if broker not in self._openers:
            raise NotBuiltYet(f"the broker “{broker}”")
        line = self._openers[broker](keys)
        try:
            return await line.account(UNNAMED).account()
        finally:
            await line.close()
