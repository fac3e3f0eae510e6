"""The kinds of values that policy fields take: how each is read and shown, and its range."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from core.domain.due_date import FIRST_DAY, LAST_DAY, WEEKDAYS, ChosenDay
from core.domain.ids import Symbol
from core.domain.instrument import CASH, parse_symbol
from core.domain.money import HUNDRED, ZERO, parse_decimal
from core.domain.policy import Location, Reserve
from core.domain.refusals import BadAssetClass, BadNumber, BadPolicyValue, BadSymbol
from core.domain.slot import Slot, read_slot, slot_name, typical_minute
from core.domain.targets import parse_asset_class
from core.domain.tax_treatment import TaxTreatment

_OFF = frozenset({"off", "none", "no"})
_MOST_MONEY = Decimal(1_000_000_000)
_MOST_TIMES = 4
_MONTHS_OF_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class ValueKind:
    """How one kind of value is read and shown; ``expected`` names the range in words."""

    expected: str
    unit: str
    read: Callable[[str, str], Any]
    show: Callable[[Any], str]


def plain(value: Decimal) -> str:
    """A decimal without exponent and needless zeros: ``5``, ``0.5``, ``100``."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) if value else "0"


def _show_or_off(value: Decimal | None) -> str:
    return "off" if value is None else plain(value)


def is_off(text: str) -> bool:
    """Whether a value is the word that switches a setting off."""
    return text.strip().lower() in _OFF


def _read_number(name: str, text: str, expected: str) -> Decimal:
    try:
        return parse_decimal(name, text, expected)
    except BadNumber as bad:
        hint = f"{expected}, with a point: {bad.correction}" if bad.correction else expected
        raise BadPolicyValue(name, text.strip()[:40], hint) from None


def number(
    unit: str, least: Decimal, most: Decimal, *, above: bool = False, may_be_off: bool = False
) -> ValueKind:
    """A decimal within a range; ``above`` leaves the lower end out; ``off`` where it may be off."""
    span = f"{'above' if above else 'from'} {plain(least)} to {plain(most)}"
    expected = f"a number {span}" + (", or off" if may_be_off else "")

    def read(name: str, text: str) -> Decimal | None:
        if may_be_off and is_off(text):
            return None
        bare = text.strip().removesuffix("%") if "percent" in unit or unit == "points" else text
        value = _read_number(name, bare, expected)
        if not least <= value <= most or (above and value == least):
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return value

    return ValueKind(expected, unit, read, _show_or_off)


def whole(unit: str, least: int, most: int) -> ValueKind:
    """A whole number within a range; ``off`` is 0 where 0 is in it."""
    expected = f"a whole number from {least} to {most}"

    def read(name: str, text: str) -> int:
        value = ZERO if least == 0 and is_off(text) else _read_number(name, text, expected)
        if value != int(value) or not least <= value <= most:
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return int(value)

    return ValueKind(expected, unit, read, str)


def money(*, may_be_off: bool = False) -> ValueKind:
    """An amount in the portfolio's currency of at least 0; ``off`` is 0, or no limit where it may be off."""
    expected = "an amount of at least 0, such as 25" + (", or off" if may_be_off else "")

    def read(name: str, text: str) -> Decimal | None:
        return None if may_be_off and is_off(text) else _read_money(name, text, expected)

    return ValueKind(expected, "money", read, _show_or_off)


def _read_money(name: str, text: str, expected: str) -> Decimal:
    if is_off(text):
        return ZERO
    value = _read_number(name, text.strip().removeprefix("$"), expected)
    if not ZERO <= value <= _MOST_MONEY:
        raise BadPolicyValue(name, text.strip()[:40], expected)
    return value


def reserve() -> ValueKind:
    """An amount of money, or with ``%`` a part of the managed total; ``off`` is 0."""
    expected = "an amount such as 500, or a percentage from 0% to 100%, such as 0.5%"

    def read(name: str, text: str) -> Reserve:
        bare = text.strip()
        if not bare.endswith("%"):
            return Reserve(_read_money(name, bare, expected))
        value = _read_number(name, bare.removesuffix("%"), expected)
        if not ZERO <= value <= HUNDRED:
            raise BadPolicyValue(name, bare[:40], expected)
        return Reserve(value, is_percent=True)

    def show(value: Reserve) -> str:
        return plain(value.amount) + ("%" if value.is_percent else "")

    return ValueKind(expected, "money, or percent of the total with %", read, show)


def choice(options: type[StrEnum], **others: StrEnum) -> ValueKind:
    """One of some words, in any case, dashes as good as underscores; ``others`` are synonyms."""
    words = {option.value: option for option in options} | others
    expected = "one of " + ", ".join(option.value for option in options)

    def read(name: str, text: str) -> StrEnum:
        word = text.strip().lower().replace("-", "_")
        if word not in words:
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return words[word]

    return ValueKind(expected, "", read, str)


def switch() -> ValueKind:
    """On or off."""
    expected = "on or off"
    words = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}

    def read(name: str, text: str) -> bool:
        word = text.strip().lower()
        if word not in words:
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return words[word]

    return ValueKind(expected, "", read, lambda value: "on" if value else "off")


def symbols() -> ValueKind:
    """A set of instruments, separated by commas; ``none`` is empty."""
    expected = "symbols separated by commas, such as VTI,BND, or none"

    def read(name: str, text: str) -> frozenset[Symbol]:
        if is_off(text) or not text.strip():
            return frozenset()
        try:
            found = frozenset(parse_symbol(part) for part in text.split(","))
        except BadSymbol as bad:
            raise BadPolicyValue(name, bad.text, expected) from None
        if CASH in found:
            raise BadPolicyValue(name, CASH, f"{expected}; CASH is never traded")
        return found

    def show(value: Collection[Symbol]) -> str:
        return ",".join(sorted(value)) or "none"

    return ValueKind(expected, "", read, show)


def locations() -> ValueKind:
    """Asset classes with the tax treatments of the accounts where they are rather kept; ``none`` is empty."""
    expected = (
        "classes with accounts, such as bonds:tax_deferred,stocks:taxable|tax_free"
        " (taxable, tax_deferred, tax_free), or none"
    )

    def read(name: str, text: str) -> tuple[Location, ...]:
        if is_off(text) or not text.strip():
            return ()
        found = {}
        for part in text.lower().split(","):
            asset_class, _, treatments = part.partition(":")
            try:
                word = parse_asset_class(asset_class)
                kept = tuple(TaxTreatment(each.strip()) for each in treatments.split("|"))
            except (ValueError, BadAssetClass):
                raise BadPolicyValue(name, part.strip()[:40], expected) from None
            found[word] = Location(word, tuple(sorted(set(kept))))
        return tuple(location for _, location in sorted(found.items()))

    def show(value: Collection[Location]) -> str:
        return (
            ",".join(f"{each.asset_class}:{'|'.join(each.treatments)}" for each in value) or "none"
        )

    return ValueKind(expected, "", read, show)


def times() -> ValueKind:
    """Times of day at the exchange within its hours, by the clock or counted from the open or the close."""
    expected = (
        f"up to {_MOST_TIMES} exchange times from 09:30 and before 16:00,"
        " such as 11:00, open+15m or close-30m, separated by commas"
    )

    def read(name: str, text: str) -> tuple[Slot, ...]:
        try:
            found = sorted({read_slot(part) for part in text.split(",")}, key=typical_minute)
        except ValueError:
            raise BadPolicyValue(name, text.strip()[:40], expected) from None
        if len(found) > _MOST_TIMES:
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return tuple(found)

    def show(value: tuple[Slot, ...]) -> str:
        return ",".join(slot_name(slot) for slot in value)

    return ValueKind(expected, "exchange time", read, show)


def chosen_day() -> ValueKind:
    """A day of the calendar's period: of the month, of a month of the period, or of the week."""
    expected = (
        "first, last, a day of the month such as 15, a month of the period and a day such as 2-15,"
        " or with calendar weekly a weekday such as fri"
    )

    def read(name: str, text: str) -> ChosenDay:
        bare = text.strip().lower()
        if bare in {"first", "last"}:
            return FIRST_DAY if bare == "first" else ChosenDay(LAST_DAY)
        if bare[:3] in WEEKDAYS and bare.isalpha():
            return ChosenDay(WEEKDAYS.index(bare[:3]) + 1, is_weekday=True)
        month, dash, day = bare.rpartition("-")
        parts = (month, day) if dash else ("1", day)
        if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in parts):  # noqa: PLR2004
            raise BadPolicyValue(name, text.strip()[:40], expected)
        found = ChosenDay(int(parts[1]), int(parts[0]))
        if not (1 <= found.day <= LAST_DAY and 1 <= found.month <= _MONTHS_OF_A_YEAR):
            raise BadPolicyValue(name, text.strip()[:40], expected)
        return found

    def show(value: ChosenDay) -> str:
        if value == FIRST_DAY:
            return "first"
        if value.is_weekday:
            return WEEKDAYS[value.day - 1]
        day = "last" if value.day == LAST_DAY else str(value.day)
        return day if value.month == 1 else f"{value.month}-{value.day}"

    return ValueKind(expected, "", read, show)
