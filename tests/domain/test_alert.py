"""Alerts: which drift is news to those who have answered, and when money that lies spare is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.alert import has_grown, has_new_cash, known_drifts, spare_cash
from core.domain.drift import DriftReport, measure_drift
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import After
from core.domain.policy import Band, Policy, Reserve
from core.domain.portfolio import Holdings
from core.domain.proposal import ProposalState
from core.domain.targets import TargetAllocation
from tests.domain import samples

A, B = Symbol("A"), Symbol("B")
TWO = Decimal(2)
FIVE = Policy(band=Band(Decimal(5), None), cash_reserve=Reserve())


def report(a: int, b: int, cash: int = 0, policy: Policy = FIVE) -> DriftReport:
    """Shares of one dollar, half of it each."""
    held = Holdings(Decimal(cash), {A: Decimal(a), B: Decimal(b)})
    targets = TargetAllocation.of({"A": 50, "B": 50})
    return measure_drift(held, {A: Decimal(1), B: Decimal(1)}, targets, policy)


@pytest.mark.parametrize(
    ("known", "now", "is_news"),
    [
        (56, 56, False),
        (56, 57, False),
        (56, 58, True),
        (56, 54, False),
        (58, 56, False),
        (56, 44, True),
        (44, 56, True),
        (44, 43, False),
        (44, 42, True),
        (50, 56, True),
        (50, 54, False),
    ],
)
def test_a_drift_is_news_when_it_has_grown_by_so_much(
    known: int, now: int, *, is_news: bool
) -> None:
    """Of 100 dollars: A against a target of 50 and a band of 5, and B the other way."""
    before = {line.symbol: line.drift for line in report(known, 100 - known).lines}
    assert has_grown(before, report(now, 100 - now), TWO) is is_news


def test_without_an_amount_no_growth_is_news() -> None:
    assert not has_grown({}, report(90, 10), None)


def test_a_line_that_nobody_knew_of_is_counted_from_its_target() -> None:
    assert has_grown({}, report(56, 44), TWO)
    assert not has_grown({}, report(54, 46), TWO)


@given(st.integers(1, 99), st.integers(1, 99), st.integers(0, 20))
def test_what_is_within_its_bands_is_never_news(known: int, now: int, growth: int) -> None:
    before = {line.symbol: line.drift for line in report(known, 100 - known).lines}
    after = report(now, 100 - now)
    if has_grown(before, after, Decimal(growth)):
        assert after.breached


def test_people_know_the_drift_that_was_put_to_them_and_what_a_plan_carried_out_has_left() -> None:
    plan = replace(
        samples.plan(samples.trade("sell", 4, "A", 1)),
        before=report(56, 44),
        after=After(
            Decimal(1), {A: Decimal(51), B: Decimal(48), CASH: Decimal(1)}, Decimal(2), Decimal(0)
        ),
    )
    put = samples.proposal(state=ProposalState.REJECTED)
    rejected = replace(put, revision=replace(put.revision, plan=plan))
    assert known_drifts(rejected) == {A: 6, B: -6, CASH: 0}
    done = replace(rejected, state=ProposalState.DONE)
    assert known_drifts(done) == {A: 1, B: -2, CASH: 1}


@pytest.mark.parametrize(
    ("cash", "reserve", "spare"),
    [
        (500, Reserve(), 500),
        (500, Reserve(Decimal(200)), 300),
        (500, Reserve(Decimal(10), is_percent=True), 350),
        (100, Reserve(Decimal(200)), 0),
    ],
)
def test_spare_is_what_lies_beyond_the_target_and_the_reserve(
    cash: int, reserve: Reserve, spare: int
) -> None:
    own = replace(FIVE, cash_reserve=reserve)
    assert spare_cash(report(500, 500, cash, own), own) == spare


def test_spare_cash_counts_from_the_amount_of_the_policy_on() -> None:
    found = report(500, 500, 100)
    assert not has_new_cash(found, FIVE)
    assert has_new_cash(found, replace(FIVE, new_cash=Decimal(100)))
    assert not has_new_cash(found, replace(FIVE, new_cash=Decimal("100.01")))
