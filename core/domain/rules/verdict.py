"""The verdict: what all rules of a portfolio together say about its check.

Holding off beats widening, widening beats checking now, and notes are told beside whatever wins. Of several widenings
the largest factor counts, once. A rule that is off is not looked at; one that cannot be told (or whose text cannot be
read any more) acts as if it were off, and is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.domain.money import ONE
from core.domain.refusals.rules import BadRule
from core.domain.rules.evaluation import Evaluation, Truth
from core.domain.rules.rule import Action, Rule

PRECEDENCE = (Action.HOLD_OFF, Action.WIDEN, Action.CHECK_NOW)
"""The actions that shut each other out, the strongest first."""


@dataclass(frozen=True, slots=True)
class Ruled:
    """A rule with what it came to; ``problem`` is set where its stored text cannot be read any more."""

    rule: Rule
    evaluation: Evaluation
    problem: BadRule | None = None

    @property
    def holds(self) -> bool:
        """Whether its condition is certain to hold."""
        return self.evaluation.truth is Truth.TRUE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done, and by which rules.

    ``action`` is None where nothing but the portfolio's own policy counts. ``factor`` is what bands are multiplied by.
    ``because`` are the rules with that action, ``overruled`` those with a weaker one; ``notes`` only notify;
    ``unknown`` could not be told.
    """

    action: Action | None = None
    factor: Decimal = ONE
    because: tuple[Ruled, ...] = ()
    overruled: tuple[Ruled, ...] = ()
    notes: tuple[Ruled, ...] = ()
    unknown: tuple[Ruled, ...] = ()


def combine(all_ruled: Iterable[Ruled]) -> Verdict:
    """Bring rules that are on to one verdict, each in the order in which it stands."""
    ruled = [each for each in all_ruled if each.rule.is_enabled]
    holding = [each for each in ruled if each.holds]
    found = {each.rule.action for each in holding}
    action = next((action for action in PRECEDENCE if action in found), None)
    because = tuple(each for each in holding if each.rule.action is action)
    factor = ONE
    if action is Action.WIDEN:
        factor = max((each.rule.factor or ONE for each in because), default=ONE)
    return Verdict(
        action,
        factor,
        because,
        tuple(e for e in holding if e.rule.action not in {action, Action.NOTIFY}),
        tuple(e for e in holding if e.rule.action is Action.NOTIFY),
        tuple(e for e in ruled if e.evaluation.truth is Truth.UNKNOWN),
    )
