"""What the difference between two looks at an account means."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.look import ChangeKind, Held, HeldChange, held_changes, split_ratio

K = ChangeKind
VTI, BND, FB, META = Symbol("VTI"), Symbol("BND"), Symbol("FB"), Symbol("META")


def held(
    quantity: Decimal | int | str, price: Decimal | int | str | None = None, asset: str = ""
) -> Held:
    return Held(Decimal(quantity), asset, None if price is None else Decimal(price))


def changes(
    before: dict[Symbol, Held],
    after: dict[Symbol, Held],
    targets: tuple[Symbol, ...] = (VTI, BND),
    **ours: int,
) -> tuple[HeldChange, ...]:
    mine = {Symbol(s): Decimal(q) for s, q in ours.items()}
    return held_changes(before, after, ours=mine, targets=frozenset(targets))


def change(
    kind: ChangeKind, symbol: Symbol, before: int, after: int, was: Symbol | None = None
) -> HeldChange:
    return HeldChange(kind, symbol, Decimal(before), Decimal(after), was)


def test_the_same_holdings_are_no_change() -> None:
    """Prices and cash may be what they want."""
    assert changes({VTI: held(112, 100)}, {VTI: held("112.0", 90)}) == ()


def test_our_own_executions_are_no_change() -> None:
    """VTI 112 − 12 and BND 0 + 40, both ours."""
    after = {VTI: held(100), BND: held(40)}
    assert changes({VTI: held(112)}, after, VTI=-12, BND=40) == ()


def test_a_position_that_we_sold_whole_is_no_change() -> None:
    assert changes({VTI: held(112)}, {}, VTI=-112) == ()


@pytest.mark.fault(10)
def test_what_is_not_ours_was_traded_by_somebody() -> None:
    """VTI 112 → 100 beside our own purchase of 40 BND."""
    after = {VTI: held(100), BND: held(40)}
    assert changes({VTI: held(112)}, after, BND=40) == (change(K.TRADED, VTI, 112, 100),)


def test_an_execution_of_ours_that_the_broker_does_not_show_is_a_change() -> None:
    assert changes({VTI: held(112)}, {VTI: held(112)}, VTI=-12) == (
        change(K.TRADED, VTI, 100, 112),
    )


@pytest.mark.fault(37)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (held(112, 300), held(1120, 30)),
        (held(112, 300), held(224, "148.5")),
        (held("7.5", 300), held(75, 31)),
        (held(10, 90), held(15, 60)),
        (held(112, 300), held(2240, 15)),
    ],
)
def test_many_shares_for_one_of_the_same_value_are_a_split(before: Held, after: Held) -> None:
    (found,) = changes({VTI: before}, {VTI: after})
    assert found.kind is K.SPLIT


@pytest.mark.fault(38)
def test_one_share_for_many_is_a_split_even_where_a_fraction_was_paid_out() -> None:
    """105 shares at 2 dollars become 10 at 20, and 10 dollars in cash."""
    (found,) = changes({VTI: held(105, 2)}, {VTI: held(10, 20)})
    assert found.kind is K.SPLIT


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (held(10, 100), held(20, 100)),
        (held(10), held(20)),
        (held(10, 100), held(20)),
        (held(10, 100), held(21, 50)),
        (held(112, 300), held(100, 300)),
    ],
)
def test_without_the_ratio_in_both_shares_and_price_nothing_is_called_a_split(
    before: Held, after: Held
) -> None:
    (found,) = changes({VTI: before}, {VTI: after})
    assert found.kind is K.TRADED


@given(st.integers(1, 5000), st.integers(1, 5000), st.decimals(1, 500, places=2))
def test_shares_bought_or_sold_at_a_steady_price_are_never_a_split(
    before: int, after: int, price: Decimal
) -> None:
    assert split_ratio(held(before, price), held(after, price), Decimal(before)) is None


@pytest.mark.fault(39)
def test_the_same_asset_under_another_symbol_is_a_new_name() -> None:
    before, after = {FB: held(30, 200, "a-1")}, {META: held(30, 200, "a-1")}
    assert changes(before, after, (FB,)) == (change(K.RENAMED, META, 30, 30, FB),)


def test_another_asset_of_the_same_number_of_shares_is_no_new_name() -> None:
    before, after = {FB: held(30, 200, "a-1")}, {META: held(30, 200, "a-2")}
    assert [found.kind for found in changes(before, after, (FB,))] == [K.TRADED, K.APPEARED]


def test_without_the_broker_s_ids_nothing_is_called_a_new_name() -> None:
    found = changes({FB: held(30)}, {META: held(30)}, (FB,))
    assert [one.kind for one in found] == [K.TRADED, K.APPEARED]


@pytest.mark.fault(38)
def test_shares_of_something_new_without_a_target_have_appeared() -> None:
    """A spin-off gives 10 shares of NEWCO for 112 of VTI."""
    newco = Symbol("NEWCO")
    after = {VTI: held(112), newco: held(10)}
    assert changes({VTI: held(112)}, after) == (change(K.APPEARED, newco, 0, 10),)


def test_something_new_that_has_a_target_was_bought() -> None:
    assert changes({}, {BND: held(10)}) == (change(K.TRADED, BND, 0, 10),)
