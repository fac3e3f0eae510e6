"""Money to be taken out: raised by sales, never too little, and no more than a share too much."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.plan import Plan, PlanRequest, ReasonCode
from core.domain.policy import Direction, Objective, Reserve
from core.domain.portfolio import Holdings
from core.domain.refusals import CannotRaise, NegativeTotal
from core.planning import calculate
from tests.planning.cases import read_case, trade_text, with_account
from tests.planning.every_choice import problem_of, small_request, try_everything
from tests.planning.strategies import requests


def taken_out(text: str, amount: int | str, **changes: object) -> Plan:
    case = read_case(text)
    request = replace(with_account(case.request, withdraw=Decimal(amount)), **changes)  # type: ignore[arg-type]
    return calculate(request)


HALVES = "cash 100 · AAA 52 @ 100.00 target 50 · BBB 48 @ 100.00 target 50"


@pytest.mark.parametrize("objective", Objective)
def test_sells_what_is_over_and_buys_nothing(objective: Objective) -> None:
    plan = taken_out(f"{HALVES} · policy objective {objective}", 500)
    assert plan.needed
    assert plan.reason.code is ReasonCode.WITHDRAWAL
    assert plan.reason.values["amount"] == 500
    assert plan.reason.values["missing"] == 400
    assert [trade_text(trade) for trade in plan.trades] == ["sell AAA 4"]
    assert plan.after.cash == 0


def test_drift_is_measured_on_what_remains() -> None:
    plan = taken_out(HALVES, 2000)
    assert plan.before.total == 8100
    assert [trade_text(trade) for trade in plan.trades] == ["sell AAA 11", "sell BBB 8"]


def test_cash_that_is_enough_sells_nothing_and_says_so() -> None:
    plan = taken_out(HALVES, 100)
    assert not plan.needed
    assert plan.trades == ()
    assert plan.reason.code is ReasonCode.CASH_SUFFICES
    assert plan.reason.values["amount"] == 100


def test_a_line_beyond_its_band_is_bought_as_well() -> None:
    text = "cash 0 · AAA 70 @ 100.00 target 50 · BBB 30 @ 100.00 target 50"
    plan = taken_out(text, 1000)
    assert plan.reason.code is ReasonCode.WITHDRAWAL
    assert [trade_text(trade) for trade in plan.trades] == ["sell AAA 25", "buy BBB 15"]


def test_the_reserve_is_kept_where_it_can_be() -> None:
    plan = taken_out(f"{HALVES} · policy reserve 300", 500)
    assert plan.after.cash >= 300
    assert plan.notes == ()


def test_the_reserve_is_given_up_where_it_must_and_the_plan_says_so() -> None:
    plan = taken_out(f"{HALVES} · policy reserve 3000 nosell BBB", 5000)
    assert [note.code for note in plan.notes] == [ReasonCode.BELOW_RESERVE]
    assert plan.after.cash >= 0


@pytest.mark.parametrize("objective", Objective)
def test_money_that_cannot_be_raised_is_refused_with_the_most(objective: Objective) -> None:
    with pytest.raises(CannotRaise) as refused:
        taken_out(f"{HALVES} · policy nosell BBB fee 2 objective {objective}", 6000)
    assert refused.value.most == Decimal(5298)
    assert refused.value.missing == Decimal(702)


def test_a_limit_on_turnover_is_a_reason_to_refuse_too() -> None:
    with pytest.raises(CannotRaise) as refused:
        taken_out(f"{HALVES} · policy turnover 5", 3000)
    assert refused.value.missing > 0


@given(
    requests(),
    st.integers(1, 3000),
    st.sampled_from([Objective.CLOSEST, Objective.FEWEST, Objective.CHEAPEST]),
)
def test_exactly_enough_is_raised_and_no_account_is_overdrawn(
    request: PlanRequest, amount: int, objective: Objective
) -> None:
    policy = replace(
        request.policy, objective=objective, direction=Direction.BOTH, cash_reserve=Reserve()
    )
    request = with_account(replace(request, policy=policy), withdraw=Decimal(amount))
    try:
        plan = calculate(request)
    except (CannotRaise, NegativeTotal):
        return
    assert plan.after.cash >= min(Decimal(0), request.holdings.cash) or plan.trades
    if plan.reason.code is ReasonCode.WITHDRAWAL:
        assert plan.after.cash >= 0
        if not any(line.breached and line.symbol != "CASH" for line in plan.before.lines):
            assert plan.buys == ()


def test_no_more_is_sold_than_a_share_too_much() -> None:
    """Cash ends at its goal or the reserve, and less than the dearest step above it."""
    chance, raised = Random(3), 0
    while raised < 40:
        request = small_request(chance)
        policy = replace(
            request.policy,
            direction=Direction.BOTH,
            do_not_sell=frozenset(),
            min_trade=Decimal(0),
            spread_bps=Decimal(0),
            commission=Decimal(0),
            bands={},
            band=replace(request.policy.band, absolute=None, relative=None),
        )
        request = with_account(
            replace(request, policy=policy, force=False), withdraw=request.holdings.cash + 200
        )
        try:
            plan = calculate(request)
        except (CannotRaise, NegativeTotal):
            continue
        raised += 1
        goal = plan.before.line(plan.before.lines[-1].symbol).goal * plan.before.total / 100
        kept = max(goal, policy.cash_reserve.of(plan.before.total))
        if plan.reason.code is not ReasonCode.WITHDRAWAL or plan.notes:
            continue
        assert plan.after.cash >= policy.cash_reserve.of(plan.before.total)
        assert plan.after.cash < kept + max(request.prices.values())


@pytest.mark.parametrize("objective", [Objective.FEWEST, Objective.CHEAPEST])
def test_nothing_that_raises_the_money_has_fewer_trades_or_costs_less(objective: Objective) -> None:
    chance, compared = Random(9), 0
    while compared < 25:
        request = small_request(chance)
        policy = replace(request.policy, objective=objective, direction=Direction.BOTH)
        request = replace(request, policy=policy, force=False)
        request = with_account(request, withdraw=max(request.holdings.cash, Decimal(0)) + 150)
        try:
            plan = calculate(request)
        except (CannotRaise, NegativeTotal):
            continue
        if plan.reason.code is not ReasonCode.WITHDRAWAL or plan.notes:
            continue
        others = any(line.breached and line.symbol != "CASH" for line in plan.before.lines)
        short = any(
            line.breached and line.drift > 0 and line.symbol == "CASH" for line in plan.before.lines
        )
        _, report = problem_of(request)
        reach = (
            request
            if others or short
            else replace(request, policy=replace(policy, direction=Direction.SELL_ONLY))
        )
        everything = try_everything(reach, report)
        if everything.least("outside") > 0:
            continue
        compared += 1
        within = everything.outside == 0
        if objective is Objective.FEWEST:
            assert len(plan.trades) == everything.least("trades", within)
        else:
            assert float(plan.cost) <= everything.least("cost", within) + 0.005


@pytest.mark.parametrize("objective", Objective)
@pytest.mark.parametrize("cash", [60, 700, 6000])
def test_new_cash_buys_only(objective: Objective, cash: int) -> None:
    """With little, enough and plenty of it: nothing is sold, nothing is overdrawn, nothing more is outside its band."""
    text = (
        "cash 0 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50 · policy direction buy_only"
    )
    case = read_case(f"{text} objective {objective}")
    positions = case.request.holdings.positions
    request = with_account(case.request, holdings=Holdings(Decimal(cash), positions))
    plan = calculate(request)
    assert plan.sells == ()
    assert plan.after.cash >= 0
    before = max(abs(line.drift) for line in plan.before.lines)
    assert max(abs(w - (0 if s == "CASH" else 50)) for s, w in plan.after.weights.items()) <= before
    if cash == 60:
        assert plan.needed
        assert plan.reason.code is ReasonCode.NOTHING_HELPS
        assert plan.cure is not None
    else:
        assert plan.buys
