"""Is it worth it: trades, and plans, that take less off the drift than their cost asks for are left out."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.plan import Plan, PlanRequest, ReasonCode
from core.domain.policy import Objective
from core.planning import calculate
from tests.planning.cases import Case, read_case, trade_text
from tests.planning.strategies import requests


def test_a_small_trade_that_costs_more_than_it_brings_is_left_out(case: Case) -> None:
    """
    cash 0 · AAA 70 @ 100.00 target 50 · BBB 2 @ 100.00 target 4 · CCC 28 @ 100.00 target 46
    · policy fee 20 worth 11
    -> sell AAA 19 · buy CCC 18
    """
    plan = case.holds()
    (skip,) = (skip for skip in plan.skipped if skip.symbol == "BBB")
    assert skip.reason.code is ReasonCode.NOT_WORTH_IT
    assert skip.reason.values["amount"] < 11 * skip.reason.values["cost"]


def test_without_the_rule_it_is_made() -> None:
    text = (
        "cash 0 · AAA 70 @ 100.00 target 50 · BBB 2 @ 100.00 target 4 · CCC 28 @ 100.00 target 46"
        " · policy fee 20 worth 0"
    )
    assert len(read_case(text).plan.trades) == 3


@pytest.mark.parametrize("objective", Objective)
def test_a_plan_that_costs_more_than_it_brings_is_not_needed(objective: Objective) -> None:
    """1,000 off the drift for a commission of 600, where it should be three times as much."""
    text = (
        "cash 1300 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50"
        f" · policy fee 600 worth 3 objective {objective} band 2"
    )
    plan = read_case(text).plan
    assert not plan.needed
    assert plan.trades == ()
    assert plan.cost == 0
    assert plan.reason.code is ReasonCode.NOT_WORTH_IT
    assert plan.reason.values["amount"] < 3 * plan.reason.values["cost"]
    assert read_case(text.replace("worth 3", "worth 1")).plan.trades


def test_three_times_its_cost_asks_for_more_than_once() -> None:
    """1,000 off the drift, for two commissions of 200: once, not three times."""
    text = (
        "cash 0 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50"
        " · policy fee 200 objective fewest worth "
    )
    assert read_case(text + "1").plan.needed
    assert not read_case(text + "3").plan.needed


def test_an_approved_plan_is_not_thinned_out_when_it_is_carried_out() -> None:
    text = (
        "cash 1300 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50 · policy fee 600 worth "
    )
    agreed = read_case(text + "1").plan
    caps = {trade.key: trade.quantity for trade in agreed.trades}
    request = replace(read_case(text + "3").request, caps=caps)
    assert [trade_text(t) for t in calculate(request).trades] == [
        trade_text(t) for t in agreed.trades
    ]


@given(requests(), st.sampled_from([1, 3]))
def test_what_a_plan_takes_off_the_drift_is_worth_its_cost(
    request: PlanRequest, worth: int
) -> None:
    policy = replace(request.policy, worth=Decimal(worth))
    plan = calculate(replace(request, policy=policy))
    if plan.trades:
        assert _benefit(plan) >= worth * plan.cost - Decimal("0.03") * (len(plan.trades) + worth)


def _benefit(plan: Plan) -> Decimal:
    before = sum((abs(line.weight - line.goal) for line in plan.before.lines), Decimal(0)) / 2
    return (before - plan.after.tracking_error) * plan.before.total / 100
