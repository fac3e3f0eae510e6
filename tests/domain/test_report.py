"""Reports: what a proposal becomes, and what carrying it out has cost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.order import IN_DOUBT, TERMINAL, Order, OrderState
from core.domain.proposal import TRANSITIONS, ProposalState
from core.domain.report import ExecutionReport, execution_cost, outcome_of, sold_not_bought
from tests.domain.samples import fill, order

STATES = st.lists(st.sampled_from(list(OrderState)), min_size=1, max_size=6)


def orders(states: str) -> tuple[Order, ...]:
    """Orders in the states named, the second word of a pair saying that something was filled."""
    made = []
    for leg, word in enumerate(states.split(), start=1):
        state, _, filled = word.partition("+")
        has_fills = filled or state == "filled"
        made.append(order(leg=leg, state=state, fills=(fill(1, 1),) if has_fills else ()))
    return tuple(made)


@pytest.mark.parametrize(
    ("states", "outcome"),
    [
        ("filled", "done"),
        ("filled filled", "done"),
        ("filled void", "partial"),
        ("filled rejected", "partial"),
        ("cancelled+some expired", "partial"),
        ("expired+some", "partial"),
        ("void", "failed"),
        ("rejected cancelled expired void", "failed"),
        ("filled frozen", "frozen"),
        ("filled unknown", "frozen"),
        ("frozen submitted", "frozen"),
        ("filled submitted", "executing"),
        ("filled intended", "executing"),
        ("submitting", "executing"),
        ("partially_filled+some void", "executing"),
    ],
)
def test_the_orders_together_say_what_became_of_it(states: str, outcome: str) -> None:
    assert outcome_of(orders(states)) == outcome


@given(STATES)
def test_an_outcome_is_executing_or_one_that_executing_leads_to(states: list[OrderState]) -> None:
    made = tuple(order(leg=n, state=state) for n, state in enumerate(states, start=1))
    outcome = outcome_of(made)
    assert outcome in {ProposalState.EXECUTING, *TRANSITIONS[ProposalState.EXECUTING]}
    if set(states) <= TERMINAL:
        assert outcome not in {ProposalState.EXECUTING, ProposalState.FROZEN}
    if set(states) & (IN_DOUBT | {OrderState.FROZEN}):
        assert outcome in {ProposalState.EXECUTING, ProposalState.FROZEN}


def test_the_cost_is_commission_and_what_the_fills_were_worse_than_the_quotes() -> None:
    """sell 10 @ 99.90 for 100, 1.00 commission · buy 20 @ 50.05 for 50: 1 + 1 + 1."""
    sold = order("sell", 10, leg=1, fills=(fill(4, "99.90", 1), fill(6, "99.90", number=2)))
    bought = order("buy", 20, leg=2, fills=(fill(20, "50.05"),))
    assert execution_cost((sold, bought), {1: Decimal(100), 2: Decimal(50)}) == 3


def test_better_fills_than_quoted_are_a_negative_cost() -> None:
    bought = order("buy", 20, leg=1, fills=(fill(20, "49.95"),))
    assert execution_cost((bought,), {1: Decimal(50)}) == -1


def test_an_order_without_fills_costs_nothing() -> None:
    assert execution_cost(orders("void rejected"), {1: Decimal(1), 2: Decimal(1)}) == 0


def test_a_report_judges_its_orders() -> None:
    report = ExecutionReport(orders("filled void"), Decimal(0), Decimal(0), Decimal(7), None)
    assert report.outcome is ProposalState.PARTIAL


def sold_and(states: str) -> tuple[Order, ...]:
    """A sale of 10 at 100 that was filled, and purchases in these states."""
    sale = order("sell", 10, leg=1, state="filled", fills=(fill(10, 100, 1),))
    made = []
    for leg, word in enumerate(states.split(), start=2):
        state, _, detail = word.partition(":")
        fills = (fill(1, 50, number=leg),) if state == "filled" else ()
        made.append(replace(order("buy", 1, leg=leg, state=state, fills=fills), detail=detail))
    return (sale, *made)


@pytest.mark.parametrize(
    ("states", "reasons"),
    [
        ("void:approval_aged", ["approval_aged"]),
        ("void:paused void:paused", ["paused"]),
        ("filled void:no_cash", ["no_cash"]),
        ("rejected cancelled expired", ["refused", "cancelled", "expired"]),
        ("void", ["other"]),
        ("void:what_nobody_knows", ["other"]),
    ],
)
def test_what_was_not_bought_after_a_sale_has_its_reasons(states: str, reasons: list[str]) -> None:
    case = sold_not_bought(sold_and(states))
    assert case is not None
    assert list(case.reasons) == reasons
    assert case.proceeds == 999


@pytest.mark.parametrize(
    "states", ["", "filled", "filled filled", "submitted", "frozen", "intended"]
)
def test_nothing_is_to_be_decided_while_it_runs_or_when_all_was_bought(states: str) -> None:
    assert sold_not_bought(sold_and(states)) is None


def test_without_a_sale_that_was_filled_nothing_is_to_be_decided() -> None:
    sale = order("sell", 10, leg=1, state="expired")
    bought = order("buy", 1, leg=2, state="filled", fills=(fill(1, 50),))
    assert sold_not_bought((sale, bought, order("buy", 1, leg=3, state="void"))) is None
