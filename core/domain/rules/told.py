"""Told: what is said of a rule that holds, as small values that a message can be made of later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from core.domain.ids import RuleId
from core.domain.rules.condition import Comparison
from core.domain.rules.evaluation import Evaluation, Reading, Truth
from core.domain.rules.parser import parse
from core.domain.rules.printer import print_condition
from core.domain.rules.rule import Action
from core.domain.rules.verdict import Ruled


@dataclass(frozen=True, slots=True)
class Told:
    """A rule that held on a ``day``, by which values, and what the check came to that it brought about, if any.

    ``is_over``: it had held, and on that day did not any more.
    """

    rule_id: RuleId
    action: Action
    evaluation: Evaluation
    day: date
    factor: Decimal | None = None
    outcome: str = ""
    is_over: bool = False


def told_of(ruled: Ruled, day: date, outcome: str = "") -> Told:
    """What is to be said of a rule that holds, or holds no more."""
    rule = ruled.rule
    is_over = ruled.evaluation.truth is Truth.FALSE
    return Told(rule.id, rule.action, ruled.evaluation, day, rule.factor, outcome, is_over)


def write_told(told: Told) -> dict[str, str]:
    """The values as texts; the readings as the comparisons that they are of."""
    evaluation = told.evaluation
    readings = [
        [print_condition(each.comparison), str(each.value), each.day.isoformat(), each.holds]
        for each in evaluation.readings
    ]
    return {
        "rule": str(told.rule_id),
        "action": str(told.action),
        "factor": "" if told.factor is None else str(told.factor),
        "day": told.day.isoformat(),
        "outcome": told.outcome,
        "readings": json.dumps(readings),
        "since": "" if evaluation.since is None else evaluation.since.isoformat(),
        "longer": "longer" if evaluation.is_longer else "",
        "over": "over" if told.is_over else "",
    }


def read_told(data: Mapping[str, str]) -> Told:
    """What ``write_told`` wrote."""
    is_over = bool(data.get("over"))
    evaluation = Evaluation(
        Truth.FALSE if is_over else Truth.TRUE,
        tuple(_reading(*each) for each in json.loads(data["readings"])),
        since=date.fromisoformat(data["since"]) if data["since"] else None,
        is_longer=bool(data["longer"]),
    )
    return Told(
        RuleId(int(data["rule"])),
        Action(data["action"]),
        evaluation,
        date.fromisoformat(data["day"]),
        Decimal(data["factor"]) if data["factor"] else None,
        data["outcome"],
        is_over,
    )


def _reading(text: str, value: str, day: str, holds: bool) -> Reading:  # noqa: FBT001 - as it was written
    comparison = parse(text)
    if not isinstance(comparison, Comparison):
        raise TypeError(f"{text!r} is no comparison")
    return Reading(comparison, Decimal(value), date.fromisoformat(day), holds)
