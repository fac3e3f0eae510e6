"""Money: exact decimals with a currency, and the named roundings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from core.domain.refusals import BadNumber, CurrencyMismatch

CENT = Decimal("0.01")
ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
_SIDES_OF_SPREAD = Decimal(20_000)
"""Two sides share a spread that is counted in ten-thousandths."""

_PLAIN_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+(\.\d+)?|\d+,\d+)", re.ASCII)
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        """Refuse amounts that are not finite."""
        require_finite("amount", self.amount)

    def __add__(self, other: Money) -> Money:
        """Add an amount of the same currency."""
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        """Subtract an amount of the same currency."""
        return Money(self.amount - self._same(other).amount, self.currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch("amount", other.currency, self.currency)
        return other


def require_finite(field: str, value: Decimal) -> Decimal:
    """Return the value, or refuse NaN and infinities, which no money rule can survive."""
    if not value.is_finite():
        raise BadNumber(field, str(value), "a finite number")
    return value


def parse_decimal(field: str, text: str, expected: str = "a number such as 12.5") -> Decimal:
    """Read a plain decimal with a point; exponents, commas and other digits are refused with a correction."""
    cleaned = text.strip()
    if _PLAIN_NUMBER.fullmatch(cleaned) and len(cleaned) <= _MAX_DIGITS + 2:
        return Decimal(cleaned)
    raise BadNumber(field, text[:40], expected, _comma_correction(cleaned))


def _comma_correction(text: str) -> str | None:
    if not _COMMA_NUMBER.fullmatch(text):
        return None
    is_thousands = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", text, re.ASCII)
    return text.replace(",", "") if is_thousands else text.replace(",", ".")


def purchase_cost(quantity: Decimal, price: Decimal) -> Decimal:
    """What a purchase takes from cash: quantity × price, rounded up to the cent."""
    return (quantity * price).quantize(CENT, ROUND_CEILING)


def sale_proceeds(quantity: Decimal, price: Decimal) -> Decimal:
    """What a sale brings: quantity × price, rounded down to the cent."""
    return (quantity * price).quantize(CENT, ROUND_FLOOR)


def to_cents(amount: Decimal) -> Decimal:
    """Round half-even to the cent, for display."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def half_spread(price: Decimal, spread_bps: Decimal) -> Decimal:
    """Half the full spread at a price: what each side of a trade pays per share."""
    return price * spread_bps / _SIDES_OF_SPREAD
