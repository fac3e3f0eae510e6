"""Drift: how far each line is from its target, whether that breaks its band, and where a plan should take it.

Weight = value / total value of the managed part, before the trades. Drift = weight − target, in points.
Portfolio drift = half the sum of the absolute drifts, CASH included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.policy import Outside, Policy
from core.domain.portfolio import Holdings
from core.domain.refusals import NegativeTotal
from core.domain.targets import TargetAllocation


@dataclass(frozen=True, slots=True)
class DriftPart:
    """What is held of one of the symbols that serve a line."""

    symbol: Symbol
    quantity: Decimal
    price: Decimal
    value: Decimal


class DriftLine(NamedTuple):
    """One managed line: quantity in shares (money for CASH), weights and drift in percent and points.

    ``band`` is None where no band part applies; ``goal`` is the weight that a plan aims at. Where substitutes are held,
    ``value`` and what follows from it count them, ``parts`` names them beside the line's own symbol, and ``quantity``
    and ``price`` are those of that symbol alone.
    """

    symbol: Symbol
    quantity: Decimal
    price: Decimal
    value: Decimal
    weight: Decimal
    target: Decimal
    goal: Decimal
    drift: Decimal
    band: Decimal | None
    breached: bool
    parts: tuple[DriftPart, ...] = ()


@dataclass(frozen=True, slots=True)
class OutsideLine:
    """A position without a target that policy keeps: shown, but excluded from the total."""

    symbol: Symbol
    quantity: Decimal
    price: Decimal | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class DriftReport:
    """The managed lines in the allocation's order (CASH last), the outside ones, and the portfolio's drift."""

    total: Decimal
    lines: tuple[DriftLine, ...]
    outside: tuple[OutsideLine, ...]
    portfolio_drift: Decimal

    @property
    def breached(self) -> tuple[DriftLine, ...]:
        """The lines beyond their band, the furthest first."""
        lines = [line for line in self.lines if line.breached]
        return tuple(sorted(lines, key=lambda line: (-abs(line.drift), line.symbol)))

    @property
    def only_cash_is_over(self) -> bool:
        """Whether too much cash is the one thing wrong, so that purchases alone should cure it."""
        out = [line for line in self.lines if line.breached]
        return len(out) == 1 and out[0].symbol == CASH and out[0].drift > ZERO

    def line(self, symbol: Symbol) -> DriftLine:
        """The line of a symbol; raises KeyError."""
        for line in reversed(self.lines):  # CASH, which is asked for most, is the last
            if line.symbol == symbol:
                return line
        raise KeyError(symbol)


def measure_drift(
    holdings: Holdings,
    prices: Mapping[Symbol, Decimal],
    targets: TargetAllocation,
    policy: Policy,
    whole_shares: frozenset[Symbol] = frozenset(),
    served: Mapping[Symbol, tuple[Symbol, ...]] | None = None,
) -> DriftReport:
    """Hold holdings against targets; ``whole_shares`` cannot be traded in parts.

    Every managed symbol needs a price (KeyError otherwise: prices are judged before).
    Raises NegativeTotal. ``served`` are the ``served_lines``, where they have been looked up before.
    """
    served = served_lines(holdings, targets, policy) if served is None else served
    held = holdings.positions
    values = {
        line: sum((held.get(each, ZERO) * prices[each] for each in symbols), ZERO)
        if len(symbols) > 1
        else ZERO + held.get(line, ZERO) * prices[line]
        for line, symbols in served.items()
    }
    total = sum(values.values(), holdings.cash)
    if total <= ZERO:
        raise NegativeTotal(total)
    values[CASH] = holdings.cash
    weights = {symbol: value / total * HUNDRED for symbol, value in values.items()}
    bands, wanted = _bands(weights, targets, policy), targets.weights
    goals = _goals(weights, bands, wanted, policy.destination)
    lines, sizes = [], []
    for symbol, weight in weights.items():
        is_cash = symbol == CASH
        price = ONE if is_cash else prices[symbol]
        target, band = wanted.get(symbol, ZERO), bands[symbol]
        drift = weight - target
        size = abs(drift)
        sizes.append(size)
        is_out = band is not None and size > band
        if is_out and symbol in whole_shares and not is_cash:
            is_out = is_breached(drift, band, price / total * HUNDRED)
        symbols = served.get(symbol, ())
        lines.append(
            DriftLine(
                symbol,
                holdings.cash if is_cash else held.get(symbol, ZERO),
                price,
                values[symbol],
                weight,
                target,
                goals[symbol],
                drift,
                band,
                is_out,
                _parts(holdings, prices, symbols) if len(symbols) > 1 else (),
            )
        )
    return DriftReport(
        total, tuple(lines), _outside(holdings, prices, served), sum(sorted(sizes), ZERO) / 2
    )


def _parts(
    holdings: Holdings, prices: Mapping[Symbol, Decimal], symbols: tuple[Symbol, ...]
) -> tuple[DriftPart, ...]:
    held = ((symbol, holdings.positions.get(symbol, ZERO)) for symbol in symbols)
    return tuple(
        DriftPart(symbol, quantity, prices[symbol], quantity * prices[symbol])
        for symbol, quantity in held
    )


def served_lines(
    holdings: Holdings, targets: TargetAllocation, policy: Policy
) -> dict[Symbol, tuple[Symbol, ...]]:
    """The symbols that count towards each line: its own first, then the substitutes that are held.

    Lines with a target come in its order, then the positions that policy would sell, each a line of its own.
    """
    held = holdings.positions
    served = {
        line.symbol: (line.symbol, *[each for each in line.substitutes if held.get(each)])
        if line.substitutes
        else (line.symbol,)
        for line in targets.lines
        if line.symbol != CASH
    }
    if policy.outside is not Outside.KEEP:
        targeted = {symbol for symbols in served.values() for symbol in symbols}
        others = [each for each, quantity in held.items() if each not in targeted and quantity]
        served |= {symbol: (symbol,) for symbol in sorted(others)}
    return served


def managed_symbols(
    holdings: Holdings, targets: TargetAllocation, policy: Policy
) -> tuple[Symbol, ...]:
    """The instruments that count, and so must have a price: line by line."""
    return symbols_of(served_lines(holdings, targets, policy))


def symbols_of(served: Mapping[Symbol, tuple[Symbol, ...]]) -> tuple[Symbol, ...]:
    """The symbols that count towards any line: line by line."""
    return tuple([symbol for symbols in served.values() for symbol in symbols])


def _bands(
    symbols: Iterable[Symbol], targets: TargetAllocation, policy: Policy
) -> dict[Symbol, Decimal | None]:
    wanted, band, bands = targets.weights, policy.band, policy.bands
    return {
        symbol: bands.get(symbol, band).width(symbol, wanted.get(symbol, ZERO))
        for symbol in symbols
    }


def _goals(
    weights: Mapping[Symbol, Decimal],
    bands: Mapping[Symbol, Decimal | None],
    wanted: Mapping[Symbol, Decimal],
    destination: Decimal,
) -> dict[Symbol, Decimal]:
    """Where a plan aims, in percent; the goals sum to 100.

    goal = target + (1 − d) × (the part of the drift inside the band); the residual 100 − Σ goals goes to
    the lines whose (target − goal) has its sign, in proportion to |target − goal|.
    """
    slack = 1 - destination
    if slack == ZERO:
        return {symbol: wanted.get(symbol, ZERO) for symbol in weights}
    goals = {}
    for symbol, weight in weights.items():
        target, band = wanted.get(symbol, ZERO), bands[symbol]
        drift = weight - target
        inside = drift if band is None else max(-band, min(band, drift))
        goals[symbol] = target + slack * inside
    return _spread_residual(goals, wanted)


def _spread_residual(
    goals: dict[Symbol, Decimal], wanted: Mapping[Symbol, Decimal]
) -> dict[Symbol, Decimal]:
    residual = HUNDRED - sum(sorted(goals.values()), ZERO)
    if residual == ZERO:
        return goals
    room = {
        symbol: part
        for symbol, goal in goals.items()
        if (part := wanted.get(symbol, ZERO) - goal) * residual > ZERO
    }
    whole = abs(sum(sorted(room.values()), ZERO))
    if whole == ZERO:
        return goals
    return {
        symbol: goal + residual * abs(room[symbol]) / whole if symbol in room else goal
        for symbol, goal in goals.items()
    }


def is_breached(drift: Decimal, band: Decimal | None, share: Decimal = ZERO) -> bool:
    """Whether |drift| is beyond the band and one share less or more would help.

    ``share`` is one share's weight in points; 0 where parts of shares can be traded.
    """
    return band is not None and abs(drift) > band and share < 2 * abs(drift)


def _outside(
    holdings: Holdings,
    prices: Mapping[Symbol, Decimal],
    served: Mapping[Symbol, tuple[Symbol, ...]],
) -> tuple[OutsideLine, ...]:
    managed = set(symbols_of(served))
    kept = [
        each for each, quantity in holdings.positions.items() if each not in managed and quantity
    ]
    return tuple(
        OutsideLine(
            symbol,
            quantity := holdings.positions[symbol],
            price := prices.get(symbol),
            None if price is None else quantity * price,
        )
        for symbol in sorted(kept)
    )
