"""What rules came to, in one sentence each, such as: Held off: VIX 34.1 > 30 since Tuesday."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from bot.words.labels import CHECK_OUTCOMES
from bot.words.numbers import count, listed, plain
from bot.words.reader import reader
from bot.words.refusals import refusal_sentence
from bot.words.times import date_of, weekday
from core.domain.ids import RuleId
from core.domain.money import ZERO
from core.domain.rules import (
    Action,
    Evaluation,
    Lack,
    LackKind,
    Measure,
    Reading,
    Ruled,
    Span,
    Told,
    Truth,
    Unit,
    Verdict,
    Widening,
)

TIMING = (
    "Holding off is market timing: while it lasts, your portfolio drifts from its targets,"
    " and nobody knows when it is over."
)
"""What is said wherever a rule holds off."""

ACTIONS = {
    Action.CHECK_NOW: "check now",
    Action.HOLD_OFF: "hold off",
    Action.WIDEN: "widen bands",
    Action.NOTIFY: "only notify",
}
"""What rules do, as people choose it."""

MEANINGS = {
    Action.NOTIFY: "you are told once, and nothing else changes",
    Action.CHECK_NOW: "the portfolio is checked, even if no check is due",
    Action.WIDEN: "all bands are wider, so that less is traded",
    Action.HOLD_OFF: "scheduled checks make no plan; /rebalance still does",
}
"""What each comes to while a rule holds."""

_WEEK = 7
_MOST_DECIMALS = 6
_SIGNS = {"<": "<", "<=": "≤", ">": ">", ">=": "≥"}
_UNITS = {
    Unit.SESSIONS: "session",
    Unit.WEEKS: "week",
    Unit.MONTHS: "month",
    Unit.YEARS: "year",
}
_PERCENT = frozenset({Measure.MOVE, Measure.DRAWDOWN, Measure.DISTANCE, Measure.VOLATILITY})


def told_sentences(told: Told) -> list[str]:
    """What is said of a rule that holds, or holds no more: what it did, and what that comes to."""
    if told.is_over:
        over = f"Over: {_values(told.evaluation, told.day)}."
        return [over, *plain_sentences(told.evaluation), *_afterwards(told)]
    first = f"{_did(told.action, told.factor)}: {_values(told.evaluation, told.day)}."
    return [first, *plain_sentences(told.evaluation), *_consequences(told)]


def _afterwards(told: Told) -> list[str]:
    """What it comes to that a rule, which held off or widened, does so no more."""
    number = told.rule_id
    if told.action is Action.HOLD_OFF:
        return [f"Rule {number} holds no more: scheduled checks make plans again."]
    return [f"Rule {number} holds no more: scheduled checks use your own bands again."]


def _consequences(told: Told) -> list[str]:
    match told.action:
        case Action.HOLD_OFF:
            quiet = (
                "The scheduled check made no plan. That stays so, without another word, while rule"
                f" {told.rule_id} holds; /rebalance makes one all the same."
            )
            return [quiet, TIMING]
        case Action.WIDEN:
            return [f"Scheduled checks trade less while rule {told.rule_id} holds."]
        case Action.CHECK_NOW:
            return [_found(told.outcome)]
        case Action.NOTIFY:
            return [f"Rule {told.rule_id} only notifies: nothing else is different."]


def widened_sentence(widening: Widening) -> str:
    """That rules widened the bands of a plan, and why; or that they do so no more for the plan that replaces it."""
    if widening.is_over:
        widens = "widens" if len(widening.rules) == 1 else "widen"
        return f"Your own bands count again: {_named(widening)} {widens} them no more."
    why = "; ".join(_values(each.evaluation, each.day) for each in widening.rules)
    return f"Bands × {plain(widening.factor)} by {_named(widening)}: {why}."


def plain_widened_sentence(widening: Widening) -> str:
    """The same for those who read no formulas."""
    if widening.is_over:
        return f"Parts may be as far away as usual again: {_named(widening)} changes that no more."
    return (
        f"By {_named(widening)} for rough markets, parts may be {plain(widening.factor)} times as far"
        " away as usual."
    )


def ruled_sentence(verdict: Verdict, today: date) -> str:
    """Why scheduled checks leave alone now what is beyond its band; nothing where no rule has them do so."""
    why = "; ".join(_why(each, today) for each in verdict.because)
    numbers = _numbered([each.rule.id for each in verdict.because])
    match verdict.action:
        case Action.WIDEN:
            factor = plain(verdict.factor)
            return f"By {numbers}, parts may be {factor} times as far away now before a plan is made: {why}."
        case Action.HOLD_OFF:
            return f"By {numbers}, no plan is made unasked now: {why}."
        case _:
            return ""


def _named(widening: Widening) -> str:
    return _numbered([each.rule_id for each in widening.rules])


def _numbered(rules: Sequence[RuleId]) -> str:
    """``rule 3``, ``rules 3 and 4``."""
    return f"{'rule' if len(rules) == 1 else 'rules'} {listed([str(each) for each in rules])}"


def asked_sentences(verdict: Verdict, today: date) -> list[str]:
    """What is said to people who ask for a check that rules would have held off, or made with wider bands."""
    said = []
    for each in verdict.because:
        number, why = each.rule.id, _why(each, today)
        if verdict.action is Action.HOLD_OFF:
            did = f"Rule {number} holds off scheduled checks now: {why}."
            said.append(f"{did} You asked, so this one was made.")
        elif verdict.action is Action.WIDEN:
            did = f"Rule {number} widens the bands of scheduled checks now: {why}."
            said.append(f"{did} This one used your own bands.")
    return said


def _found(outcome: str) -> str:
    match outcome:
        case "proposed":
            return "Something is to be traded: see the proposal."
        case "on_target":
            near = (
                "everything is near its target"
                if reader().is_plain
                else "every line is inside its band"
            )
            return f"Nothing is to be traded: {near}."
        case _:
            return f"What came of it: {CHECK_OUTCOMES.get(outcome, outcome)}."


def state_sentence(ruled: Ruled, today: date) -> str:
    """What a rule says of the market now, whether it is on or not, and since when."""
    readings = ruled.evaluation.readings
    now = listed([_plainly(each).rstrip(".") or reading_words(each) for each in readings])
    match ruled.evaluation.truth:
        case Truth.TRUE:
            return f"It holds {since_words(ruled.evaluation, today)}: {now}."
        case Truth.FALSE:
            return f"It does not hold: {now}."
        case Truth.UNKNOWN:
            so = " and counts as off" if ruled.rule.is_enabled else ""
            return f"It cannot be told{so}: {_unknown(ruled)}"


def action_words(action: Action, factor: Decimal | None) -> str:
    """What a rule does: ``hold off``, ``widen bands × 1.5``."""
    return ACTIONS[action] if factor is None else f"{ACTIONS[action]} × {plain(factor)}"


def _unknown(ruled: Ruled) -> str:
    """The datum that is missing, or what is wrong with the text."""
    if ruled.problem is not None:
        return refusal_sentence(ruled.problem)
    return f"{listed([_lacking(lack) for lack in ruled.evaluation.lacks])}."


def reading_words(reading: Reading) -> str:
    """A value beside its limit, as it is: ``VIX 34.1 > 30``, ``SPY drawdown 52w 8.2% ≤ 10%``."""
    comparison = reading.comparison
    name = str(comparison.symbol)
    if comparison.measure is not Measure.LEVEL:
        name = f"{name} {comparison.measure} {comparison.span}"
    unit = "%" if comparison.measure in _PERCENT else ""
    operator = comparison.operator if reading.holds else comparison.operator.opposite
    value = _beside(reading.value, comparison.limit)
    return f"{name} {value}{unit} {_SIGNS[operator]} {plain(comparison.limit)}{unit}"


def plain_sentences(evaluation: Evaluation) -> list[str]:
    """What is measured, in words for those who read no formulas; nothing for prices themselves."""
    return [said for reading in evaluation.readings if (said := _plainly(reading))]


def _plainly(reading: Reading) -> str:
    comparison, value = reading.comparison, reading.value
    symbol, over = comparison.symbol, span_words(comparison.span)
    size = _beside(abs(value), abs(comparison.limit))
    where = "above" if value >= ZERO else "below"
    match comparison.measure:
        case Measure.LEVEL:
            return ""
        case Measure.MOVE:
            return f"{symbol} is {size}% {where} where it was {over} before."
        case Measure.CHANGE:
            return f"{symbol} is {size} points {where} where it was {over} before."
        case Measure.DRAWDOWN:
            return f"{symbol} is {size}% below its highest close of {over}."
        case Measure.DISTANCE:
            return f"{symbol} is {size}% {where} its average of {over}."
        case Measure.VOLATILITY:
            return f"{symbol} swings by {size}% a year, measured over {over}."


def span_words(span: Span | None) -> str:
    """A span in words: ``1 session``, ``52 weeks``; nothing without one."""
    if span is None:
        return ""
    return count(span.count, _UNITS[span.unit])


def _did(action: Action, factor: Decimal | None) -> str:
    match action:
        case Action.HOLD_OFF:
            return "Held off"
        case Action.WIDEN:
            return f"Bands widened × {plain(factor or Decimal(1))}"
        case Action.CHECK_NOW:
            return "Checked now"
        case Action.NOTIFY:
            return "Noted"


def _why(ruled: Ruled, today: date) -> str:
    return _values(ruled.evaluation, today)


def _values(evaluation: Evaluation, today: date) -> str:
    values = listed([reading_words(reading) for reading in evaluation.readings])
    return f"{values} {since_words(evaluation, today)}".rstrip()


def since_words(evaluation: Evaluation, today: date) -> str:
    """Since when: ``since today``, ``since Tuesday`` within a week, ``since 3 Mar 2020``, ``for longer than …``."""
    since = evaluation.since
    if since is None:
        return ""
    if evaluation.is_longer:
        return f"since {date_of(since)} or longer"
    days = (today - since).days
    if days == 0:
        return "since today"
    return f"since {weekday(since)}" if 0 < days < _WEEK else f"since {date_of(since)}"


def _beside(value: Decimal, limit: Decimal) -> str:
    """A value with one decimal, or with so many that it is seen on which side of its limit it lies."""
    for decimals in range(1, _MOST_DECIMALS + 1):
        shown = round(value, decimals)
        if (shown > limit) == (value > limit) and (shown < limit) == (value < limit):
            return _fixed(shown)
    return plain(value)


def _fixed(shown: Decimal) -> str:
    return f"−{abs(shown)}" if shown < ZERO else str(abs(shown))


def _lacking(lack: Lack) -> str:
    day = "" if lack.day is None else date_of(lack.day)
    return {
        LackKind.NO_PRICE: f"{lack.symbol} has no price",
        LackKind.STALE: f"the price of {lack.symbol} is too old",
        LackKind.NOT_A_NUMBER: f"{lack.symbol} came without a number for its price",
        LackKind.NOT_POSITIVE: f"{lack.symbol} is not above 0, so percentages of it mean nothing",
        LackKind.NO_CLOSE: f"{lack.symbol} has no close of {day}",
        LackKind.TOO_FEW: f"{lack.symbol} has too few closes since {day}",
        LackKind.BEFORE_HISTORY: f"closes of {lack.symbol} would be needed from before {day}",
        LackKind.SOURCE: f"the price source did not answer for {lack.symbol}",
    }[lack.kind]
