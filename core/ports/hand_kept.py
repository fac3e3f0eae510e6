"""Accounts without an interface: their books are kept by people, and people carry their orders out."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from core.domain.book import Book, BookChange, TypedPrice
from core.domain.ids import ClientOrderId, Symbol
from core.domain.lots import Lot
from core.domain.quote import Proxy
from core.ports.broker import BrokerOrder


@runtime_checkable
class HandKept(Protocol):
    """One account whose holdings, prices and fills people type (``BrokerTraits.fills_by_hand``)."""

    async def book(self) -> Book:
        """What was written down, and when it was confirmed."""
        ...

    async def write(self, change: BookChange) -> Book:
        """Write down what a person says, confirmed now, and return the book after it.

        Raises ChecklistOpen while an order of a checklist has no answer yet.
        """
        ...

    async def confirm(self) -> Book:
        """Confirm the book as it stands."""
        ...

    async def set_fractions(self, *, has_fractions: bool) -> None:
        """Say whether the account's broker trades parts of shares."""
        ...

    async def set_price(
        self, symbol: Symbol, price: Decimal, like: Proxy | None = None
    ) -> TypedPrice:
        """Write a price down for what no source quotes; with a proxy it moves as that does from now on."""
        ...

    async def typed_prices(self) -> tuple[TypedPrice, ...]:
        """The typed prices that may be used now, by symbol."""
        ...

    async def tell_fill(
        self,
        client_order_id: ClientOrderId,
        *,
        key: str,
        quantity: Decimal | None = None,
        price: Decimal | None = None,
        lots: Sequence[Lot] = (),
    ) -> BrokerOrder:
        """Write down what a person carried out of an order, and return the order after it.

        A sale takes ``lots`` first, in this order, found by date and cost, and then the oldest.

        Without a quantity: all that is left of it; without a price: the one on the checklist. The same key counts
        once, and an order that is answered already stays as it is. Raises BadNumber for more shares than are left.
        """
        ...
