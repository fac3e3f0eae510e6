"""The printer: a condition to its text, in one form only; reading that text gives the same condition."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum

from core.domain.rules.condition import And, Comparison, Condition, Held, Measure, Not, Or


class _Tightness(IntEnum):
    OR = 0
    AND = 1
    NOT = 2
    HELD = 3
    PRIMARY = 4


def print_condition(condition: Condition) -> str:
    """Write a condition with as few parentheses as its meaning allows: ``VIX > 30 and not SPY move 1d < -4``."""
    return _written(condition)[0]


def print_limit(limit: Decimal) -> str:
    """A number without an exponent and without needless zeros."""
    if limit == 0:
        return "0"
    return f"{limit.normalize():f}"


def _written(condition: Condition) -> tuple[str, _Tightness]:
    match condition:
        case Comparison():
            return _comparison(condition), _Tightness.PRIMARY
        case Held(part, sessions):
            return f"{_within(part, _Tightness.PRIMARY)} for {sessions}d", _Tightness.HELD
        case Not(part):
            return f"not {_within(part, _Tightness.NOT)}", _Tightness.NOT
        case And(parts):
            return " and ".join(_within(p, _Tightness.NOT) for p in parts), _Tightness.AND
        case Or(parts):
            return " or ".join(_within(p, _Tightness.AND) for p in parts), _Tightness.OR


def _within(condition: Condition, least: _Tightness) -> str:
    """A part, in parentheses where it holds together less tightly than its place asks for."""
    text, tightness = _written(condition)
    return text if tightness >= least else f"({text})"


def _comparison(comparison: Comparison) -> str:
    measured = (
        "" if comparison.measure is Measure.LEVEL else f" {comparison.measure} {comparison.span}"
    )
    return f"{comparison.symbol}{measured} {comparison.operator} {print_limit(comparison.limit)}"
