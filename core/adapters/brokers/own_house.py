"""What houses of our own have in common: how accounts are called, when the exchange trades, and the port's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from core.domain.ids import ClientOrderId
from core.domain.refusals import EndOfHistory
from core.domain.session import Session
from core.ports.broker import (
    BrokerAccount,
    BrokerClock,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    OrderRefused,
    OrderRequest,
)
from core.ports.calendar import Calendar
from core.ports.clock import MarketClock

MOST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class AccountNames:
    """How a house calls its accounts: numbers behind a prefix of its own, such as ``SIM-000007``."""

    prefix: str

    def name(self, number: int) -> str:
        """An account's id as others see it."""
        return f"{self.prefix}{number:06d}"

    def number(self, name: str) -> int:
        """The number in an account's id; 0, which no account has, for an id of another house."""
        digits = name.removeprefix(self.prefix)
        is_ours = digits != name and digits.isascii() and digits.isdigit()
        return int(digits) if is_ours and len(digits) <= MOST_DIGITS else 0


class Hours:
    """When the exchange of a house trades."""

    def __init__(self, calendar: Calendar, clock: MarketClock) -> None:
        self._calendar = calendar
        self._clock = clock

    def open_session(self, now: datetime) -> Session:
        """The session that trades now; raises OrderRefused where none does."""
        try:
            session = self._calendar.current_or_next(now)
        except EndOfHistory:
            raise OrderRefused("market_closed", "the price history has ended") from None
        if not session.is_open_at(now):
            raise OrderRefused("market_closed", f"opens at {session.opens_at.isoformat()}")
        return session

    def session_after(self, session: Session) -> Session:
        """The next session; where the calendar ends, the last one it knows."""
        try:
            return self._calendar.next_after(session.date)
        except EndOfHistory:
            return session

    def last_of(self, now: datetime, count: int) -> Session:
        """The last of so many sessions, from the one that is open or comes next on."""
        last = self._calendar.current_or_next(now)
        for _ in range(count - 1):
            last = self.session_after(last)
        return last

    async def as_broker_clock(self) -> BrokerClock:
        """The market's clock and its next open and close."""
        now = await self._clock.now()
        try:
            session = self._calendar.current_or_next(now)
        except EndOfHistory as error:
            raise BrokerUnavailable("the price history has ended") from error
        is_open = session.is_open_at(now)
        after = self.session_after(session) if is_open else session
        opens = after.opens_at if after.opens_at > now else session.opens_at + timedelta(days=1)
        return BrokerClock(now, is_open, next_open=opens, next_close=session.closes_at)


class House(Protocol):
    """What a house answers for each of its accounts, by number."""

    @property
    def traits(self) -> BrokerTraits:
        """What the house declares about itself."""
        ...

    @property
    def hours(self) -> Hours:
        """When its exchange trades."""
        ...

    async def details(self, number: int) -> BrokerAccount:
        """The account, and what purchases may be paid with."""
        ...

    async def submit(self, number: int, request: OrderRequest) -> BrokerOrder:
        """Take an order in."""
        ...

    async def find_order(self, number: int, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """An account's order by our id."""
        ...

    async def open_orders(self, number: int) -> Sequence[BrokerOrder]:
        """An account's orders that are not at their end yet."""
        ...

    async def cancel(self, number: int, client_order_id: ClientOrderId) -> None:
        """End an order, if it is not at its end yet."""
        ...

    async def transfer(self, number: int, amount: Decimal, key: str) -> Decimal:
        """Move money once per key, and return the cash after."""
        ...


class HouseAccount:
    """One account of a house, in the port's words; money can be moved through it, as the house is embedded."""

    def __init__(self, house: House, number: int) -> None:
        self._house = house
        self._number = number

    @property
    def traits(self) -> BrokerTraits:
        """The house's traits."""
        return self._house.traits

    async def account(self) -> BrokerAccount:
        """The account, and what purchases may be paid with."""
        return await self._house.details(self._number)

    async def clock(self) -> BrokerClock:
        """The market's clock and its next open and close."""
        return await self._house.hours.as_broker_clock()

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Hand one order over to the house."""
        return await self._house.submit(self._number, request)

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """Look an order up by our id."""
        return await self._house.find_order(self._number, client_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """All orders that are not at their end yet."""
        return await self._house.open_orders(self._number)

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Cancel an order that is not at its end yet."""
        await self._house.cancel(self._number, client_order_id)

    async def transfer(self, amount: Decimal, key: str) -> Decimal:
        """Deposit or withdraw, once per key, and return the cash after."""
        return await self._house.transfer(self._number, amount, key)
