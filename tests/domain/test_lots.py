from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.lots import (
    Lot,
    LotMethod,
    LotSale,
    Term,
    long_term_from,
    lot_order,
    lots_after,
    quantity_of,
    sell_lots,
    split_lots,
    term_of,
)
from core.domain.money import CENT
from core.domain.refusals import BadNumber, UnknownLot

VTI = Symbol("VTI")
SOLD = date(2024, 6, 3)
OLD, NEW = date(2020, 1, 6), date(2024, 4, 1)
Number = Decimal | int | str


def lot(
    quantity: Number = 10,
    cost: Number | None = 100,
    acquired: date | None = OLD,
    name: str = "",
) -> Lot:
    each = None if cost is None else Decimal(cost)
    return Lot(VTI, Decimal(quantity), each, acquired, name)


def order(method: str, *lots: Lot, price: Number = 100, prefer: tuple[str, ...] = ()) -> str:
    taken = lot_order(lots, LotMethod(method), sold=SOLD, price=Decimal(price), prefer=prefer)
    return " ".join(each.name for each in taken)


def said(*sales: LotSale) -> list[str]:
    return [
        f"{sale.quantity:.0f} for {sale.proceeds:.2f}:"
        f" {'?' if sale.gain is None else f'{sale.gain:+.2f}'} {sale.term}"
        for sale in sales
    ]


# --- the holding period --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("acquired", "long_term"),
    [
        # IRS Publication 550, "Long-term or short-term": bought 5 February 2023, long-term from 6 February 2024.
        ("2023-02-05", "2024-02-06"),
        # The end of a month is the end of its holding period's months (Revenue Ruling 66-7).
        ("2023-02-28", "2024-03-01"),
        ("2023-12-31", "2025-01-01"),
        ("2023-04-30", "2024-05-01"),
        # Around a 29 February.
        ("2023-02-27", "2024-02-28"),
        ("2024-02-27", "2025-02-28"),
        ("2024-02-28", "2025-03-01"),
        ("2024-02-29", "2025-03-01"),
        ("2024-03-01", "2025-03-02"),
    ],
)
def test_a_gain_is_long_term_once_shares_are_held_for_more_than_a_year(
    acquired: str, long_term: str
) -> None:
    bought, first = date.fromisoformat(acquired), date.fromisoformat(long_term)
    assert long_term_from(bought) == first
    assert term_of(lot(acquired=bought), first - timedelta(days=1)) is Term.SHORT
    assert term_of(lot(acquired=bought), first) is Term.LONG


def test_without_a_date_the_term_is_unknown() -> None:
    assert term_of(lot(acquired=None), SOLD) is Term.UNKNOWN


def test_a_date_at_the_end_of_all_calendars_is_never_long_term() -> None:
    assert long_term_from(date(9999, 12, 31)) == date.max


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_a_year_is_never_shorter_than_365_days_and_later_purchases_wait_longer(day: date) -> None:
    assert 366 <= (long_term_from(day) - day).days <= 367
    assert long_term_from(day) <= long_term_from(day + timedelta(days=1))


# --- the order of a sale -------------------------------------------------------------------------

MIXED = (
    lot(cost=120, acquired=date(2022, 1, 3), name="mid"),
    lot(cost=90, acquired=date(2020, 1, 6), name="old"),
    lot(cost=140, acquired=date(2024, 4, 1), name="new"),
    lot(cost=100, acquired=None, name="undated"),
    lot(cost=None, acquired=date(2023, 1, 3), name="unpriced"),
)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("fifo", "undated old mid unpriced new"),
        ("lifo", "new unpriced mid old undated"),
        ("hifo", "new mid undated old unpriced"),
    ],
)
def test_lots_go_by_age_or_by_cost(method: str, expected: str) -> None:
    assert order(method, *MIXED) == expected


def test_the_least_tax_goes_through_six_kinds_of_lots_in_their_published_order() -> None:
    """
    price 100, so gains per share: short −30, −5, 0, 4, 9 · long −40, −2, 0, 3, 50
    Vanguard's MinTax: losses before gains, short-term losses first and short-term gains last
    """
    short = [lot(cost=c, acquired=NEW, name=f"s{c}") for c in (96, 130, 91, 105, 100)]
    long = [lot(cost=c, acquired=OLD, name=f"l{c}") for c in (50, 102, 97, 140, 100)]
    expected = "s130 s105 l140 l102 s100 l100 l97 l50 s96 s91"
    assert order("min_tax", *long, *short) == expected


def test_the_least_tax_promises_nothing_for_what_is_unknown() -> None:
    """
    price 100 · lots without a date: a loss counts no better than a long-term one, a gain as badly as a short-term one
    """
    lots = (
        lot(cost=None, name="unpriced"),
        lot(cost=98, acquired=None, name="gain?"),
        lot(cost=110, acquired=None, name="loss?"),
        lot(cost=101, acquired=NEW, name="short-loss"),
        lot(cost=120, acquired=OLD, name="long-loss"),
        lot(cost=10, acquired=OLD, name="long-gain"),
    )
    expected = "short-loss long-loss loss? long-gain gain? unpriced"
    assert order("min_tax", *lots) == expected


def test_named_lots_go_in_the_order_named_and_the_rest_oldest_first() -> None:
    assert order("specific", *MIXED, prefer=("new", "mid")) == "new mid undated old unpriced"
    assert order("specific", *MIXED) == order("fifo", *MIXED)


def test_a_name_that_no_lot_has_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownLot) as refused:
        order("specific", lot(name="a"), lot(name="b"), lot(), prefer=("b", "c"))
    assert (refused.value.name, refused.value.known) == ("c", ("a", "b"))


def test_an_empty_name_names_no_lot() -> None:
    with pytest.raises(UnknownLot):
        order("specific", lot(), prefer=("",))


# --- sales and what they leave -------------------------------------------------------------------


def test_a_sale_takes_lots_in_their_order_and_splits_its_proceeds() -> None:
    """
    10 @ 100 (2020) and 10 @ 130 (April 2024) · sell 15 on 2024-06-03 for 1,800.00
    -> 10 for 1,200.00: +200.00 long · 5 for 600.00: −50.00 short
    """
    lots = (lot(10, 100, OLD), lot(10, 130, NEW))
    sales = sell_lots(lots, Decimal(15), Decimal(1800), SOLD)
    assert said(*sales) == ["10 for 1200.00: +200.00 long", "5 for 600.00: -50.00 short"]
    assert lots_after(lots, sales) == (lot(5, 130, NEW),)


def test_shares_that_no_lot_covers_are_sold_without_a_known_gain() -> None:
    sales = sell_lots((lot(4, 100),), Decimal(10), Decimal(1000), SOLD)
    assert said(*sales) == ["4 for 400.00: +0.00 long", "6 for 600.00: ? unknown"]
    assert sales[1].lot == Lot(VTI, Decimal(6))
    assert lots_after((lot(4, 100),), sales) == ()


def test_without_any_lot_the_symbol_is_told() -> None:
    (sale,) = sell_lots((), Decimal(3), Decimal(30), SOLD, symbol=VTI)
    assert said(sale) == ["3 for 30.00: ? unknown"]
    assert sale.lot == Lot(VTI, Decimal(3))


def test_a_lot_of_known_cost_and_unknown_date_has_a_gain_without_a_term() -> None:
    (sale,) = sell_lots((lot(2, 10, None),), Decimal(2), Decimal(50), SOLD)
    assert said(sale) == ["2 for 50.00: +30.00 unknown"]


def test_thirds_of_a_cent_are_lost_nowhere() -> None:
    lots = [lot(1, 0, OLD + timedelta(days=day)) for day in range(3)]
    parts = [sale.proceeds for sale in sell_lots(lots, Decimal(3), Decimal("100.00"), SOLD)]
    assert parts == [Decimal("33.33"), Decimal("33.33"), Decimal("33.34")]


def test_nothing_sold_is_no_sale_and_less_than_nothing_is_refused() -> None:
    assert sell_lots((lot(),), Decimal(0), Decimal(0), SOLD) == ()
    with pytest.raises(BadNumber):
        sell_lots((lot(),), Decimal(-1), Decimal(10), SOLD)


def test_of_two_equal_lots_a_sale_leaves_one() -> None:
    lots = (lot(10), lot(10))
    sales = sell_lots(lots, Decimal(13), Decimal(1300), SOLD)
    assert quantity_of(lots_after(lots, sales)) == 7


def test_a_split_changes_shares_and_cost_per_share_and_nothing_else() -> None:
    before = (lot(10, 90, NEW, "a"), lot(4, None, None))
    doubled = split_lots(before, Fraction(2))
    assert doubled == (lot(20, 45, NEW, "a"), lot(8, None, None))
    (merged,) = split_lots((lot(100, 3),), Fraction(1, 10))
    assert merged == lot(10, 30)


@pytest.mark.parametrize("ratio", [0, -2])
def test_a_split_into_nothing_is_refused(ratio: int) -> None:
    with pytest.raises(BadNumber):
        split_lots((lot(),), Fraction(ratio))


LOTS = st.lists(
    st.builds(
        lot,
        st.integers(1, 5000).map(lambda n: Decimal(n) / 1000),
        st.none() | st.sampled_from(("90", "100", "100.005", "110")),
        st.none() | st.sampled_from((OLD, date(2023, 6, 2), date(2023, 6, 3), NEW)),
        st.sampled_from(("", "a", "b")),
    ),
    max_size=6,
)
METHODS = st.sampled_from(LotMethod)


@given(LOTS, METHODS, st.randoms(use_true_random=False))
def test_the_order_of_lots_does_not_depend_on_how_they_came(
    lots: list[Lot], method: LotMethod, chance: Random
) -> None:
    shuffled = list(lots)
    chance.shuffle(shuffled)
    one = lot_order(lots, method, sold=SOLD, price=Decimal(100))
    assert one == lot_order(shuffled, method, sold=SOLD, price=Decimal(100))
    assert sorted(map(repr, one)) == sorted(map(repr, lots))


@given(LOTS, METHODS, st.integers(1, 20_000), st.integers(0, 1_000_000))
def test_no_share_and_no_cent_is_lost_in_a_sale(
    lots: list[Lot], method: LotMethod, thousandths: int, cents: int
) -> None:
    quantity, proceeds = Decimal(thousandths) / 1000, Decimal(cents) / 100
    ordered = lot_order(lots, method, sold=SOLD, price=Decimal(100))
    sales = sell_lots(ordered, quantity, proceeds, SOLD, symbol=VTI)
    assert sum(sale.quantity for sale in sales) == quantity
    assert sum(sale.proceeds for sale in sales) == proceeds
    for sale in sales:
        assert abs(sale.proceeds - proceeds * sale.quantity / quantity) < CENT
    left = quantity_of(lots_after(lots, sales))
    assert left == max(quantity_of(lots) - quantity, Decimal(0))


RATIOS = st.sampled_from(
    [Fraction(2), Fraction(3, 2), Fraction(1, 3), Fraction(1, 7), Fraction(20)]
)


@given(LOTS, RATIOS)
def test_a_split_keeps_what_all_lots_have_cost_and_makes_as_many_shares_as_of_the_whole(
    lots: list[Lot], ratio: Fraction
) -> None:
    after = split_lots(lots, ratio)
    exact = quantity_of(lots) * ratio.numerator / ratio.denominator
    assert abs(quantity_of(after) - exact) <= Decimal("5e-10")
    for old, new in zip(lots, after, strict=True):
        assert (new.acquired, new.name) == (old.acquired, old.name)
        if old.cost_per_share is None or new.cost_per_share is None:
            assert old.cost_per_share is new.cost_per_share is None
        else:
            basis = old.cost_per_share * old.quantity
            assert abs(new.cost_per_share * new.quantity - basis) < Decimal("1e-18")
