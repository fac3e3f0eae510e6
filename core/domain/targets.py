"""Target allocations: weights in percent that sum to exactly 100."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ZERO
from core.domain.refusals import (
    BadAssetClass,
    BadPolicyValue,
    BadWeight,
    DuplicateTarget,
    NoTargets,
    TargetsDoNotSum,
    TooManyTargets,
)

MAX_LINES = 50
"""The most lines a portfolio of the chat may have: a longer table cannot be read on a phone."""


_ASSET_CLASS = re.compile(r"[a-z][a-z_]{0,19}")


def parse_asset_class(text: str) -> str:
    """Read the word for an asset class, such as ``bonds`` or ``stocks_us``, in any case; raises BadAssetClass."""
    word = text.strip().lower()
    if not _ASSET_CLASS.fullmatch(word):
        raise BadAssetClass(text.strip()[:40])
    return word


@dataclass(frozen=True, slots=True)
class TargetLine:
    """One line of an allocation: its symbol, weight in percent, asset class, and ranked substitutes."""

    symbol: Symbol
    weight: Decimal
    asset_class: str | None = None
    substitutes: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class TargetAllocation:
    """What a portfolio should look like: lines whose weights sum to exactly 100 percent.

    Raises NoTargets, BadWeight, DuplicateTarget or TargetsDoNotSum at construction.
    """

    lines: tuple[TargetLine, ...]

    def __post_init__(self) -> None:
        """Hold the allocation's rules, so that an invalid one cannot exist."""
        if not self.lines:
            raise NoTargets
        self._require_weights()
        self._require_distinct()
        total = sum((line.weight for line in self.lines), ZERO)
        if total != HUNDRED:
            raise TargetsDoNotSum(total, HUNDRED - total)

    def _require_weights(self) -> None:
        for line in self.lines:
            if not line.weight.is_finite() or not ZERO <= line.weight <= HUNDRED:
                raise BadWeight(line.symbol, line.weight)

    def _require_distinct(self) -> None:
        seen: set[Symbol] = set()
        for line in self.lines:
            for symbol in (line.symbol, *line.substitutes):
                if symbol in seen:
                    raise DuplicateTarget(symbol)
                seen.add(symbol)

    @classmethod
    def of(cls, weights: Mapping[str, Decimal | int | str]) -> TargetAllocation:
        """Make an allocation from plain symbol and percent pairs."""
        return cls(
            tuple(TargetLine(Symbol(symbol), Decimal(weight)) for symbol, weight in weights.items())
        )

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The symbols of the lines that are instruments, in the allocation's order."""
        return tuple(line.symbol for line in self.lines if line.symbol != CASH)

    @cached_property
    def weights(self) -> Mapping[Symbol, Decimal]:
        """Weight by symbol, in percent; CASH only where it is a line."""
        return {line.symbol: line.weight for line in self.lines}

    @cached_property
    def served_by(self) -> Mapping[Symbol, Symbol]:
        """The line's symbol by each symbol that serves it: its own, and its substitutes."""
        served = {line.symbol: line.symbol for line in self.lines}
        for line in self.lines:
            served |= dict.fromkeys(line.substitutes, line.symbol)
        return served

    @cached_property
    def substitutes(self) -> Mapping[Symbol, tuple[Symbol, ...]]:
        """The ranked substitutes by the line's symbol; only lines that have any."""
        return {line.symbol: line.substitutes for line in self.lines if line.substitutes}

    def weight(self, symbol: Symbol) -> Decimal:
        """The target of a symbol in percent; 0 where it has none."""
        return self.weights.get(symbol, ZERO)


def require_classes(targets: TargetAllocation, named: Iterable[str]) -> None:
    """Raise BadPolicyValue where ``locations`` names an asset class that no line of the allocation is in."""
    known = sorted({line.asset_class for line in targets.lines if line.asset_class is not None})
    for word in named:
        if word not in known:
            expected = " or ".join(known) or "a class that a target has, such as in BND#bonds"
            raise BadPolicyValue("locations", word, expected)


def require_readable(targets: TargetAllocation) -> None:
    """Raise TooManyTargets for more lines than can be read on a phone; files may have more."""
    if len(targets.lines) > MAX_LINES:
        raise TooManyTargets(len(targets.lines), MAX_LINES)


def scale_to_hundred(weights: Iterable[tuple[Symbol, Decimal]]) -> TargetAllocation:
    """Scale weights in proportion so that they sum to exactly 100, two decimals each.

    The rounding rest goes to the largest line (the first of equals).
    """
    pairs = list(weights)
    total = sum((weight for _, weight in pairs), ZERO)
    if not pairs or total <= ZERO:
        raise NoTargets
    scaled = [
        (symbol, (weight * HUNDRED / total).quantize(Decimal("0.01"))) for symbol, weight in pairs
    ]
    rest = HUNDRED - sum((weight for _, weight in scaled), ZERO)
    largest = max(range(len(scaled)), key=lambda index: scaled[index][1])
    scaled[largest] = (scaled[largest][0], scaled[largest][1] + rest)
    return TargetAllocation(
        tuple(TargetLine(symbol, weight.normalize() + ZERO) for symbol, weight in scaled)
    )


def rest_to_cash(weights: Iterable[tuple[Symbol, Decimal]]) -> TargetAllocation:
    """Complete weights below 100 percent with CASH; raises TargetsDoNotSum above 100."""
    pairs = list(weights)
    total = sum((weight for _, weight in pairs), ZERO)
    rest = HUNDRED - total
    if rest < ZERO:
        raise TargetsDoNotSum(total, rest)
    lines = [
        TargetLine(symbol, weight + rest if symbol == CASH else weight) for symbol, weight in pairs
    ]
    if rest > ZERO and all(symbol != CASH for symbol, _ in pairs):
        lines.append(TargetLine(CASH, rest))
    return TargetAllocation(tuple(lines))
