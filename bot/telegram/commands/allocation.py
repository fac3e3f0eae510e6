"""Allocations as people type them: ``VTI 60 BND 40``, ``VTI=60, BND:40%``, ``VTI|ITOT 60``, one pair a line.

``BND#bonds 40`` names a line's asset class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import zip_longest

from bot.telegram.context import Misunderstood
from core.domain.ids import Symbol
from core.domain.instrument import parse_symbol
from core.domain.money import ZERO, parse_decimal
from core.domain.targets import (
    TargetAllocation,
    TargetLine,
    parse_asset_class,
    require_readable,
    rest_to_cash,
    scale_to_hundred,
)

EXAMPLE = "/targets VTI 60 BND 40"
EXPECTED = "a percentage such as 60"

_BETWEEN_PAIRS = re.compile(r"[;\n]|,(?!\d)|(?<!\d),|(?<=\d),(?=\d+[^\d\s,.%]*[A-Za-z])")
_BETWEEN_PARTS = re.compile(r"[=:]")
_NUMBER = re.compile(r"[+-]?[\d.,]+%?")


def read_allocation(text: str) -> tuple[TargetLine, ...]:
    """Read symbol and percent pairs, in either order; raises BadSymbol, BadAssetClass, BadNumber or Misunderstood.

    The lines are not yet an allocation: whether they sum to 100 is seen by ``allocation_of``.
    """
    return tuple(_line(symbol, weight) for symbol, weight in _pairs(_tokens(text)))


def looks_like_allocation(text: str) -> bool:
    """Whether a text has at least one symbol with a percentage, so that it is worth reading as one."""
    tokens = _tokens(text)
    return len(tokens) > 1 and any(map(_is_number, tokens)) and not all(map(_is_number, tokens))


def allocation_of(lines: Sequence[TargetLine]) -> TargetAllocation:
    """Make the allocation; raises TargetsDoNotSum and whatever else is wrong with it."""
    targets = TargetAllocation(tuple(lines))
    require_readable(targets)
    return targets


def scaled(lines: Sequence[TargetLine]) -> tuple[TargetLine, ...]:
    """The same proportions with a sum of 100."""
    return _with_details(scale_to_hundred(_weights(lines)), lines)


def with_rest_in_cash(lines: Sequence[TargetLine]) -> tuple[TargetLine, ...]:
    """The same weights, and what is missing to 100 as CASH."""
    return _with_details(rest_to_cash(_weights(lines)), lines)


def write_allocation(lines: Iterable[TargetLine]) -> str:
    """Write an allocation so that it reads the same again."""
    return " ".join(
        f"{'|'.join([line.symbol, *line.substitutes])}{_class_of(line)} {plain(line.weight)}"
        for line in lines
    )


def _class_of(line: TargetLine) -> str:
    return "" if line.asset_class is None else f"#{line.asset_class}"


def plain(number: Decimal) -> str:
    """A number as short as it is exact, without an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def has_room_for_cash(lines: Sequence[TargetLine]) -> bool:
    """Whether the weights leave something below 100 that could be CASH."""
    return sum((line.weight for line in lines), ZERO) < 100  # noqa: PLR2004 - percent


def _tokens(text: str) -> list[str]:
    return _BETWEEN_PARTS.sub(" ", _BETWEEN_PAIRS.sub(" ", text)).replace(" %", "%").split()


def _is_number(token: str) -> bool:
    return _NUMBER.fullmatch(token) is not None


def _pairs(tokens: list[str]) -> list[tuple[str, str]]:
    """Put names and numbers together in the order typed; a missing number is an empty one."""
    pairs = list(zip_longest(tokens[::2], tokens[1::2], fillvalue=""))
    if all(_is_number(first) and not _is_number(second) for first, second in pairs):
        return [(name, number) for number, name in pairs]
    return pairs


def _line(name: str, weight: str) -> TargetLine:
    names, mark, asset_class = name.partition("#")
    first, *others = map(parse_symbol, names.split("|"))
    if not weight:
        raise Misunderstood(f"{first} has no percentage behind it.", EXAMPLE)
    percent = parse_decimal(first, weight.removesuffix("%"), EXPECTED)
    kind = parse_asset_class(asset_class) if mark else None
    return TargetLine(first, percent, kind, tuple(others))


def _weights(lines: Sequence[TargetLine]) -> list[tuple[Symbol, Decimal]]:
    return [(line.symbol, line.weight) for line in lines]


def _with_details(
    allocation: TargetAllocation, lines: Sequence[TargetLine]
) -> tuple[TargetLine, ...]:
    typed = {line.symbol: line for line in lines}
    return tuple(
        replace(typed.get(line.symbol, line), weight=line.weight) for line in allocation.lines
    )
