"""Limits of the rule language: how long, deep and wide a rule may be, and how far it may look back."""

from __future__ import annotations

from decimal import Decimal

from core.domain.rules.condition import Measure, Span, Unit

MAX_LENGTH = 200
"""Characters of a rule."""
MAX_DEPTH = 8
"""Parentheses and ``not`` inside one another."""
MAX_COMPARISONS = 8
MAX_HELD = 60
"""Sessions of a ``for``."""
MAX_RULES = 20
"""Rules of a portfolio, those that are off included."""

MOST = {
    Unit.SESSIONS: Span(1260, Unit.SESSIONS),
    Unit.WEEKS: Span(260, Unit.WEEKS),
    Unit.MONTHS: Span(60, Unit.MONTHS),
    Unit.YEARS: Span(5, Unit.YEARS),
}
"""The longest spans: five years."""

_TWO_SESSIONS = {Unit.SESSIONS: 2}
_TEN_SESSIONS = {Unit.SESSIONS: 10, Unit.WEEKS: 3}
_LEAST = {Measure.DISTANCE: _TWO_SESSIONS, Measure.VOLATILITY: _TEN_SESSIONS}

RANGES: dict[Measure, tuple[Decimal, Decimal | None]] = {
    Measure.DRAWDOWN: (Decimal(0), Decimal(100)),
    Measure.VOLATILITY: (Decimal(0), None),
}
"""From what to what a measure can be, where that is a limit to what it is compared with."""


def shortest(measure: Measure, unit: Unit) -> Span:
    """The shortest span of a unit: an average takes two closes, and volatility ten returns to mean anything."""
    return Span(_LEAST.get(measure, {}).get(unit, 1), unit)
