"""What a condition is held against: closes of past sessions and the price of now, and what is missing of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import Symbol

LARGEST_EXPONENT = 12
MOST_DIGITS = 28


class LackKind(StrEnum):
    """Why a measure has no value."""

    NO_PRICE = "no_price"
    STALE = "stale"
    NOT_A_NUMBER = "not_a_number"
    NOT_POSITIVE = "not_positive"
    NO_CLOSE = "no_close"
    TOO_FEW = "too_few"
    BEFORE_HISTORY = "before_history"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Lack:
    """The datum that is missing: of which symbol (as the rule writes it), and of which session."""

    symbol: Symbol
    kind: LackKind
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """One symbol: its closes by session, and the price of now, or why there is none.

    ``fault``, where set, says that nothing of it can be used.
    """

    closes: Mapping[date, Decimal] = field(default_factory=dict)
    latest: Decimal | None = None
    fault: LackKind | None = None


@dataclass(frozen=True, slots=True)
class Observations:
    """The sessions in order, the last one being that of now, and what was seen of symbols as rules write them.

    The close of the last session is never looked at: ``latest`` stands in its place.
    """

    sessions: tuple[date, ...]
    observed: Mapping[Symbol, Observed]


def is_usable(value: Decimal) -> bool:
    """Whether a value is a number that can be calculated with: finite, and of a size that prices have."""
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    is_exact = len(digits) <= MOST_DIGITS and -MOST_DIGITS <= int(exponent) <= LARGEST_EXPONENT
    return is_exact and (value == 0 or abs(value.adjusted()) <= LARGEST_EXPONENT)
