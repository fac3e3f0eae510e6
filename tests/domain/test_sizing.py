"""Sizing: purchases fit into the cash that is there, whatever each of them then costs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain.money import half_spread, purchase_cost
from core.domain.policy import Policy
from core.domain.sizing import Purchase, SizedPurchase, fit_purchases

FREE = replace(Policy(), spread_bps=Decimal(0), collar=Decimal(0))
STEPS = (Decimal(1), Decimal("0.001"))


def purchase(leg: int, quantity: object, price: object, step: object = 1) -> Purchase:
    return Purchase(leg, Decimal(str(quantity)), Decimal(str(price)), Decimal(str(step)))


@st.composite
def _purchases(draw: st.DrawFn) -> list[Purchase]:
    made = []
    for leg in range(1, draw(st.integers(1, 8)) + 1):
        step = draw(st.sampled_from(STEPS))
        steps = draw(st.integers(1, 5_000))
        price = draw(st.decimals("0.01", 2_000, places=4))
        made.append(Purchase(leg, steps * step, price, step))
    return made


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    return replace(
        Policy(),
        spread_bps=draw(st.decimals(0, 100, places=1)),
        collar=draw(st.decimals(0, 5, places=2)),
        commission=draw(st.sampled_from([Decimal(0), Decimal("0.35"), Decimal(5)])),
    )


CASES = given(_purchases(), st.decimals(-100, 100_000, places=2), _policies())


def worst(sized: tuple[SizedPurchase, ...], policy: Policy) -> Decimal:
    """What they cost together if each fills at its limit."""
    return sum(
        (purchase_cost(s.quantity, s.limit_price) + policy.commission for s in sized if s.quantity),
        Decimal(0),
    )


@CASES
@example(
    [purchase(n, "0.1", 1, "0.001") for n in range(1, 11)],
    Decimal("1.01"),
    replace(FREE, collar=Decimal(5)),
)
def test_purchases_never_overdraw_even_if_all_fill_at_their_limits(
    asked: list[Purchase], cash: Decimal, policy: Policy
) -> None:
    assert worst(fit_purchases(asked, cash, policy), policy) <= max(cash, Decimal(0))


@CASES
def test_nothing_is_added_and_nothing_grows(
    asked: list[Purchase], cash: Decimal, policy: Policy
) -> None:
    sized = fit_purchases(asked, cash, policy)
    assert [s.leg for s in sized] == [p.leg for p in asked]
    for before, after in zip(asked, sized, strict=True):
        assert 0 <= after.quantity <= before.quantity
        assert after.quantity % before.step == 0


@CASES
def test_a_limit_is_what_a_purchase_is_expected_to_cost_or_more_within_the_collar(
    asked: list[Purchase], cash: Decimal, policy: Policy
) -> None:
    cent = Decimal("0.01")
    for before, after in zip(asked, fit_purchases(asked, cash, policy), strict=True):
        expected = before.price + half_spread(before.price, policy.spread_bps)
        collar = before.price * (1 + policy.collar / 100)
        assert expected <= after.limit_price < max(expected, collar) + cent


@CASES
def test_the_order_of_the_purchases_does_not_matter(
    asked: list[Purchase], cash: Decimal, policy: Policy
) -> None:
    forwards = fit_purchases(asked, cash, policy)
    backwards = fit_purchases(asked[::-1], cash, policy)
    assert forwards == backwards[::-1]


@CASES
def test_purchases_that_fit_are_left_alone(
    asked: list[Purchase], cash: Decimal, policy: Policy
) -> None:
    sized = fit_purchases(asked, cash, policy)
    rich = fit_purchases(asked, Decimal(10) ** 9, policy)
    assert [s.quantity for s in rich] == [p.quantity for p in asked]
    again = [replace(p, quantity=s.quantity) for p, s in zip(asked, sized, strict=True)]
    assert [s.quantity for s in fit_purchases(again, cash, policy)] == [s.quantity for s in sized]


def test_the_largest_purchase_gives_way() -> None:
    """cash 900 · A 10 @ 50 · B 6 @ 100: 200 are missing, B costs more and loses two."""
    sized = fit_purchases([purchase(1, 10, 50), purchase(2, 6, 100)], Decimal(900), FREE)
    assert [s.quantity for s in sized] == [10, 4]


def test_what_is_left_over_is_room_for_the_limits() -> None:
    """cash 1,010 · A 10 @ 100 · collar 5 %: the limit stretches to 1 % only."""
    policy = replace(FREE, collar=Decimal(5))
    (sized,) = fit_purchases([purchase(1, 10, 100)], Decimal(1010), policy)
    assert Decimal("100.90") <= sized.limit_price <= 101


@pytest.mark.parametrize("cash", ["0", "-5", "0.99"])
def test_without_cash_nothing_is_bought(cash: str) -> None:
    assert [s.quantity for s in fit_purchases([purchase(1, 3, 1)], Decimal(cash), FREE)] == [0]


def test_a_reserve_is_not_spent_when_money_that_was_planned_with_is_missing() -> None:
    """cash 500 of which 100 are the reserve · A 9 @ 100, planned with a sale that failed."""
    (sized,) = fit_purchases([purchase(1, 9, 100)], Decimal(500), FREE, Decimal(100))
    assert sized.quantity == 4


def test_a_reserve_gives_way_to_prices_within_the_collar() -> None:
    """cash 1,000 of which 100 are the reserve · A 9 was planned @ 100 and is 0.4 % dearer."""
    policy = replace(FREE, collar=Decimal("0.5"))
    (sized,) = fit_purchases([purchase(1, 9, "100.40")], Decimal(1000), policy, Decimal(100))
    assert sized.quantity == 9


@CASES
def test_a_reserve_never_lets_purchases_overdraw_or_grow(
    asked: list[Purchase], cash: Decimal, policy: Policy
) -> None:
    sized = fit_purchases(asked, cash, policy, abs(cash) / 10)
    assert worst(sized, policy) <= max(cash, Decimal(0))
    assert all(s.quantity <= p.quantity for s, p in zip(sized, asked, strict=True))


def test_no_purchases_are_no_purchases() -> None:
    assert fit_purchases([], Decimal(100), FREE) == ()
