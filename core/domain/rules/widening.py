"""Widening: by how much, and by which rules, the bands were widened that a plan was calculated with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.domain.money import ONE
from core.domain.rules.rule import Action
from core.domain.rules.told import Told, told_of
from core.domain.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Widening:
    """The factor of a plan's bands, and the rules with that action as they stood then.

    A factor of 1: the plan before it had wider bands by these rules, which widen nothing any more.
    """

    factor: Decimal
    rules: tuple[Told, ...]

    @property
    def is_over(self) -> bool:
        """Whether the portfolio's own bands count again."""
        return self.factor == ONE

    @property
    def over(self) -> Widening:
        """The same for a plan that is calculated once these rules widen nothing any more."""
        return Widening(ONE, self.rules)


def widening_of(verdict: Verdict, day: date) -> Widening | None:
    """How a verdict of a session widens bands; None where it does not."""
    if verdict.action is not Action.WIDEN:
        return None
    return Widening(verdict.factor, tuple(told_of(each, day) for each in verdict.because))
