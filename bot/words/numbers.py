"""Numbers as people read them: money, percent, points, shares; rounded half-even, to be shown only.

A minus is the real one (−), which has the width of the plus. Thousands and decimals are marked as the reader marks
them, but for ``plain``, ``percent`` and ``share_price``: those are shown as they are typed.
"""

from __future__ import annotations

from decimal import Decimal

from bot.words.reader import reader
from core.domain.money import ZERO, to_cents

UP, DOWN = "▲", "▼"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_TENTH = Decimal("0.1")
_SHARE_STEP = Decimal("0.000001")


def money(amount: Decimal, currency: str = "USD") -> str:
    """Money to the cent: ``$3,158.54``, ``−$12.00``, ``12.00 CHF``."""
    cents = to_cents(amount)
    return _with_currency(reader().number(f"{abs(cents):,.2f}"), currency, is_negative=cents < ZERO)


def round_money(amount: Decimal, currency: str = "USD") -> str:
    """Money to the whole unit, for hints and pictures: ``$1,180``."""
    whole = amount.quantize(Decimal(1))
    return _with_currency(reader().number(f"{abs(whole):,}"), currency, is_negative=whole < ZERO)


def _with_currency(digits: str, currency: str, *, is_negative: bool) -> str:
    minus = "−" if is_negative else ""
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{digits}" if sign else f"{minus}{digits} {currency}"


def tenths(value: Decimal) -> str:
    """A weight in percent or a drift in points with one decimal: ``66.6``, ``−7.0``."""
    rounded = value.quantize(_TENTH)
    digits = reader().number(str(abs(rounded)))
    return f"−{digits}" if rounded < ZERO else digits


def signed(value: Decimal) -> str:
    """A drift with its sign: ``+6.6``, ``−7.0``, ``0.0``."""
    text = tenths(value)
    return f"+{text}" if value.quantize(_TENTH) > ZERO else text


def growth(fraction: Decimal) -> str:
    """A return, given as a fraction, in percent with its sign: ``+6.6%``, ``−0.4%``."""
    return f"{signed(fraction * 100)}%"


def signed_money(amount: Decimal, currency: str = "USD") -> str:
    """A gain or a loss: ``+$12.00``, ``−$12.00``, ``$0.00``."""
    shown = money(amount, currency)
    return f"+{shown}" if to_cents(amount) > ZERO else shown


def drift_mark(drift: Decimal, *, is_breached: bool) -> str:
    """A drift as the tables show it: ``+6.6▲`` beyond its band, ``+0.4`` and a space within."""
    if not is_breached:
        return f"{signed(drift)} "
    return f"{signed(drift)}{UP if drift > ZERO else DOWN}"


def small_drift(value: Decimal) -> str:
    """A portfolio's drift in points, where ``0.0`` would say too much: ``7.0``, ``under 0.1``."""
    return f"under {tenths(_TENTH)}" if ZERO < value < _TENTH else tenths(value)


def plain(value: Decimal) -> str:
    """A setting as it was given, without needless zeros: ``5``, ``0.5``, ``12.25``."""
    normal = value.normalize()
    return f"{normal:f}".replace("-", "−")


def share_price(price: Decimal) -> str:
    """A limit as one types it: to the cent, and further only where it is: ``51.10``, ``0.1234``."""
    cents = to_cents(price)
    return f"{price:.2f}" if cents == price else plain(price)


def percent(value: Decimal) -> str:
    """A weight as it was set: ``60%``."""
    return f"{plain(value)}%"


def quantity(shares: Decimal) -> str:
    """Shares with separators and without needless zeros: ``1,250``, ``0.347``."""
    trimmed = shares.quantize(_SHARE_STEP).normalize()
    return reader().number(f"{trimmed:,f}").replace("-", "−")


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 order``, ``2 orders``."""
    return f"{reader().number(f'{number:,}')} {one if number == 1 else many or one + 's'}"


def listed(items: list[str]) -> str:
    """Items in a sentence: ``A``, ``A and B``, ``A, B and C``."""
    if len(items) < 2:  # noqa: PLR2004 - one item, or none, is no list
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
