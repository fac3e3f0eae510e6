"""Evaluation: values worked out by hand, three answers, and since when."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.rules import (
    LOOK_BACK,
    And,
    Condition,
    Evaluation,
    Held,
    Lack,
    LackKind,
    Not,
    Observations,
    Observed,
    Or,
    Truth,
    evaluate,
    parse,
    sessions_needed,
)
from tests.domain.rules.strategies import NAMES, comparisons, conditions, observations

SPY, VIX = Symbol("SPY"), Symbol("VIX")
MONDAY = date(2020, 3, 2)
Number = str | int | None


def weekdays(count: int, first: date = MONDAY) -> tuple[date, ...]:
    days = (first + timedelta(days=n) for n in range(count * 2))
    return tuple(day for day in days if day.weekday() < 5)[:count]


def seen(first: date = MONDAY, **symbols: Sequence[Number]) -> Observations:
    """Values by session, the last one being that of now; None where there is none."""
    days = weekdays(len(next(iter(symbols.values()))), first)
    return Observations(
        days,
        {
            Symbol(name): Observed(
                {d: Decimal(v) for d, v in zip(days[:-1], vs, strict=False) if v is not None},
                None if vs[-1] is None else Decimal(vs[-1]),
            )
            for name, vs in symbols.items()
        },
    )


def judged(text: str, observed: Observations) -> Evaluation:
    return evaluate(parse(text), observed)


def value_of(measured: str, observed: Observations) -> Decimal:
    (reading,) = judged(f"{measured} > 0", observed).readings
    return reading.value


@pytest.mark.parametrize(
    ("measured", "values", "expected"),
    [
        ("SPY", [100, 90, 95], "95"),
        ("SPY move 1d", [100, 80, 100], "25"),
        ("SPY move 2d", [200, 80, 100], "-50"),
        ("SPY change 1d", ["4.25", "4.80"], "0.55"),
        ("SPY change 2d", [-1, 0, 1], "2"),
        ("SPY drawdown 2d", [100, 80, 90], "10"),
        ("SPY drawdown 1d", [100, 80, 90], "0"),
        ("SPY distance 3d", [500, 90, 100, 110], "10"),
        ("SPY distance 2d", [90, 100, 300], "50"),
        ("SPY move 1w", [100, 1, 1, 1, 1, 110], "10"),
        ("SPY drawdown 1w", [100, 1, 1, 1, 1, 75], "25"),
        ("SPY distance 1w", [999, 10, 10, 10, 10, 10], "0"),
    ],
)
def test_each_measure_is_what_its_formula_says(
    measured: str, values: list[Number], expected: str
) -> None:
    assert value_of(measured, seen(SPY=values)) == Decimal(expected)


def test_a_month_begins_at_the_last_session_on_or_before_its_day() -> None:
    """A month before 1 May is 1 April; before 4 May it is 3 April, because the 4th is a Saturday."""
    values: list[Number] = list(range(100, 145))
    first_of_may, fourth = 44, 45
    assert weekdays(45)[-1] == date(2020, 5, 1)
    assert value_of("SPY change 1m", seen(SPY=[*values[:first_of_may], 1000])) == 1000 - 122
    assert value_of("SPY change 1m", seen(SPY=[*values, 1000][: fourth + 1])) == 1000 - 124


def test_volatility_is_that_of_the_logarithms_of_returns_a_year() -> None:
    values = [100.0, 101.5, 99.25, 103.0, 102.0, 98.5, 99.0, 104.0, 103.5, 101.0, 105.0]
    returns = [math.log(b / a) for a, b in pairwise(values)]
    expected = statistics.stdev(returns) * math.sqrt(252) * 100
    found = value_of("SPY volatility 10d", seen(SPY=[str(v) for v in values]))
    assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("VIX > 30", Truth.FALSE),
        ("VIX >= 30", Truth.TRUE),
        ("VIX < 30", Truth.FALSE),
        ("VIX <= 30", Truth.TRUE),
        ("not VIX > 30", Truth.TRUE),
        ("VIX >= 30 and SPY > 100", Truth.FALSE),
        ("VIX >= 30 or SPY > 100", Truth.TRUE),
        ("NONE > 1", Truth.UNKNOWN),
        ("not NONE > 1", Truth.UNKNOWN),
        ("NONE > 1 and VIX >= 30", Truth.UNKNOWN),
        ("NONE > 1 and VIX > 30", Truth.FALSE),
        ("NONE > 1 or VIX >= 30", Truth.TRUE),
        ("NONE > 1 or VIX > 30", Truth.UNKNOWN),
        ("VIX >= 30 for 2d", Truth.TRUE),
        ("VIX >= 30 for 3d", Truth.FALSE),
        ("(NONE > 1 or VIX >= 30) for 2d", Truth.TRUE),
    ],
)
def test_conditions_are_put_together_with_three_answers(text: str, truth: Truth) -> None:
    observed = seen(VIX=[29, 31, 30], SPY=[100, 100, 100])
    assert judged(text, observed).truth is truth


@pytest.mark.parametrize(
    ("text", "values", "lack"),
    [
        ("SPY > 1", [1, None], Lack(SPY, LackKind.NO_PRICE)),
        ("VIX > 1", [1, 1], Lack(VIX, LackKind.NO_PRICE)),
        ("SPY > 1", [1, "NaN"], Lack(SPY, LackKind.NOT_A_NUMBER)),
        ("SPY > 1", [1, "Infinity"], Lack(SPY, LackKind.NOT_A_NUMBER)),
        ("SPY > 1", [1, "1E+40"], Lack(SPY, LackKind.NOT_A_NUMBER)),
        ("SPY move 1d > 1", [None, 1], Lack(SPY, LackKind.NO_CLOSE, MONDAY)),
        ("SPY move 1d > 1", ["NaN", 1], Lack(SPY, LackKind.NOT_A_NUMBER, MONDAY)),
        ("SPY move 1d > 1", [0, 1], Lack(SPY, LackKind.NOT_POSITIVE, MONDAY)),
        ("SPY move 2d > 1", [1, 1], Lack(SPY, LackKind.BEFORE_HISTORY, MONDAY)),
        ("SPY move 1y > 1", [1, 1], Lack(SPY, LackKind.BEFORE_HISTORY, MONDAY)),
        ("SPY > 0 for 3d", [1, 1], Lack(SPY, LackKind.BEFORE_HISTORY, MONDAY)),
        ("SPY > 0 for 2d", [None, 1], Lack(SPY, LackKind.NO_CLOSE, MONDAY)),
        ("SPY drawdown 2d > 1", [1, None, 1], Lack(SPY, LackKind.NO_CLOSE, date(2020, 3, 3))),
        ("SPY drawdown 2d > 1", [None, None, 1], Lack(SPY, LackKind.TOO_FEW, MONDAY)),
        ("SPY drawdown 1d > 1", [-1, -2], Lack(SPY, LackKind.NOT_POSITIVE, date(2020, 3, 3))),
        ("SPY distance 2d > 1", [-1, -2], Lack(SPY, LackKind.NOT_POSITIVE, date(2020, 3, 3))),
        (
            "SPY volatility 10d > 1",
            [1] * 10 + [-1],
            Lack(SPY, LackKind.NOT_POSITIVE, date(2020, 3, 16)),
        ),
    ],
)
def test_what_is_missing_is_named_and_never_counts_as_true(
    text: str, values: list[Number], lack: Lack
) -> None:
    evaluation = judged(text, seen(SPY=values))
    assert (evaluation.truth, evaluation.lacks) == (Truth.UNKNOWN, (lack,))
    assert evaluation.since is None


def test_a_symbol_that_nothing_can_be_used_of_is_unknown_for_that_reason() -> None:
    observed = Observations((MONDAY,), {SPY: Observed({}, Decimal(5), LackKind.STALE)})
    assert judged("SPY > 1", observed).lacks == (Lack(SPY, LackKind.STALE),)


def test_without_any_session_everything_is_unknown() -> None:
    nothing = Observations((), {SPY: Observed({}, Decimal(5))})
    assert judged("SPY > 1 for 2d", nothing).lacks == (Lack(SPY, LackKind.BEFORE_HISTORY),)


def test_the_close_of_the_session_of_now_is_not_looked_at() -> None:
    days = weekdays(2)
    observed = Observations(days, {SPY: Observed(dict.fromkeys(days, Decimal(9)), Decimal(1))})
    assert value_of("SPY", observed) == 1


@pytest.mark.parametrize(("holes", "truth"), [(1, Truth.TRUE), (2, Truth.UNKNOWN)])
def test_a_window_may_have_one_hole_in_twenty(holes: int, truth: Truth) -> None:
    values: list[Number] = [*([100] * 20), 80]
    for hole in range(holes):
        values[3 + 5 * hole] = None
    assert judged("SPY drawdown 20d > 10", seen(SPY=values)).truth is truth


def test_returns_go_across_a_hole() -> None:
    values: list[Number] = [*(100 + n % 3 for n in range(25))]
    values[7] = None
    whole = [float(v) for v in values if v is not None]
    returns = [math.log(b / a) for a, b in pairwise(whole)]
    expected = statistics.stdev(returns) * math.sqrt(252) * 100
    found = value_of("SPY volatility 24d", seen(SPY=values))
    assert float(found) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "since", "is_longer"),
    [
        ([20, 29, 31, 34], date(2020, 3, 4), False),
        ([20, 31, 29, 34], date(2020, 3, 5), False),
        ([31, 31, 31, 34], MONDAY, True),
        ([20, None, 31, 34], date(2020, 3, 4), True),
    ],
)
def test_it_says_since_which_session_a_rule_has_held(
    values: list[Number], since: date, is_longer: bool
) -> None:
    evaluation = judged("VIX > 30", seen(VIX=values))
    assert (evaluation.since, evaluation.is_longer) == (since, is_longer)


def test_it_looks_back_for_a_month_only() -> None:
    evaluation = judged("VIX > 30", seen(VIX=[31] * 40))
    assert evaluation.since == weekdays(40)[-1 - LOOK_BACK]
    assert evaluation.is_longer


def test_the_values_that_decide_are_told_and_no_others() -> None:
    observed = seen(VIX=[29, 34], SPY=[100, 95])
    evaluation = judged("VIX > 30 or SPY > 100", observed)
    assert [(r.comparison.symbol, r.value, r.holds) for r in evaluation.readings] == [
        (VIX, Decimal(34), True)
    ]
    evaluation = judged("VIX > 30 and not SPY > 100", observed)
    assert [(r.value, r.holds) for r in evaluation.readings] == [
        (Decimal(34), True),
        (Decimal(95), False),
    ]
    held = judged("VIX > 28 for 2d", observed)
    assert [(r.value, r.day) for r in held.readings] == [(Decimal(34), date(2020, 3, 3))]
    not_held = judged("VIX > 30 for 2d", observed)
    assert [(r.value, r.day) for r in not_held.readings] == [(Decimal(29), MONDAY)]


CONDITIONS = conditions(comparisons(st.sampled_from(NAMES)))


@given(CONDITIONS, observations())
def test_evaluation_never_crashes_and_gives_its_reasons(
    condition: Condition, observed: Observations
) -> None:
    evaluation = evaluate(condition, observed)
    if evaluation.truth is Truth.UNKNOWN:
        assert evaluation.lacks
        assert evaluation.since is None
    else:
        assert evaluation.readings
        assert evaluation.lacks == ()
    assert (evaluation.since is not None) == (evaluation.truth is Truth.TRUE)
    assert all(reading.value.is_finite() for reading in evaluation.readings)


@given(CONDITIONS, observations())
def test_a_negation_is_the_opposite_and_doubled_the_same(
    condition: Condition, observed: Observations
) -> None:
    truth = evaluate(condition, observed).truth
    assert evaluate(Not(condition), observed).truth is truth.opposite
    assert evaluate(Not(Not(condition)), observed).truth is truth


@given(st.lists(CONDITIONS, min_size=2, max_size=3), observations())
def test_and_is_the_weakest_part_and_or_the_strongest(
    parts: list[Condition], observed: Observations
) -> None:
    strength = [Truth.FALSE, Truth.UNKNOWN, Truth.TRUE]
    places = [strength.index(evaluate(part, observed).truth) for part in parts]
    assert evaluate(And(tuple(parts)), observed).truth is strength[min(places)]
    assert evaluate(Or(tuple(parts)), observed).truth is strength[max(places)]


@given(CONDITIONS, observations(), st.integers(1, 5))
def test_what_has_held_for_longer_has_held_for_shorter(
    condition: Condition, observed: Observations, sessions: int
) -> None:
    if evaluate(Held(condition, sessions + 1), observed).truth is Truth.TRUE:
        assert evaluate(Held(condition, sessions), observed).truth is Truth.TRUE
    assert evaluate(Held(condition, 1), observed).truth is evaluate(condition, observed).truth


@given(CONDITIONS, observations())
def test_more_data_never_turns_a_certain_answer(
    condition: Condition, observed: Observations
) -> None:
    """Without one symbol the answer is the same as with it, or unknown."""
    whole = evaluate(condition, observed).truth
    for name in observed.observed:
        less = {n: o for n, o in observed.observed.items() if n != name}
        truth = evaluate(condition, Observations(observed.sessions, less)).truth
        assert truth in {whole, Truth.UNKNOWN}


@given(
    conditions(comparisons(st.sampled_from(NAMES)), max_leaves=3),
    st.dates(MONDAY, date(2024, 1, 1)),
)
def test_the_sessions_that_are_asked_for_are_enough(condition: Condition, last: date) -> None:
    """On a calendar of all weekdays, the densest there is."""
    needed = sessions_needed(condition)
    first = last - timedelta(days=needed // 5 * 7 + 14)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    sessions = tuple(day for day in days if day.weekday() < 5)[-needed - 1 :]
    flat = Observed(dict.fromkeys(sessions, Decimal(50)), Decimal(50))
    evaluation = evaluate(
        condition, Observations(sessions, dict.fromkeys(map(Symbol, NAMES), flat))
    )
    assert evaluation.truth is not Truth.UNKNOWN


def test_the_widest_rule_is_weighed_quickly() -> None:
    """Four measures over five years, held within held; a moment of processor time, and not sixty times sixty."""
    condition: Condition = And(
        tuple(parse(f"SPY volatility {1200 + n}d > 1") for n in range(2))
        + tuple(parse(f"SPY drawdown {1200 + n}d >= 0") for n in range(2))
    )
    for _ in range(2):
        condition = Held(condition, 60)
    observed = seen(SPY=[100 + n % 7 for n in range(sessions_needed(condition) + 1)])
    start = time.process_time()
    assert evaluate(condition, observed).truth is Truth.TRUE
    assert time.process_time() - start < 20
