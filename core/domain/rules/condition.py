"""Conditions: what a rule says of the market, as values that cannot change.

A condition is a comparison, or is made of others with `and`, `or`, `not` and `for`. Nothing here knows
where in a text it stood.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.ids import Symbol

MONTHS_OF_YEAR = 12


class Unit(StrEnum):
    """What a span is counted in: sessions, or weeks, months and years of the calendar."""

    SESSIONS = "d"
    WEEKS = "w"
    MONTHS = "m"
    YEARS = "y"


@dataclass(frozen=True, slots=True)
class Span:
    """How far a measure looks back: so many sessions, or so much of the calendar."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        """As it is typed: ``52w``."""
        return f"{self.count}{self.unit}"

    @property
    def sessions(self) -> int:
        """At most so many sessions lie in it: 5 a week, 23 a month, 262 a year."""
        most = {Unit.SESSIONS: 1, Unit.WEEKS: 5, Unit.MONTHS: 23, Unit.YEARS: 262}
        return self.count * most[self.unit]

    def before(self, day: date) -> date:
        """The day of the calendar that lies so far before another; sessions are not of the calendar (ValueError).

        A month before the 31st is the last day of a month that has none; a year before 29 February is the 28th.
        """
        if self.unit is Unit.SESSIONS:
            raise ValueError("sessions are counted along the sessions, not along the calendar")
        if self.unit is Unit.WEEKS:
            return day - timedelta(weeks=self.count)
        months = self.count * (MONTHS_OF_YEAR if self.unit is Unit.YEARS else 1)
        year, month = divmod(day.year * MONTHS_OF_YEAR + day.month - 1 - months, MONTHS_OF_YEAR)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last))


class Measure(StrEnum):
    """What is measured of a symbol. All but the level look back over a span."""

    LEVEL = "level"
    MOVE = "move"
    CHANGE = "change"
    DRAWDOWN = "drawdown"
    DISTANCE = "distance"
    VOLATILITY = "volatility"


class Operator(StrEnum):
    """How a measure is held against a number."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="

    @property
    def opposite(self) -> Operator:
        """What holds where this one does not."""
        return _OPPOSITES[self]

    def holds(self, value: Decimal, limit: Decimal) -> bool:
        """Whether a value stands so to a number."""
        match self:
            case Operator.ABOVE:
                return value > limit
            case Operator.AT_LEAST:
                return value >= limit
            case Operator.BELOW:
                return value < limit
            case Operator.AT_MOST:
                return value <= limit


_OPPOSITES = {
    Operator.ABOVE: Operator.AT_MOST,
    Operator.AT_LEAST: Operator.BELOW,
    Operator.BELOW: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.ABOVE,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A measure of a symbol against a number; the span is None for the level alone."""

    symbol: Symbol
    measure: Measure
    span: Span | None
    operator: Operator
    limit: Decimal


@dataclass(frozen=True, slots=True)
class Not:
    """Holds where another condition does not."""

    part: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Holds where all of two or more others do."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Holds where one of two or more others does."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Holds where another condition has held in so many sessions running, the one of now included."""

    part: Condition
    sessions: int


Condition = Comparison | Not | And | Or | Held


def comparisons_in(condition: Condition) -> tuple[Comparison, ...]:
    """All comparisons, in the order in which they are written."""
    match condition:
        case Comparison():
            return (condition,)
        case Not(part) | Held(part):
            return comparisons_in(part)
        case And(parts) | Or(parts):
            return tuple(found for part in parts for found in comparisons_in(part))


def symbols_in(condition: Condition) -> frozenset[Symbol]:
    """The symbols as they are written."""
    return frozenset(comparison.symbol for comparison in comparisons_in(condition))


def sessions_before(condition: Condition) -> int:
    """How many sessions before the one of now a condition may look at."""
    match condition:
        case Comparison(span=span):
            return 0 if span is None else span.sessions + 1
        case Not(part):
            return sessions_before(part)
        case Held(part, sessions):
            return sessions_before(part) + sessions - 1
        case And(parts) | Or(parts):
            return max(map(sessions_before, parts))
