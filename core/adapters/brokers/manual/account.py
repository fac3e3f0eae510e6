"""One hand-kept account, in the words of the ports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from core.adapters.brokers.own_house import HouseAccount
from core.domain.book import Book, BookChange, TypedPrice
from core.domain.ids import ClientOrderId, Symbol
from core.domain.lots import Lot
from core.domain.portfolio import Holdings
from core.domain.quote import Proxy
from core.ports.broker import BrokerAsset, BrokerOrder

if TYPE_CHECKING:
    from core.adapters.brokers.manual.brokerage import ManualBrokerage


class ManualAccount(HouseAccount):
    """A Broker whose book is kept by hand, and through which cash can be noted to have moved."""

    _house: ManualBrokerage

    async def holdings(self) -> Holdings:
        """Cash and all positions, as people wrote them down."""
        return await self._house.held(self._number)

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """Whatever has a price or is held can be traded; without a closed list of prices, all that are asked."""
        known = await self._house.known_symbols()
        book = await self._house.book(self._number)
        return {
            symbol: BrokerAsset(symbol, f"hand-{symbol}", symbol, True, book.has_fractions)
            for symbol in symbols
            if known is None or symbol in known or symbol in book.positions
        }

    # --- kept by hand ----------------------------------------------------------------------------

    async def book(self) -> Book:
        """What was written down, and when it was confirmed."""
        return await self._house.book(self._number)

    async def write(self, change: BookChange) -> Book:
        """Write down what a person says."""
        return await self._house.write(self._number, change)

    async def confirm(self) -> Book:
        """Confirm the book as it stands."""
        return await self._house.confirm(self._number)

    async def set_fractions(self, *, has_fractions: bool) -> None:
        """Say whether parts of shares are traded."""
        await self._house.set_fractions(self._number, has_fractions=has_fractions)

    async def set_price(
        self, symbol: Symbol, price: Decimal, like: Proxy | None = None
    ) -> TypedPrice:
        """Write a price down for what no source quotes."""
        return await self._house.set_price(self._number, symbol, price, like)

    async def typed_prices(self) -> tuple[TypedPrice, ...]:
        """The typed prices that may be used now."""
        return await self._house.typed_prices(self._number)

    async def tell_fill(
        self,
        client_order_id: ClientOrderId,
        *,
        key: str,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        lots: Sequence[Lot] = (),
    ) -> BrokerOrder:
        """Write down what a person carried out of an order."""
        return await self._house.tell_fill(
            self._number, client_order_id, key, quantity, price, lots
        )
