"""Evaluation: whether a condition holds now, since when, by which values, and what is missing to tell.

Three answers: true, false, unknown. What cannot be measured is unknown, and `and`, `or` and `not` carry that on
as Kleene's strong logic of three values does: an `and` with one false part is false whatever the others are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.domain.rules.condition import (
    And,
    Comparison,
    Condition,
    Held,
    Not,
    Or,
    sessions_before,
)
from core.domain.rules.measuring import Gauge
from core.domain.rules.observed import Lack, Observations

LOOK_BACK = 21
"""How many sessions before the one of now are looked at to say since when a rule holds: a month."""


class Truth(StrEnum):
    """What can be said of a condition."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool) -> Truth:  # noqa: FBT001 - it is what is wrapped
        """One of the two certain ones."""
        return cls.TRUE if value else cls.FALSE

    @property
    def opposite(self) -> Truth:
        """The truth of the negation."""
        return {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE}.get(self, Truth.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Reading:
    """The value that a comparison was made with, of which session, and how it came out."""

    comparison: Comparison
    value: Decimal
    day: date
    holds: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The answer with its reasons.

    ``readings`` are the values that decide it, ``lacks`` what is missing where it is unknown. Where it is true,
    ``since`` is the first session of those running in which it was, and ``is_longer`` says that it may have been
    true before that, further back than was looked or known.
    """

    truth: Truth
    readings: tuple[Reading, ...] = ()
    lacks: tuple[Lack, ...] = ()
    since: date | None = None
    is_longer: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    truth: Truth
    readings: tuple[Reading, ...] = ()
    lacks: tuple[Lack, ...] = ()


def sessions_needed(condition: Condition) -> int:
    """How many sessions before the one of now an evaluation may look at, its look back included."""
    return sessions_before(condition) + LOOK_BACK


def evaluate(condition: Condition, observations: Observations) -> Evaluation:
    """Hold a condition against what was seen; never raises, and never takes what is missing for true."""
    looking = _Looking(observations)
    last = len(observations.sessions) - 1
    now = looking.answer(condition, last)
    if now.truth is not Truth.TRUE:
        return Evaluation(now.truth, now.readings, now.lacks)
    first = last
    while first > max(last - LOOK_BACK, 0):
        before = looking.answer(condition, first - 1).truth
        if before is not Truth.TRUE:
            return _true(now, observations, first, is_longer=before is Truth.UNKNOWN)
        first -= 1
    return _true(now, observations, first, is_longer=True)


def _true(now: _Answer, observations: Observations, first: int, *, is_longer: bool) -> Evaluation:
    since = observations.sessions[first]
    return Evaluation(Truth.TRUE, now.readings, since=since, is_longer=is_longer)


class _Looking:
    """Answers conditions at any session of one set of observations."""

    def __init__(self, observations: Observations) -> None:
        self._sessions = observations.sessions
        self._gauge = Gauge(observations)
        self._answers: dict[tuple[Condition, int], _Answer] = {}

    def answer(self, condition: Condition, place: int) -> _Answer:
        """What is true in the session at a place; asked once, because a ``for`` may stand within another."""
        key = (condition, place)
        if key not in self._answers:
            self._answers[key] = self._answer(condition, place)
        return self._answers[key]

    def _answer(self, condition: Condition, place: int) -> _Answer:
        match condition:
            case Comparison():
                return self._compare(condition, place)
            case Not(part):
                answer = self.answer(part, place)
                return _Answer(answer.truth.opposite, answer.readings, answer.lacks)
            case And(parts):
                return _all([self.answer(part, place) for part in parts])
            case Or(parts):
                return _any([self.answer(part, place) for part in parts])
            case Held(part, sessions):
                return self._held(part, place, sessions)

    def _compare(self, comparison: Comparison, place: int) -> _Answer:
        value = self._gauge.measure(comparison, place)
        if isinstance(value, Lack):
            return _Answer(Truth.UNKNOWN, lacks=(value,))
        holds = comparison.operator.holds(value, comparison.limit)
        reading = Reading(comparison, value, self._sessions[place], holds)
        return _Answer(Truth.of(holds), (reading,))

    def _held(self, part: Condition, place: int, sessions: int) -> _Answer:
        """True in all of these sessions; the values of the latest one are told."""
        answers = [self.answer(part, place - back) for back in range(sessions)]
        whole = _all(answers)
        if whole.truth is Truth.TRUE:
            return answers[0]
        if whole.truth is Truth.FALSE:
            return next(answer for answer in answers if answer.truth is Truth.FALSE)
        return whole


def _all(answers: Sequence[_Answer]) -> _Answer:
    return _first_of((Truth.FALSE, Truth.UNKNOWN, Truth.TRUE), answers)


def _any(answers: Sequence[_Answer]) -> _Answer:
    return _first_of((Truth.TRUE, Truth.UNKNOWN, Truth.FALSE), answers)


def _first_of(order: Iterable[Truth], answers: Sequence[_Answer]) -> _Answer:
    """The first truth that any part has, with the reasons of the parts that have it."""
    found = {answer.truth for answer in answers}
    truth = next(truth for truth in order if truth in found)
    deciding = [answer for answer in answers if answer.truth is truth]
    readings = tuple(dict.fromkeys(r for answer in deciding for r in answer.readings))
    lacks = tuple(dict.fromkeys(lack for answer in deciding for lack in answer.lacks))
    return _Answer(truth, readings, lacks)
