"""Measures: the value that a comparison speaks of, in any session, from closes and the price of now.

With v the values by session and b the session that a span begins at:

- level: v
- move: (v / v[b] − 1) × 100, percent
- change: v − v[b], in the symbol's own points
- drawdown: (1 − v / highest of v[b…now]) × 100, percent
- distance: (v / mean of the values after b − 1) × 100, percent; over 200d the mean has 200 values, that of now included
- volatility: standard deviation (sample) of ln(v[i] / v[i−1]) after b × √252 × 100, percent a year
  (Hull, Options, Futures, and Other Derivatives, chapter "The Black–Scholes–Merton Model")
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import cast

from core.domain.ids import Symbol
from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.rules.condition import Comparison, Measure, Span, Unit
from core.domain.rules.observed import Lack, LackKind, Observations, is_usable

SESSIONS_OF_YEAR = 252
"""By which a day's volatility is made one of a year: the usual number of sessions."""

HOLES = 20
"""Of so many sessions in a window one may be without a close; the others then stand for it."""

FEWEST_RETURNS = 2

_CONTEXT = Context(prec=28)

Values = Sequence[Decimal | Lack]


class Gauge:
    """Measures comparisons over one set of observations, each only once."""

    def __init__(self, observations: Observations) -> None:
        self._observations = observations
        self._sessions = observations.sessions
        self._values: dict[Symbol, Values] = {}
        self._holes: dict[Symbol, bool] = {}
        self._returns: dict[Symbol, Sequence[Decimal | None]] = {}
        self._measured: dict[tuple[Comparison, int], Decimal | Lack] = {}

    def measure(self, comparison: Comparison, place: int) -> Decimal | Lack:
        """The value in the session at a place of the sessions, or what is missing for it; never raises."""
        key = (comparison, place)
        if key not in self._measured:
            with localcontext(_CONTEXT):
                self._measured[key] = self._measure(comparison, place)
        return self._measured[key]

    def _measure(self, comparison: Comparison, place: int) -> Decimal | Lack:
        symbol, span = comparison.symbol, comparison.span
        if not 0 <= place < len(self._sessions):
            return self._before_history(symbol)
        value = self._of(symbol)[place]
        if isinstance(value, Lack) or span is None:
            return value
        base = self._base(span, place)
        is_mean = comparison.measure is Measure.DISTANCE and span.unit is Unit.SESSIONS
        if base < (-1 if is_mean else 0):  # the mean begins after its base
            return self._before_history(symbol)
        match comparison.measure:
            case Measure.MOVE | Measure.CHANGE:
                return self._since(comparison, base, value)
            case Measure.VOLATILITY:
                return self._volatility(symbol, base, place)
            case _:
                return self._within(comparison, base, place, value)

    def _since(self, comparison: Comparison, base: int, value: Decimal) -> Decimal | Lack:
        before = self._of(comparison.symbol)[base]
        if isinstance(before, Lack):
            return before
        if comparison.measure is Measure.CHANGE:
            return value - before
        if before <= ZERO:
            return Lack(comparison.symbol, LackKind.NOT_POSITIVE, self._sessions[base])
        return (value / before - ONE) * HUNDRED

    def _within(
        self, comparison: Comparison, base: int, place: int, value: Decimal
    ) -> Decimal | Lack:
        """A drawdown from the highest, or a distance from the mean, of a window."""
        is_drawdown = comparison.measure is Measure.DRAWDOWN
        window = self._window(comparison.symbol, base if is_drawdown else base + 1, place)
        if isinstance(window, Lack):
            return window
        reference = max(window) if is_drawdown else sum(window, ZERO) / len(window)
        if reference <= ZERO:
            return Lack(comparison.symbol, LackKind.NOT_POSITIVE, self._sessions[place])
        return (ONE - value / reference if is_drawdown else value / reference - ONE) * HUNDRED

    def _volatility(self, symbol: Symbol, base: int, place: int) -> Decimal | Lack:
        window = self._window(symbol, base, place)
        if isinstance(window, Lack):
            return window
        returns = [r for r in self._returns_of(symbol)[base + 1 : place + 1] if r is not None]
        if min(window) <= ZERO:
            return Lack(symbol, LackKind.NOT_POSITIVE, self._sessions[place])
        if len(returns) < FEWEST_RETURNS:
            return Lack(symbol, LackKind.TOO_FEW, self._sessions[base])
        mean = sum(returns, ZERO) / len(returns)
        squares = sum(((each - mean) ** 2 for each in returns), ZERO)
        return (squares / (len(returns) - 1) * SESSIONS_OF_YEAR).sqrt() * HUNDRED

    def _window(self, symbol: Symbol, first: int, last: int) -> Sequence[Decimal] | Lack:
        """The values of sessions that have one, if nearly all have."""
        window = self._of(symbol)[first : last + 1]
        if not self._holes[symbol]:
            return cast("Sequence[Decimal]", window)
        found = [value for value in window if not isinstance(value, Lack)]
        holes = len(window) - len(found)
        if holes * HOLES <= len(window):
            return found
        missing = next(value for value in window if isinstance(value, Lack))
        return missing if holes == 1 else Lack(symbol, LackKind.TOO_FEW, missing.day)

    def _base(self, span: Span, place: int) -> int:
        """The session that a span begins at; below 0 where the history does not reach so far."""
        if span.unit is Unit.SESSIONS:
            return place - span.count
        return bisect_right(self._sessions, span.before(self._sessions[place])) - 1

    def _of(self, symbol: Symbol) -> Values:
        if symbol not in self._values:
            self._values[symbol] = self._read(symbol)
            self._holes[symbol] = any(isinstance(v, Lack) for v in self._values[symbol])
        return self._values[symbol]

    def _read(self, symbol: Symbol) -> Values:
        observed = self._observations.observed.get(symbol)
        if observed is None or observed.fault is not None:
            kind = (
                LackKind.NO_PRICE if observed is None or observed.fault is None else observed.fault
            )
            return [Lack(symbol, kind)] * len(self._sessions)
        values = [
            _value(symbol, observed.closes.get(day), LackKind.NO_CLOSE, day)
            for day in self._sessions[:-1]
        ]
        return [*values, _value(symbol, observed.latest, LackKind.NO_PRICE, None)]

    def _returns_of(self, symbol: Symbol) -> Sequence[Decimal | None]:
        """The logarithm of each value over the one before it that there is; None where there is no value."""
        if symbol not in self._returns:
            before: Decimal | None = None
            returns: list[Decimal | None] = []
            for value in self._of(symbol):
                if isinstance(value, Lack) or value <= ZERO:
                    returns.append(None)
                    continue
                returns.append(None if before is None else (value / before).ln())
                before = value
            self._returns[symbol] = returns
        return self._returns[symbol]

    def _before_history(self, symbol: Symbol) -> Lack:
        first = self._sessions[0] if self._sessions else None
        return Lack(symbol, LackKind.BEFORE_HISTORY, first)


def _value(
    symbol: Symbol, value: Decimal | None, missing: LackKind, day: date | None
) -> Decimal | Lack:
    if value is None:
        return Lack(symbol, missing, day)
    return value if is_usable(value) else Lack(symbol, LackKind.NOT_A_NUMBER, day)
