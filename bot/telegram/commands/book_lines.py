"""Holdings as people type them, one line each: ``VTI 112 @ 250.10 2024-03-01``, ``CASH 1520.35``, ``VTI 0``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from bot.telegram.context import Misunderstood
from bot.words.refusals import refusal_sentence
from core.domain.book import BookChange
from core.domain.ids import Symbol
from core.domain.instrument import CASH, parse_symbol
from core.domain.lots import Lot
from core.domain.money import CENT, ZERO, parse_decimal
from core.domain.refusals import BadNumber, Refusal, UnreadableFile

EXAMPLE = "/holdings VTI 112 @ 250.10 2024-03-01"

_LINE = re.compile(
    r"(?P<symbol>\S+)\s+(?P<quantity>[^\s@]+)(?:\s*@\s*(?P<cost>\S+))?(?:\s+(?P<day>\S+))?"
)
_FILL = re.compile(r"(?P<quantity>[^\s@]+)\s*(?:@|\sat\s)\s*(?P<price>\S+)", re.IGNORECASE)
_MOST = Decimal(10) ** 9
_SHARES = "a number of shares such as 112"
_FIRST_DAY = date(1950, 1, 1)


def read_lines(text: str, today: date) -> BookChange:
    """Read what a person holds; several lines of one symbol are its lots.

    Raises the refusal of a single line, or UnreadableFile naming each bad one of several.
    """
    rows = [row.strip() for row in re.split(r"[\n;]", text) if row.strip()]
    if not rows:
        raise Misunderstood("Write a symbol and the number of shares.", EXAMPLE)
    lots: dict[Symbol, list[Lot]] = {}
    cash: Decimal | None = None
    faults: list[str] = []
    for number, row in enumerate(rows, start=1):
        try:
            symbol, value = _read(row, today)
        except (Refusal, Misunderstood) as error:
            if len(rows) == 1:
                raise
            faults.append(f"Line {number}: {_sentence(error)}")
            continue
        if isinstance(value, Decimal):
            cash = value
        else:
            its = lots.setdefault(symbol, [])
            its += [value] if value.quantity else []
    if faults:
        raise UnreadableFile(tuple(faults[:6]))
    return BookChange({symbol: tuple(its) for symbol, its in lots.items()}, cash)


def read_fill(text: str) -> tuple[Decimal, Decimal]:
    """Read what was traded: ``10 @ 251.30`` is a number of shares and the price of each."""
    match = _FILL.fullmatch(text.strip())
    if match is None:
        raise Misunderstood(
            "Write how many shares you traded, and the price of each.", "10 @ 251.30"
        )
    quantity = parse_decimal("the shares", match["quantity"], _SHARES)
    price = parse_decimal("the price", match["price"].lstrip("$"), "a price such as 251.30")
    if not ZERO < quantity <= _MOST:
        raise BadNumber("the shares", match["quantity"][:40], "a number of shares above 0")
    if not ZERO < price <= _MOST:
        raise BadNumber("the price", match["price"][:40], "a price above 0, such as 251.30")
    return quantity, price


def read_price(items: Sequence[str]) -> tuple[Symbol, Decimal, Symbol | None]:
    """Read what a share is worth, and what its price moves with: ``VTSAX 118.20 like VTI``."""
    symbol, price, *rest = (*items, "", "")[: max(len(items), 2)]
    is_like = len(rest) == 2 and rest[0].lower() == "like"  # noqa: PLR2004 - the word and a symbol
    if not symbol or not price or (rest and not is_like):
        raise Misunderstood(
            "Say what one share of it is worth, and if you like what its price moves with "
            "(/holdings price VTSAX 118.20 like VTI).",
            "/holdings price FUND 12.34",
        )
    return (
        parse_symbol(symbol),
        parse_decimal("the price", price.lstrip("$"), "a price such as 12.34"),
        parse_symbol(rest[1]) if is_like else None,
    )


def _sentence(error: Refusal | Misunderstood) -> str:
    return refusal_sentence(error) if isinstance(error, Refusal) else error.sentence


def _read(row: str, today: date) -> tuple[Symbol, Lot | Decimal]:
    match = _LINE.fullmatch(row)
    if match is None:
        raise Misunderstood(
            f"“{row[:40]}” is not a symbol with a number of shares, and what they cost if you know.",
            EXAMPLE,
        )
    symbol = parse_symbol(match["symbol"])
    if symbol == CASH:
        return symbol, _cash(match["quantity"], [match["cost"], match["day"]])
    quantity = parse_decimal(symbol, match["quantity"], _SHARES)
    if not ZERO <= quantity <= _MOST:
        raise BadNumber(symbol, match["quantity"][:40], "a number of shares, 0 or more")
    return symbol, Lot(symbol, quantity, _cost(match["cost"]), _day(match["day"], today))


def _cash(text: str, rest: Sequence[str | None]) -> Decimal:
    if any(rest):
        raise Misunderstood("CASH takes one amount.", "/holdings CASH 1520.35")
    amount = parse_decimal("the cash", text.lstrip("$"), "an amount such as 1520.35")
    if not ZERO <= amount <= _MOST or amount != amount.quantize(CENT):
        raise BadNumber("the cash", text[:40], "an amount of 0 or more with at most two decimals")
    return amount


def _cost(text: str | None) -> Decimal | None:
    if text is None:
        return None
    cost = parse_decimal("the cost", text.lstrip("$"), "the cost of one share such as 250.10")
    if not ZERO <= cost <= _MOST:
        raise BadNumber("the cost", text[:40], "the cost of one share, 0 or more")
    return cost


def _day(text: str | None, today: date) -> date | None:
    if text is None:
        return None
    expected = "a day in the past such as 2024-03-01"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadNumber("the date", text[:40], expected) from None
    if not _FIRST_DAY <= day <= today:
        raise BadNumber("the date", text[:40], expected)
    return day
