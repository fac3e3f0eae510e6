"""Conditions of every shape that the language has, and observations of every quality."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.rules import (
    And,
    Comparison,
    Condition,
    Held,
    Measure,
    Not,
    Observations,
    Observed,
    Operator,
    Or,
    Span,
    Unit,
)
from core.domain.rules.limits import MOST, RANGES, shortest
from core.domain.rules.observed import LackKind
from core.domain.rules.parser import RESERVED

WORDS = [
    *("VIX", "SPY", "^TNX", "BRK.B", "move", "drawdown", "change", "distance", "volatility"),
    *("level", "and", "or", "not", "for", "(", ")", ">", "<", ">=", "=", "30", "-4.5", "10%"),
    *("1d", "52w", "1m", "0d", "99y", "1,5", "%", "^", "²", "٣", "é", "🙂", "\x00", "\n"),
    "__import__('os')",
]
"""Pieces of which texts are made that come near to rules."""

texts = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(WORDS), max_size=16).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=16).map("".join),
)

symbols = st.from_regex(r"\^?[A-Z]{1,5}(\.[A-Z])?", fullmatch=True).filter(
    lambda name: name.lower() not in RESERVED
)


@st.composite
def spans(draw: st.DrawFn, measure: Measure) -> Span | None:
    if measure is Measure.LEVEL:
        return None
    unit = draw(st.sampled_from(Unit))
    return Span(draw(st.integers(shortest(measure, unit).count, MOST[unit].count)), unit)


@st.composite
def comparisons(draw: st.DrawFn, names: st.SearchStrategy[str] = symbols) -> Comparison:
    measure = draw(st.sampled_from(Measure))
    least, most = RANGES.get(measure, (Decimal(-999_999_999), None))
    limits = st.decimals(least, most or 999_999_999, allow_nan=False, places=6)
    return Comparison(
        Symbol(draw(names)),
        measure,
        draw(spans(measure)),
        draw(st.sampled_from(Operator)),
        draw(limits),
    )


def conditions(
    leaves: st.SearchStrategy[Comparison], max_leaves: int = 5
) -> st.SearchStrategy[Condition]:
    def grown(part: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        parts = st.lists(part, min_size=2, max_size=3).map(tuple)
        held = st.builds(Held, part, st.integers(1, 60))
        return st.one_of(st.builds(Not, part), st.builds(And, parts), st.builds(Or, parts), held)

    return st.recursive(leaves, grown, max_leaves=max_leaves)


numbers = st.one_of(
    st.decimals(min_value="0.01", max_value=10_000, places=2),
    st.decimals(),
    st.sampled_from(
        [Decimal(0), Decimal(-1), Decimal("1E+400"), Decimal("1E-400"), Decimal("0E+9")]
    ),
)

NAMES = ("VIX", "SPY")


@st.composite
def observations(draw: st.DrawFn) -> Observations:
    """Up to forty sessions of two symbols, either of which may be absent, broken, or full of holes."""
    first = draw(st.dates(date(2019, 1, 1), date(2021, 1, 1)))
    gaps = draw(st.lists(st.integers(1, 4), max_size=40))
    days = [first]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    seen = {}
    for name in draw(st.sets(st.sampled_from(NAMES))):
        closes = draw(st.lists(st.none() | numbers, min_size=len(days), max_size=len(days)))
        seen[Symbol(name)] = Observed(
            {day: close for day, close in zip(days, closes, strict=True) if close is not None},
            draw(st.none() | numbers),
            draw(st.sampled_from([None, None, None, LackKind.SOURCE])),
        )
    return Observations(tuple(days) if draw(st.booleans()) or gaps else (), seen)
