"""Books: what people say an account holds, where its broker has no interface to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod, lot_order, lots_after, quantity_of, sell_lots
from core.domain.money import ZERO
from core.domain.quote import Proxy

CONFIRMED_FOR = timedelta(days=30)
"""How long what was typed is taken for true without being confirmed."""

PRICE_SESSIONS = 5
"""For how many sessions a typed price may be used, the one in which it was typed being the first."""

PROXY_FOR = timedelta(days=90)
"""How long a typed price may be moved with its proxy before it is to be typed again."""


@dataclass(frozen=True, slots=True)
class TypedPrice:
    """A price that a person typed for what no source quotes, and until when it may be used.

    ``like`` is set where it moves with a proxy from then on.
    """

    symbol: Symbol
    price: Decimal
    typed_at: datetime
    valid_until: datetime
    like: Proxy | None = None


@dataclass(frozen=True, slots=True)
class BookChange:
    """What a person says: the whole of each symbol named, and the cash where it is named.

    A symbol without lots is held no more; one of which only the number of shares is said keeps what is known of their
    cost (``recounted``). ``replaces_all``: what is not named is held no more either.
    """

    lots: Mapping[Symbol, tuple[Lot, ...]]
    cash: Decimal | None = None
    replaces_all: bool = False

    @property
    def positions(self) -> dict[Symbol, Decimal]:
        """Shares by symbol, 0 for what is held no more."""
        return {symbol: quantity_of(lots) for symbol, lots in self.lots.items()}


@dataclass(frozen=True, slots=True)
class Book:
    """An account as people wrote it down, with the time when that was last confirmed."""

    cash: Decimal
    lots: tuple[Lot, ...]
    confirmed_at: datetime | None
    has_fractions: bool = False

    @property
    def positions(self) -> dict[Symbol, Decimal]:
        """Shares by symbol."""
        return {
            symbol: quantity_of(lot for lot in self.lots if lot.symbol == symbol)
            for symbol in sorted({lot.symbol for lot in self.lots})
        }

    def is_old(self, now: datetime) -> bool:
        """Whether it must be confirmed before anything is made from it."""
        return self.confirmed_at is not None and now - self.confirmed_at > CONFIRMED_FOR

    def days_since(self, now: datetime) -> int | None:
        """Whole days since it was confirmed; None where nobody ever wrote anything."""
        return None if self.confirmed_at is None else max((now - self.confirmed_at).days, 0)


def recounted(known: Sequence[Lot], typed: Sequence[Lot], today: date) -> tuple[Lot, ...]:
    """One symbol's lots after somebody has said what is held of it.

    Where that is only a number of shares, what is known of their cost and age stays: fewer shares leave the oldest
    first, as a sale takes them; those that are more come in with nothing known. ``today`` is the exchange's date.
    """
    if len(typed) != 1 or (typed[0].cost_per_share, typed[0].acquired) != (None, None):
        return tuple(typed)
    (counted,) = typed
    difference = counted.quantity - quantity_of(known)
    if difference >= ZERO:
        more = (Lot(counted.symbol, difference),) if difference else ()
        return (*known, *more)
    oldest_first = lot_order(known, LotMethod.FIFO, sold=today, price=ZERO)
    return lots_after(known, sell_lots(oldest_first, -difference, ZERO, today))
