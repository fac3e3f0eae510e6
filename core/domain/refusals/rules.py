"""Refusals about rules for market conditions: what in a rule's text cannot be read, and which word it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.domain.refusals.base import Refusal


class Expected(StrEnum):
    """What may stand at a place of a rule."""

    SYMBOL = "symbol"
    MEASURE = "measure"
    OPERATOR = "operator"
    NUMBER = "number"
    SPAN = "span"
    SESSIONS = "sessions"
    CLOSING = "closing"
    JOINT = "joint"


@dataclass(eq=False)
class BadRule(Refusal):
    """A text that is no rule: ``length`` characters from place ``at`` (counted from 0) are what is wrong.

    A missing word is at the end of the text, one character long.
    """

    text: str
    at: int
    length: int

    @property
    def found(self) -> str:
        """What stands there; nothing at the end."""
        return self.text[self.at : self.at + self.length]


@dataclass(eq=False)
class RuleEmpty(BadRule):
    """A rule without a word in it."""


@dataclass(eq=False)
class RuleTooLong(BadRule):
    """More than ``limit`` characters."""

    limit: int


@dataclass(eq=False)
class RuleTooDeep(BadRule):
    """More than ``limit`` parentheses and ``not`` inside one another."""

    limit: int


@dataclass(eq=False)
class RuleTooWide(BadRule):
    """More than ``limit`` comparisons."""

    limit: int


@dataclass(eq=False)
class RuleUnexpected(BadRule):
    """Something else than what may stand there; ``near`` is the word that was perhaps meant."""

    expected: Expected
    near: str = ""


@dataclass(eq=False)
class RuleNumber(BadRule):
    """A number that cannot be read; ``correction`` is how it is written with a point."""

    correction: str | None = None


@dataclass(eq=False)
class RuleEquality(BadRule):
    """A comparison for being equal, which a price hardly ever is."""


@dataclass(eq=False)
class RuleSpan(BadRule):
    """A span that is too short or too long for what is measured over it."""

    least: str
    most: str


@dataclass(eq=False)
class RuleNeverTrue(BadRule):
    """A number that a measure can never reach, so that the rule would always or never hold."""

    measure: str
    most: Decimal | None


@dataclass(eq=False)
class TooManyRules(Refusal):
    """One rule more than a portfolio may have."""

    limit: int


@dataclass(eq=False)
class SameRule(Refusal):
    """A rule that says and does what one of the portfolio does already."""

    number: int


@dataclass(eq=False)
class UnknownRule(Refusal):
    """A rule that the portfolio does not have."""

    number: int


@dataclass(eq=False)
class BadFactor(Refusal):
    """A factor that bands cannot be widened by, or none at all for a rule that widens them."""

    factor: Decimal | None
    least: Decimal
    most: Decimal


@dataclass(eq=False)
class FactorNotTaken(Refusal):
    """A factor for a rule that widens no bands."""
