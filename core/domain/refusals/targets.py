"""Refusals about targets, symbols and amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.refusals.base import Refusal


@dataclass(eq=False)
class BadSymbol(Refusal):
    """A text that cannot be a symbol."""

    text: str


@dataclass(eq=False)
class BadAssetClass(Refusal):
    """A text that cannot be an asset class: lower-case letters and ``_``, at most 20."""

    text: str


@dataclass(eq=False)
class UnknownSymbol(Refusal):
    """A symbol that the price source does not know."""

    symbol: str
    suggestions: tuple[str, ...] = ()


@dataclass(eq=False)
class CurrencyMismatch(Refusal):
    """An amount or instrument in another currency than the portfolio's."""

    subject: str
    currency: str
    expected: str


@dataclass(eq=False)
class BadNumber(Refusal):
    """A text that is not the number expected; ``correction`` is the text that would be right, if known."""

    field: str
    text: str
    expected: str
    correction: str | None = None


@dataclass(eq=False)
class BadWeight(Refusal):
    """A target weight outside 0 to 100 percent."""

    symbol: str
    weight: Decimal


@dataclass(eq=False)
class DuplicateTarget(Refusal):
    """The same symbol named twice in one allocation."""

    symbol: str


@dataclass(eq=False)
class TargetsDoNotSum(Refusal):
    """Weights that do not sum to exactly 100 percent; ``difference`` is 100 − sum, in points."""

    total: Decimal
    difference: Decimal


@dataclass(eq=False)
class NoTargets(Refusal):
    """An allocation without a line, or a portfolio that has no targets yet."""


@dataclass(eq=False)
class TooManyTargets(Refusal):
    """More lines than a portfolio may have."""

    count: int
    limit: int


@dataclass(eq=False)
class UnknownPolicyName(Refusal):
    """A policy name that does not exist; ``suggestions`` are the nearest ones."""

    name: str
    suggestions: tuple[str, ...] = ()


@dataclass(eq=False)
class BadPolicyValue(Refusal):
    """A value that a policy field does not take."""

    name: str
    value: str
    expected: str


@dataclass(eq=False)
class CannotRaise(Refusal):
    """Money to be taken out that no sale can bring: what is missing, and the most that can be taken out."""

    missing: Decimal
    most: Decimal
    currency: str = "USD"


@dataclass(eq=False)
class NegativeTotal(Refusal):
    """Holdings whose managed value is not above zero, so that no weight exists."""

    total: Decimal
