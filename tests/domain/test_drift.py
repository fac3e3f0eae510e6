from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.drift import DriftReport, is_breached, measure_drift
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED
from core.domain.policy import Band, Outside, Policy
from core.domain.portfolio import Holdings
from core.domain.refusals import NegativeTotal
from core.domain.targets import TargetAllocation

A, B, C, OUT = Symbol("A"), Symbol("B"), Symbol("C"), Symbol("OUT")


def measured(
    cash: int,
    positions: dict[str, int],
    targets: dict[str, int],
    policy: Policy | None = None,
    price: int = 1,
    whole: frozenset[Symbol] = frozenset(),
) -> DriftReport:
    return measure_drift(
        Holdings(Decimal(cash), {Symbol(s): Decimal(q) for s, q in positions.items()}),
        {Symbol(s): Decimal(price) for s in positions},
        TargetAllocation.of(dict(targets)),
        policy or Policy(),
        whole,
    )


def test_drift_is_weight_less_target_and_the_portfolios_is_half_their_sum() -> None:
    """
    cash 200 · A 5000 target 60 · B 2000 target 40
    -> A +9.44 · B −12.22 · CASH +2.78 · together 12.22
    """
    report = measured(200, {"A": 5000, "B": 2000}, {"A": 60, "B": 40})
    drifts = {line.symbol: round(line.drift, 2) for line in report.lines}
    assert drifts == {A: Decimal("9.44"), B: Decimal("-12.22"), CASH: Decimal("2.78")}
    assert round(report.portfolio_drift, 2) == Decimal("12.22")
    assert [line.symbol for line in report.breached] == ["B", "A"]


@pytest.mark.parametrize(("held", "is_out"), [(65, False), (66, True), (55, False), (54, True)])
def test_a_line_is_breached_beyond_its_band_and_not_at_it(held: int, is_out: bool) -> None:
    report = measured(0, {"A": held, "B": 100 - held}, {"A": 60, "B": 40})
    assert report.line(A).breached is is_out


def test_a_small_target_has_the_tighter_relative_band() -> None:
    """target 10 · band 25 % of it -> 2.5 points"""
    report = measured(0, {"A": 87, "B": 13}, {"A": 90, "B": 10})
    assert report.line(B).band == Decimal("2.5")
    assert report.line(B).breached
    assert not report.line(A).breached


@pytest.mark.parametrize(
    ("drift", "share", "is_out"),
    [
        ("6", "11", True),
        ("6", "12", False),
        ("6", "0", True),
        ("5", "0", False),
        ("-6", "11", True),
    ],
)
def test_whole_shares_breach_only_where_one_share_would_help(
    drift: str, share: str, is_out: bool
) -> None:
    assert is_breached(Decimal(drift), Decimal(5), Decimal(share)) is is_out


def test_the_size_of_a_share_counts_only_for_whole_shares() -> None:
    whole = measured(20, {"A": 4}, {"A": 90, "CASH": 10}, price=20, whole=frozenset({A}))
    parts = measured(20, {"A": 4}, {"A": 90, "CASH": 10}, price=20)
    assert whole.line(A).drift == -10
    assert whole.line(A).band == 5
    assert not whole.line(A).breached
    assert parts.line(A).breached


def test_positions_without_target_are_kept_out_of_the_total() -> None:
    report = measured(0, {"A": 60, "B": 40, "OUT": 900}, {"A": 60, "B": 40})
    assert report.total == 100
    assert report.portfolio_drift == 0
    assert [(line.symbol, line.value) for line in report.outside] == [(OUT, Decimal(900))]


def test_positions_without_target_are_lines_of_0_where_they_are_to_be_sold() -> None:
    policy = Policy(outside=Outside.SELL)
    report = measured(0, {"OUT": 10, "A": 60, "B": 30, "C": 0}, {"A": 60, "B": 40}, policy)
    assert [line.symbol for line in report.lines] == ["A", "B", "OUT", "CASH"]
    assert report.line(OUT).target == 0
    assert report.line(OUT).breached
    assert report.outside == ()


def test_a_kept_position_needs_no_price() -> None:
    holdings = Holdings(Decimal(0), {A: Decimal(1), OUT: Decimal(5)})
    report = measure_drift(holdings, {A: Decimal(3)}, TargetAllocation.of({"A": 100}), Policy())
    assert report.outside[0].value is None


@pytest.mark.parametrize("cash", [0, -60])
def test_nothing_has_a_weight_in_an_account_worth_nothing(cash: int) -> None:
    with pytest.raises(NegativeTotal) as refused:
        measured(cash, {"A": 0 if cash == 0 else 50}, {"A": 100})
    assert refused.value.total == (0 if cash == 0 else -10)


def test_too_much_cash_alone_is_told_from_everything_else() -> None:
    assert measured(6, {"A": 47, "B": 47}, {"A": 50, "B": 50}).only_cash_is_over
    assert not measured(6, {"A": 57, "B": 37}, {"A": 50, "B": 50}).only_cash_is_over
    assert not measured(0, {"A": 50, "B": 50}, {"A": 50, "B": 50}).only_cash_is_over
    short = measured(0, {"A": 50, "B": 50}, {"A": 45, "B": 45, "CASH": 10})
    assert not short.only_cash_is_over


def goals(held: dict[str, int], targets: dict[str, int], policy: Policy) -> dict[str, Decimal]:
    report = measured(0, held, targets, policy)
    return {line.symbol: round(line.goal, 4) for line in report.lines}


BAND_5 = Band(Decimal(5), None)
TARGETS = {"A": 50, "B": 30, "C": 20}


def test_destination_1_is_the_target() -> None:
    held = {"A": 60, "B": 25, "C": 15}
    assert goals(held, TARGETS, Policy(band=BAND_5)) == {"A": 50, "B": 30, "C": 20, "CASH": 0}


def test_destination_0_is_the_bands_edge_and_leaves_the_others() -> None:
    held = {"A": 60, "B": 25, "C": 15}
    policy = Policy(band=BAND_5, destination=Decimal(0))
    # A goes to 55; the 5 points that it gives up go where they bring lines nearer to their target
    assert goals(held, TARGETS, policy) == {
        "A": 55,
        "B": Decimal("27.5"),
        "C": Decimal("17.5"),
        "CASH": 0,
    }


def test_destination_half_is_half_of_the_way_inside_the_band() -> None:
    held = {"A": 54, "B": 27, "C": 19}
    policy = Policy(band=BAND_5, destination=Decimal("0.5"))
    assert goals(held, TARGETS, policy) == {
        "A": 52,
        "B": Decimal("28.5"),
        "C": Decimal("19.5"),
        "CASH": 0,
    }


@given(
    st.lists(st.integers(0, 100), min_size=3, max_size=3),
    st.sampled_from(["0", "0.25", "0.5", "1"]),
)
def test_goals_always_sum_to_100_and_lie_between_weight_and_target(
    held: list[int], destination: str
) -> None:
    if sum(held) == 0:
        return
    policy = Policy(destination=Decimal(destination))
    report = measured(held[2], {"A": held[0], "B": held[1]}, {"A": 60, "B": 30, "CASH": 10}, policy)
    assert abs(sum((line.goal for line in report.lines), -HUNDRED)) < Decimal("1e-20")
    assert abs(sum((line.weight for line in report.lines), -HUNDRED)) < Decimal("1e-20")
    for line in report.lines:
        low, high = min(line.weight, line.target), max(line.weight, line.target)
        assert low - Decimal("1e-20") <= line.goal <= high + Decimal("1e-20")
