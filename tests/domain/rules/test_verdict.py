"""The verdict over a portfolio's rules: which one counts, and which are only told."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import MemberId, PortfolioId, RuleId
from core.domain.money import ONE
from core.domain.refusals import BadFactor, FactorNotTaken
from core.domain.rules import Action, Evaluation, Rule, Ruled, Truth, combine, require_factor

AT = datetime(2020, 3, 2, 15, 0, tzinfo=UTC)


def ruled(
    number: int,
    action: Action,
    truth: Truth = Truth.TRUE,
    *,
    factor: str | None = None,
    is_enabled: bool = True,
) -> Ruled:
    rule = Rule(
        RuleId(number),
        PortfolioId(1),
        "VIX > 30",
        action,
        MemberId(1),
        AT,
        None if factor is None else Decimal(factor),
        is_enabled,
    )
    return Ruled(rule, Evaluation(truth, since=date(2020, 3, 2)))


def test_a_new_rule_is_off() -> None:
    assert not Rule(
        RuleId(1), PortfolioId(1), "VIX > 30", Action.HOLD_OFF, MemberId(1), AT
    ).is_enabled


def test_without_rules_nothing_but_the_policy_counts() -> None:
    verdict = combine([])
    assert verdict.action is None
    assert verdict.factor == 1


def test_holding_off_beats_widening_beats_checking_now() -> None:
    check, widen = ruled(1, Action.CHECK_NOW), ruled(2, Action.WIDEN, factor="1.5")
    hold, note = ruled(3, Action.HOLD_OFF), ruled(4, Action.NOTIFY)
    verdict = combine([check, widen, hold, note])
    assert (verdict.action, verdict.factor) == (Action.HOLD_OFF, ONE)
    assert (verdict.because, verdict.overruled, verdict.notes) == ((hold,), (check, widen), (note,))
    verdict = combine([check, widen, note])
    assert (verdict.action, verdict.factor) == (Action.WIDEN, Decimal("1.5"))
    assert (verdict.because, verdict.overruled) == ((widen,), (check,))
    verdict = combine([check, note])
    assert (verdict.action, verdict.factor, verdict.because) == (Action.CHECK_NOW, ONE, (check,))


def test_of_several_widenings_the_largest_counts_once() -> None:
    rules = [ruled(n, Action.WIDEN, factor=by) for n, by in enumerate(("1.5", "2", "1.2"))]
    assert combine(rules).factor == 2


def test_a_note_alone_changes_nothing() -> None:
    note = ruled(1, Action.NOTIFY)
    verdict = combine([note])
    assert (verdict.action, verdict.because, verdict.notes) == (None, (), (note,))


def test_what_cannot_be_told_acts_as_if_it_were_off_and_is_named() -> None:
    unknown, check = ruled(1, Action.HOLD_OFF, Truth.UNKNOWN), ruled(2, Action.CHECK_NOW)
    verdict = combine([unknown, check])
    assert (verdict.action, verdict.unknown) == (Action.CHECK_NOW, (unknown,))


def test_a_rule_that_is_off_is_not_looked_at() -> None:
    off = [
        ruled(1, Action.HOLD_OFF, is_enabled=False),
        ruled(2, Action.WIDEN, Truth.UNKNOWN, factor="2", is_enabled=False),
    ]
    assert combine(off) == combine([])


any_ruled = st.builds(
    lambda n, action, truth, is_on: ruled(n, action, truth, factor="2", is_enabled=is_on),
    st.integers(1, 99),
    st.sampled_from(Action),
    st.sampled_from(Truth),
    st.booleans(),
)


@given(st.lists(any_ruled, max_size=8))
def test_every_rule_that_is_on_and_not_false_is_told_once(rules: list[Ruled]) -> None:
    verdict = combine(rules)
    told = [*verdict.because, *verdict.overruled, *verdict.notes, *verdict.unknown]
    expected = [e for e in rules if e.rule.is_enabled and e.evaluation.truth is not Truth.FALSE]
    assert sorted(map(id, told)) == sorted(map(id, expected))
    assert (verdict.action is None) == (verdict.because == ())


@pytest.mark.parametrize("factor", [None, "1", "1.09", "5.01", "1.505", "-2", "NaN", "Infinity"])
def test_a_widening_needs_a_factor_within_its_limits(factor: str | None) -> None:
    with pytest.raises(BadFactor):
        require_factor(Action.WIDEN, None if factor is None else Decimal(factor))


@pytest.mark.parametrize("factor", ["1.1", "1.25", "5.00"])
def test_a_factor_with_two_decimals_is_taken(factor: str) -> None:
    require_factor(Action.WIDEN, Decimal(factor))


@pytest.mark.parametrize("action", [Action.HOLD_OFF, Action.CHECK_NOW, Action.NOTIFY])
def test_nothing_else_takes_a_factor(action: Action) -> None:
    require_factor(action, None)
    with pytest.raises(FactorNotTaken):
        require_factor(action, Decimal(2))
