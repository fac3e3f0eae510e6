"""Tax lots: shares bought together, what they cost, and when they were acquired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import Symbol
from core.domain.money import ZERO


class LotMethod(StrEnum):
    """In which order a sale takes a position's lots."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    MIN_TAX = "min_tax"
    SPECIFIC = "specific"


class Term(StrEnum):
    """Whether a gain counts as short-term or long-term; unknown where the date of purchase is."""

    SHORT = "short"
    LONG = "long"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lot:
    """Shares bought together: what each cost and when they were acquired, None where that is unknown.

    ``name`` tells lots of one symbol apart where a person chooses among them.
    """

    symbol: Symbol
    quantity: Decimal
    cost_per_share: Decimal | None = None
    acquired: date | None = None
    name: str = ""


def quantity_of(lots: Iterable[Lot]) -> Decimal:
    """The shares of some lots together."""
    return sum((lot.quantity for lot in lots), ZERO)
