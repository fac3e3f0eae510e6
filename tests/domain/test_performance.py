"""Returns by time and by money, held against cases worked by hand and against what must always hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.performance import (
    Course,
    Flow,
    Kept,
    Period,
    Valued,
    a_year,
    left_alone,
    money_weighted,
    moved,
    time_weighted,
    together,
)

D = Decimal
START = datetime(2020, 1, 1, 16, tzinfo=UTC)
YEAR = timedelta(days=365)
AAA, BBB = Symbol("AAA"), Symbol("BBB")
TINY = D("1e-9")


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def values(*pairs: tuple[float, float]) -> list[Valued]:
    return [Valued(at(days), D(str(value))) for days, value in pairs]


def flow(days: float, amount: float) -> Flow:
    return Flow(at(days), D(str(amount)))


def test_money_that_comes_at_a_bad_time_lowers_the_return_by_money_and_not_by_time() -> None:
    """
    100 -> 200 in a year (doubled) · 1,000 come in · 1,200 -> 600 in the next (halved)
    by time: 2 × 0.5 = 1, no gain · by money: 100·g + 1000·√g = 600, so √g = (−1000 + √1240000)/200
    """
    worth = values((0, 100), (365, 200), (730, 600))
    came = [Flow(at(365) + timedelta(seconds=1), D(1000))]
    by_time = time_weighted(worth, came)
    assert by_time is not None
    assert abs(by_time) < D("1e-6")
    by_money = money_weighted(worth, came)
    assert by_money is not None
    root = (D(-1000) + D(1_240_000).sqrt()) / 200
    assert abs(by_money - (root**2 - 1)) < D("1e-6")
    assert by_money < D("-0.6")


def test_the_sheet_that_explains_xirr_gives_its_rate() -> None:
    """
    Microsoft's example of XIRR: −10,000 on 1 Jan 2008 · 2,750 on 1 Mar · 4,250 on 30 Oct · 3,250 on 15 Feb 2009
    · 2,750 on 1 Apr 2009 -> 37.3362535 % a year
    """
    dates = [
        date(2008, 1, 1),
        date(2008, 3, 1),
        date(2008, 10, 30),
        date(2009, 2, 15),
        date(2009, 4, 1),
    ]
    days = [(day - dates[0]).days for day in dates]
    out = [flow(day, -amount) for day, amount in zip(days[1:4], (2750, 4250, 3250), strict=True)]
    found = money_weighted(values((0, 10_000), (days[4], 2750)), out)
    assert found is not None
    assert a_year(found, timedelta(days=days[4])) == pytest.approx(D("0.373362535"), abs=D("1e-8"))


def test_modified_dietz_counts_money_for_the_time_that_it_was_there() -> None:
    """1,000 · 600 come after 10 of 30 days · 1,700 at the end -> gain 100 over 1,000 + 600 × 2/3"""
    found = time_weighted(values((0, 1000), (30, 1700)), [flow(10, 600)])
    assert found is not None
    assert abs(found - D(100) / D(1400)) < TINY


def test_a_portfolio_that_begins_empty_begins_with_the_first_money() -> None:
    found = time_weighted(values((0, 0), (10, 1010), (20, 1010)), [flow(5, 1000)])
    assert found is not None
    assert abs(found - D("0.01")) < TINY


def test_without_a_span_there_is_no_return() -> None:
    assert time_weighted(values((0, 100)), []) is None
    assert money_weighted(values((0, 100)), []) is None
    assert money_weighted(values((0, 100), (0, 100)), []) is None


def test_what_cannot_be_is_not_told() -> None:
    """value out of nothing; everything taken out at the beginning and something there at the end"""
    assert time_weighted(values((0, 0), (10, 100)), []) is None
    assert time_weighted(values((0, 100), (10, 50)), [flow(0.001, -200)]) is None
    assert money_weighted(values((0, 0), (10, 100)), []) is None


def test_all_lost_is_all_lost() -> None:
    worth = values((0, 100), (10, 0))
    assert time_weighted(worth, []) == -1
    assert money_weighted(worth, []) == -1
    assert a_year(D(-1), 2 * YEAR) is None


@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=12),
    st.integers(1, 400),
)
def test_without_flows_both_returns_are_the_growth(worths: list[int], step: int) -> None:
    worth = values(*[(step * n, value) for n, value in enumerate(worths)])
    growth = D(worths[-1]) / D(worths[0]) - 1
    by_time, by_money = time_weighted(worth, []), money_weighted(worth, [])
    assert by_time is not None
    assert by_money is not None
    assert abs(by_time - growth) <= TINY * (1 + abs(growth))
    assert abs(by_money - growth) <= TINY * (1 + abs(growth))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Valued], list[Flow]]:
    """Values that grew by given rates, each with money that came in just before its end."""
    rates = draw(st.lists(st.integers(-20, 25), min_size=1, max_size=8))
    came = draw(st.lists(st.integers(0, 5000), min_size=len(rates), max_size=len(rates)))
    worth, found, flows = D(1000), [Valued(at(0), D(1000))], []
    for n, (rate, amount) in enumerate(zip(rates, came, strict=True), 1):
        worth = worth * (100 + rate) / 100 + amount
        flows.append(Flow(at(30 * n), D(amount)))
        found.append(Valued(at(30 * n), worth))
    return found, flows


@given(histories())
def test_money_at_the_end_of_a_span_does_not_change_the_return_by_time(
    history: tuple[list[Valued], list[Flow]],
) -> None:
    worth, flows = history
    found = time_weighted(worth, flows)
    growth = D(1)
    for before, after, came in zip(worth, worth[1:], flows, strict=False):
        growth *= (after.value - came.amount) / before.value
    assert found is not None
    assert abs(found - (growth - 1)) < TINY


@given(histories(), st.integers(1, 10**6))
def test_a_portfolio_so_many_times_as_large_has_the_same_returns(
    history: tuple[list[Valued], list[Flow]], times: int
) -> None:
    worth, flows = history
    larger = [Valued(v.at, v.value * times) for v in worth]
    more = [Flow(f.at, f.amount * times) for f in flows]
    for way in (time_weighted, money_weighted):
        one, two = way(worth, flows), way(larger, more)
        assert one is not None
        assert two is not None
        assert abs(one - two) < TINY


@given(histories())
def test_the_return_by_money_makes_of_all_money_what_is_there(
    history: tuple[list[Valued], list[Flow]],
) -> None:
    worth, flows = history
    found = money_weighted(worth, flows)
    assert found is not None
    span = worth[-1].at - worth[0].at
    grown = worth[0].value * (1 + found) + sum(
        f.amount * ((1 + found) ** D((worth[-1].at - f.at) / span) if f.at < worth[-1].at else 1)
        for f in flows
    )
    assert abs(grown - worth[-1].value) < D("1e-6") * (1 + worth[-1].value)


def test_less_than_a_year_is_not_made_into_one() -> None:
    assert a_year(D("0.1"), timedelta(days=364)) is None
    assert a_year(D("0.21"), 2 * YEAR) == pytest.approx(D("0.1"))


@pytest.mark.parametrize(
    ("period", "today", "first"),
    [
        ("1m", date(2020, 3, 31), date(2020, 2, 29)),
        ("1m", date(2020, 1, 15), date(2019, 12, 15)),
        ("3m", date(2020, 3, 9), date(2019, 12, 9)),
        ("1y", date(2020, 2, 29), date(2019, 2, 28)),
        ("ytd", date(2020, 3, 9), date(2020, 1, 1)),
        ("all", date(2020, 3, 9), None),
    ],
)
def test_where_a_period_begins(period: str, today: date, first: date | None) -> None:
    assert Period(period).begins(today) == first


def test_money_in_and_out_are_counted_apart() -> None:
    assert moved([flow(1, 500), flow(2, -200), flow(3, 1)]) == (D(501), D(200))


def test_left_alone_money_goes_where_the_rest_is() -> None:
    """
    AAA 6 at 10, cash 40 (60 and 40 %) · 100 come when AAA is at 20, so 160 are there -> everything × 1.625
    """
    begun = Kept(D(40), {AAA: D(6), BBB: D(0)})
    day = date(2020, 3, 9)
    kept = left_alone(begun, [(day, D(100))], {day: {AAA: D(20)}})
    assert kept == Kept(D(65), {AAA: D("9.75"), BBB: D(0)})
    assert kept.worth({AAA: D(20)}) == 260
    assert left_alone(begun, [], {}) == begun


def test_what_is_emptied_is_told_no_further() -> None:
    day = date(2020, 3, 9)
    assert left_alone(Kept(D(40), {}), [(day, D(-40))], {day: {}}) is None


def course(worth: list[Valued], *flows: Flow) -> Course:
    return Course(tuple(worth), flows)


def test_several_together_are_their_sum_and_what_begins_later_is_paid_in() -> None:
    """100 -> 110 -> 121 · 200 from the tenth day on, 220 in the end -> sum 100, 310, 341, of which 200 were paid in"""
    found = together(
        [
            course(values((0, 100), (10, 110), (20, 121))),
            course(values((10, 200), (20, 220))),
            course([]),
        ]
    )
    assert found == course(values((0, 100), (10, 310), (20, 341)), flow(10, 200))
    assert found.gain == 41
    assert time_weighted(found.values, found.flows or ()) == D("1.1") * D("1.1") - 1


def test_money_in_one_of_several_makes_no_gain_while_only_the_other_is_looked_at() -> None:
    """100 are paid into the first on day 4 and seen on day 10; the second is looked at on day 5"""
    found = together(
        [
            course(values((0, 100), (10, 200)), flow(4, 100)),
            course(values((0, 100), (5, 100), (10, 100))),
        ]
    )
    assert found is not None
    assert (found.gain, time_weighted(found.values, found.flows or ())) == (D(0), D(0))


def test_where_one_does_not_tell_its_flows_nothing_is_told_of_all() -> None:
    known, unknown = course(values((0, 100), (1, 110))), Course(tuple(values((0, 5), (1, 5))), None)
    found = together([known, unknown])
    assert found is not None
    assert (found.flows, found.gain) == (None, None)
    assert together([]) is None
