"""One account of the simulated broker, in the words of the port."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from core.domain.ids import ClientOrderId, Symbol
from core.domain.portfolio import Holdings
from core.domain.refusals import EndOfHistory
from core.ports.broker import (
    BrokerAccount,
    BrokerAsset,
    BrokerClock,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    OrderRequest,
)

if TYPE_CHECKING:
    from core.adapters.brokers.simulated.brokerage import SimulatedBrokerage


class SimulatedAccount:
    """A Broker, and through it money can be moved, as the house is embedded."""

    def __init__(self, house: SimulatedBrokerage, number: int) -> None:
        self._house = house
        self._number = number

    @property
    def traits(self) -> BrokerTraits:
        """The house's traits."""
        return self._house.traits

    async def account(self) -> BrokerAccount:
        """The account and its usable cash."""
        return await self._house.details(self._number)

    async def holdings(self) -> Holdings:
        """Usable cash and all positions."""
        name = (await self.account()).broker_account_id
        return (await self._house.holdings([name]))[name]

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """All symbols of the price source trade here; without a closed list, all that are asked."""
        known = await self._house.known_symbols()
        return {
            symbol: BrokerAsset(symbol, f"sim-{symbol}", symbol, True, self.traits.has_fractions)
            for symbol in symbols
            if known is None or symbol in known
        }

    async def clock(self) -> BrokerClock:
        """The market's clock and its next open and close."""
        try:
            now, session = await self._house.now_and_session()
        except EndOfHistory as error:
            raise BrokerUnavailable("the price history has ended") from error
        is_open = session.is_open_at(now)
        after = self._house.session_after(session) if is_open else session
        opens = after.opens_at if after.opens_at > now else session.opens_at + timedelta(days=1)
        return BrokerClock(now, is_open, next_open=opens, next_close=session.closes_at)

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send one order; it is filled, resting or refused when this returns."""
        return await self._house.submit(self._number, request)

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """Look an order up by our id."""
        return await self._house.find_order(self._number, client_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """All orders that can still be filled."""
        return await self._house.open_orders(self._number)

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Cancel an order that is still open."""
        await self._house.cancel(self._number, client_order_id)

    async def transfer(self, amount: Decimal, key: str) -> Decimal:
        """Deposit or withdraw, once per key, and return the usable cash after."""
        return await self._house.transfer(self._number, amount, key)
