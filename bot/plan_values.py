"""Reading single values of a plan file: each fault is kept, named by its field, and none is hidden.

A value is raw: text from CSV, or what JSON has (text, Decimal, bool, None, list, object).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from core.domain.ids import Symbol
from core.domain.instrument import CASH, parse_symbol
from core.domain.money import HUNDRED, ZERO, parse_decimal
from core.domain.refusals import BadNumber, BadSymbol

_Word = TypeVar("_Word", bound=StrEnum)

_MOST = Decimal(10) ** 11
_LEAST_STEP = Decimal(10) ** -12
_SHOWN = 40


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which of its keys were written more than once."""

    def __init__(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Keep the last value of each key, and the keys that came again."""
        super().__init__()
        self.duplicates: list[str] = []
        for key, value in pairs:
            if key in self:
                self.duplicates.append(key)
            self[key] = value


@dataclass(frozen=True, slots=True)
class NotFinite:
    """NaN or an infinity, which Python's JSON takes although JSON has none."""

    text: str


@dataclass(slots=True)
class Faults:
    """Every fault found so far, one line each."""

    lines: list[str] = field(default_factory=list)

    def add(self, where: str, what: str) -> None:
        """Keep a fault of a field."""
        self.lines.append(one_line(f"{where}: {what}"))

    def expected(self, where: str, what: str, raw: object) -> None:
        """Keep that a field is not what was expected."""
        self.add(where, f"expected {what}, got {shown(raw)}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One symbol with one value, each under the name by which a fault is reported."""

    symbol_at: str
    symbol: Any
    value_at: str
    value: Any


def one_line(text: str) -> str:
    """A text without line breaks and other characters that a terminal cannot show safely."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def shown(raw: object) -> str:
    """A raw value as the file has it, cut where it is long."""
    if isinstance(raw, bool) or raw is None:
        return json.dumps(raw)
    if isinstance(raw, Decimal):
        return str(raw)[:_SHOWN]
    if isinstance(raw, NotFinite):
        return raw.text
    if isinstance(raw, str):
        return json.dumps(raw[:_SHOWN], ensure_ascii=False)
    return "an object" if isinstance(raw, dict) else "a list"


def read_number(
    faults: Faults,
    where: str,
    raw: object,
    *,
    expected: str = "a number of at least 0",
    most: Decimal = _MOST,
    above: bool = False,
) -> Decimal | None:
    """Read a number from 0 (or above it) to ``most``, given as text or as a JSON number."""
    value = _decimal(raw)
    if value is None:
        faults.expected(where, _with_hint(expected, raw), raw)
        return None
    if value.is_signed() and value == ZERO:
        value = ZERO
    is_fine = value != ZERO and abs(value) < _LEAST_STEP
    if value > most and most == _MOST:
        expected = f"{expected} and at most {most:f}"
    if value < ZERO or value > most or (above and value == ZERO) or is_fine:
        faults.expected(where, expected, raw)
        return None
    return value


def read_signed(faults: Faults, where: str, raw: object) -> Decimal | None:
    """Read an amount that may be below 0."""
    value = _decimal(raw)
    if value is None or abs(value) > _MOST:
        faults.expected(where, _with_hint("a number, below 0 for a loss", raw), raw)
        return None
    return value


def read_text(faults: Faults, where: str, raw: object, expected: str) -> str | None:
    """Read a short text of one line."""
    if isinstance(raw, str) and raw.strip() and raw.isprintable() and len(raw) <= _SHOWN:
        return raw.strip()
    faults.expected(where, f"{expected}, at most {_SHOWN} characters", raw)
    return None


def read_word(faults: Faults, where: str, raw: object, words: type[_Word]) -> _Word | None:
    """Read one of some words."""
    if isinstance(raw, str) and raw in {word.value for word in words}:
        return words(raw)
    faults.expected(where, "one of " + ", ".join(word.value for word in words), raw)
    return None


def _decimal(raw: object) -> Decimal | None:
    if isinstance(raw, Decimal):
        return raw if raw.is_finite() else None
    if isinstance(raw, str):
        try:
            return parse_decimal("", raw)
        except BadNumber:
            return None
    return None


def _with_hint(expected: str, raw: object) -> str:
    """Add the corrected text where a comma stands for the decimal point."""
    if isinstance(raw, str):
        try:
            parse_decimal("", raw)
        except BadNumber as bad:
            if bad.correction is not None:
                return f"{expected} with a point ({bad.correction})"
    return expected


def read_symbol(faults: Faults, where: str, raw: object) -> Symbol | None:
    """Read a symbol in any case, as its canonical form."""
    try:
        return parse_symbol(raw if isinstance(raw, str) else "")
    except BadSymbol:
        faults.expected(where, "a symbol such as VTI or BRK.B", raw)
        return None


def read_entries(
    faults: Faults,
    entries: Iterable[Entry],
    *,
    expected: str,
    cash_hint: str | None = None,
    most: Decimal = _MOST,
    above: bool = False,
) -> dict[Symbol, Decimal] | None:
    """Read symbols with a number each; None where any of them is at fault.

    ``cash_hint`` says where CASH belongs if it may not be named here.
    """
    found: dict[Symbol, Decimal] = {}
    before = len(faults.lines)
    for entry in entries:
        symbol = read_symbol(faults, entry.symbol_at, entry.symbol)
        value = read_number(
            faults, entry.value_at, entry.value, expected=expected, most=most, above=above
        )
        if symbol == CASH and cash_hint is not None:
            faults.add(entry.symbol_at, cash_hint)
        elif symbol in found:
            faults.add(entry.symbol_at, f"{symbol} is named twice; expected each symbol once")
        elif symbol is not None and value is not None:
            found[symbol] = value
    return found if len(faults.lines) == before else None


def read_weights(faults: Faults, entries: Iterable[Entry]) -> dict[Symbol, Decimal] | None:
    """Read target weights in percent; their sum is the allocation's to judge."""
    return read_entries(faults, entries, expected="a number from 0 to 100", most=HUNDRED)


def read_prices(faults: Faults, entries: Iterable[Entry]) -> dict[Symbol, Decimal] | None:
    """Read prices, each above 0."""
    return read_entries(
        faults,
        entries,
        expected="a number above 0",
        cash_hint="CASH has no price; leave it out",
        above=True,
    )


def read_positions(faults: Faults, entries: Iterable[Entry]) -> dict[Symbol, Decimal] | None:
    """Read quantities in shares."""
    return read_entries(
        faults,
        entries,
        expected="a number of at least 0",
        cash_hint="CASH is not a position; put it under cash",
    )


def read_object(
    faults: Faults, where: str, raw: object, known: Iterable[str] | None = None
) -> JsonObject | None:
    """Read an object, and report its duplicate keys and (where they are known) its unknown ones."""
    if not isinstance(raw, JsonObject):
        faults.expected(where or "the file", "an object", raw)
        return None
    prefix = f"{where}." if where else ""
    for key in raw.duplicates:
        faults.add(f"{prefix}{key[:_SHOWN]}", "named twice; expected once")
    if known is not None:
        names = list(known)
        for key in raw:
            if key not in names:
                faults.add(f"{prefix}{key[:_SHOWN]}", f"unknown field; expected {', '.join(names)}")
    return raw


def read_list(faults: Faults, where: str, raw: object) -> list[Any]:
    """Read a list; what is none is reported and read as empty."""
    if not isinstance(raw, list):
        faults.expected(where, "a list", raw)
        return []
    return raw


def read_date(faults: Faults, where: str, raw: object) -> date | None:
    """Read a date such as 2023-01-05; None where there is none."""
    if raw is None:
        return None
    try:
        if isinstance(raw, str) and len(raw) == len("2023-01-05"):
            return date.fromisoformat(raw)
    except ValueError:
        pass
    faults.expected(where, "a date such as 2023-01-05", raw)
    return None
