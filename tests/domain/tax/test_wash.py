from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.lots import Lot, Term, quantity_of, term_of
from core.domain.portfolio import TaxTreatment
from core.domain.refusals import InTwoGroups
from core.domain.tax import (
    Acquisition,
    Equivalents,
    LossSale,
    Washed,
    adjusted_lots,
    free_to_buy_from,
    match_washes,
    still_claimed,
    still_free,
    washed_by_purchases,
    would_wash,
)

ALONE = Equivalents()
FUNDS = Equivalents.of(("VTI", "VTSAX"), ("BND", "VBTLX"))
JULY = date(2024, 7, 1)
Number = Decimal | int | str


def sold(
    quantity: Number,
    on: str,
    loss: Number,
    acquired: str | None = "2020-01-06",
    symbol: str = "M",
    account: str = "joint",
) -> LossSale:
    day = None if acquired is None else date.fromisoformat(acquired)
    return LossSale(
        Symbol(symbol), Decimal(quantity), date.fromisoformat(on), Decimal(loss), account, day
    )


def bought(
    quantity: Number,
    on: str,
    symbol: str = "M",
    account: str = "joint",
    treatment: TaxTreatment = TaxTreatment.TAXABLE,
) -> Acquisition:
    day = date.fromisoformat(on)
    return Acquisition(Symbol(symbol), Decimal(quantity), day, account, treatment)


def said(washes: Iterable[Washed]) -> list[str]:
    """A line for each part: the sale, what replaces it, and the loss that this takes."""
    return [
        f"{wash.sale.sold:%m-%d}: {wash.quantity:f} of {wash.acquisition.acquired:%m-%d},"
        f" {wash.disallowed:.2f}"
        for wash in washes
    ]


def disallowed(washes: Iterable[Washed]) -> Decimal:
    return sum((wash.disallowed for wash in washes), Decimal(0))


def lot(symbol: str, quantity: Number, cost: Number | None, acquired: str, name: str = "") -> Lot:
    each = None if cost is None else Decimal(cost)
    return Lot(Symbol(symbol), Decimal(quantity), each, date.fromisoformat(acquired), name)


# --- the published examples ----------------------------------------------------------------------


def test_a_loss_goes_into_the_basis_of_the_same_shares_bought_again() -> None:
    """
    IRS Publication 550, "Wash Sales": 100 X for 1,000, sold for 750, and 100 bought within 30 days for 800
    -> none of the loss of 250 counts; the new basis is 1,050
    """
    washes = match_washes(
        [sold(100, "2024-05-01", 250)], [bought(100, "2024-05-20")], Equivalents()
    )
    assert disallowed(washes) == 250
    (after,) = adjusted_lots([lot("M", 100, 8, "2024-05-20")], washes, "joint")
    assert after.cost_per_share == Decimal("10.50")


def test_fewer_shares_bought_than_sold_wash_as_many() -> None:
    """
    Publication 550, "More or less stock bought than sold", first example (Treasury Regulations § 1.1091-1(h)):
    100 bought in September for 5,000 · 50 on 12-21 for 2,750 and 25 on 12-28 for 1,125
    the 100 sold on 01-04 for 4,000
    -> 750 of the loss of 1,000 does not count; the 50 now cost 3,250 and the 25 cost 1,375
    """
    sale = sold(100, "2024-01-04", 1000, "2023-09-24")
    purchases = [bought(50, "2023-12-21"), bought(25, "2023-12-28")]
    washes = match_washes([sale], purchases, ALONE)
    assert said(washes) == ["01-04: 50 of 12-21, 500.00", "01-04: 25 of 12-28, 250.00"]
    lots = [lot("M", 50, 55, "2023-12-21"), lot("M", 25, 45, "2023-12-28")]
    first, second = adjusted_lots(lots, washes, "joint")
    assert (first.cost_per_share, second.cost_per_share) == (Decimal(65), Decimal(55))
    (left,) = still_claimed([sale], washes)
    assert (left.quantity, left.loss) == (Decimal(25), Decimal(250))


def test_of_more_shares_bought_than_sold_the_first_replace() -> None:
    """
    Publication 550, same place, second example: 100 sold on 02-01 at a loss of 1,000 · 50 bought on each of four days
    -> 500 each go to those of the first two days
    """
    days = ["2024-02-12", "2024-02-13", "2024-02-14", "2024-02-15"]
    purchases = [bought(50, day) for day in days]
    washes = match_washes([sold(100, "2024-02-01", 1000, "2023-09-24")], purchases, ALONE)
    assert said(washes) == ["02-01: 50 of 02-12, 500.00", "02-01: 50 of 02-13, 500.00"]
    assert still_free(purchases, washes) == tuple(purchases[2:])


def test_an_ira_that_buys_takes_the_loss_for_ever() -> None:
    """
    Revenue Ruling 2008-5: 100 X that cost 1,000, sold on 2007-12-20 for 600; the next day an IRA buys 100 X
    -> the loss of 400 does not count, and the basis in the IRA does not rise
    """
    sale = sold(100, "2007-12-20", 400, "2005-03-01", "X")
    purchase = bought(100, "2007-12-21", "X", "ira", TaxTreatment.TAX_DEFERRED)
    (wash,) = match_washes([sale], [purchase], ALONE)
    assert wash.disallowed == 400
    assert not wash.is_added_to_basis
    before = (lot("X", 100, 6, "2007-12-21"),)
    assert adjusted_lots(before, [wash], "ira") == before


def test_a_lot_sold_in_part_is_not_its_own_replacement() -> None:
    """
    Revenue Ruling 56-602: shares bought in one lot, some of them sold at a loss within 30 days
    """
    washes = match_washes(
        [sold(40, "2024-07-15", 80, "2024-07-01")], [bought(100, "2024-07-01")], ALONE
    )
    assert washes == ()


# --- the window ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "is_washed"),
    [
        ("2024-05-31", False),
        ("2024-06-01", True),
        ("2024-07-01", True),
        ("2024-07-31", True),
        ("2024-08-01", False),
    ],
)
def test_purchases_count_from_30_days_before_to_30_days_after(day: str, is_washed: bool) -> None:
    washes = match_washes([sold(10, "2024-07-01", 100)], [bought(10, day)], ALONE)
    assert bool(washes) is is_washed


def test_what_counts_as_the_same_is_what_the_household_says() -> None:
    sale, purchase = sold(10, "2024-07-01", 100, symbol="VTI"), bought(4, "2024-07-09", "VTSAX")
    assert match_washes([sale], [purchase], ALONE) == ()
    assert disallowed(match_washes([sale], [purchase], FUNDS)) == 40
    other = bought(4, "2024-07-09", "BND")
    assert match_washes([sale], [other], FUNDS) == ()


def test_a_symbol_stands_in_one_group_only() -> None:
    with pytest.raises(InTwoGroups) as refused:
        Equivalents.of(("VTI", "ITOT"), ("VTI", "VTSAX"))
    assert refused.value.symbol == "VTI"
    assert FUNDS.group_of(Symbol("BND")) == {"BND", "VBTLX"}
    assert FUNDS.group_of(Symbol("GLD")) == {"GLD"}


# --- who replaces whom ---------------------------------------------------------------------------


def test_a_share_replaces_one_share_only_and_earlier_sales_come_first() -> None:
    """
    10 sold on 07-01 (loss 100) and 10 on 07-05 (loss 300) · 15 bought on 07-10
    -> all of the first loss, half of the second
    """
    sales = [sold(10, "2024-07-05", 300), sold(10, "2024-07-01", 100)]
    washes = match_washes(sales, [bought(15, "2024-07-10")], ALONE)
    assert said(washes) == ["07-01: 10 of 07-10, 100.00", "07-05: 5 of 07-10, 150.00"]


def test_of_sales_on_one_day_the_longest_held_comes_first() -> None:
    sales = [
        sold(10, "2024-07-01", 300, "2023-01-03"),
        sold(10, "2024-07-01", 100, "2021-01-04"),
    ]
    (wash,) = match_washes(sales, [bought(10, "2024-07-10")], ALONE)
    assert wash.sale.loss == 100


def test_two_lots_sold_whole_on_one_day_do_not_replace_each_other() -> None:
    """
    100 bought on 06-20 and 100 on 06-25, all sold on 07-01 at a loss: nothing is left that could replace anything
    """
    sales = [
        sold(100, "2024-07-01", 50, "2024-06-20"),
        sold(100, "2024-07-01", 70, "2024-06-25"),
    ]
    purchases = [bought(100, "2024-06-20"), bought(100, "2024-06-25")]
    assert match_washes(sales, purchases, ALONE) == ()


def test_a_later_lot_that_stays_replaces_an_earlier_one_that_is_sold() -> None:
    """
    Treasury Regulations § 1.1091-1(h), first example: 100 bought on 12-01 and 100 on 12-15; on 01-03 the first are sold
    """
    purchases = [bought(100, "2023-12-01"), bought(100, "2023-12-15")]
    sale = sold(100, "2024-01-03", 1000, "2023-12-01")
    assert said(match_washes([sale], purchases, ALONE)) == ["01-03: 100 of 12-15, 1000.00"]


def test_the_same_day_in_another_account_is_another_lot() -> None:
    purchases = [bought(10, "2024-06-20"), bought(10, "2024-06-20", account="spouse")]
    (wash,) = match_washes([sold(10, "2024-07-01", 50, "2024-06-20")], purchases, ALONE)
    assert wash.acquisition.account == "spouse"


def test_of_purchases_on_one_day_the_one_that_loses_most_counts_first() -> None:
    roth = bought(10, "2024-07-10", account="roth", treatment=TaxTreatment.TAX_FREE)
    washes = match_washes([sold(10, "2024-07-01", 90)], [bought(10, "2024-07-10"), roth], ALONE)
    assert [wash.acquisition for wash in washes] == [roth]


# --- the replacement's basis and holding period --------------------------------------------------


def test_the_replacement_is_held_as_long_as_what_it_replaces_was() -> None:
    """
    held from 2023-07-10 to 2024-07-01 (357 days), bought again on 2024-07-11
    -> the new shares count as held since 2023-07-20, and are long-term on 2024-07-21
    """
    sale = sold(10, "2024-07-01", 100, "2023-07-10")
    washes = match_washes([sale], [bought(10, "2024-07-11")], ALONE)
    (after,) = adjusted_lots([lot("M", 10, 50, "2024-07-11")], washes, "joint")
    assert after == lot("M", 10, 60, "2023-07-20")
    assert term_of(after, date(2024, 7, 20)) is Term.SHORT
    assert term_of(after, date(2024, 7, 21)) is Term.LONG


def test_a_holding_period_goes_on_through_several_wash_sales() -> None:
    """
    bought on 06-20, but held since 2023-06-20 by an earlier wash; sold on 07-01 (377 days), bought again on 07-11
    """
    sale = replace(sold(10, "2024-07-01", 100, "2024-06-20"), held_since=date(2023, 6, 20))
    (wash,) = match_washes([sale], [bought(10, "2024-07-11")], ALONE)
    assert wash.held_since == date(2023, 6, 30)


def test_a_lot_that_replaces_fewer_shares_than_it_has_becomes_two() -> None:
    sale = sold(4, "2024-07-01", 20, "2024-06-21")
    washes = match_washes([sale], [bought(10, "2024-07-11")], ALONE)
    other = lot("M", 3, 70, "2024-01-02")
    after = adjusted_lots([other, lot("M", 10, 50, "2024-07-11", "a")], washes, "joint")
    assert after == (other, lot("M", 4, 55, "2024-07-01", "a"), lot("M", 6, 50, "2024-07-11", "a"))


def test_shares_replace_once_even_where_their_date_does_not_change() -> None:
    """
    two sales of unknown date, 5 shares each, both replaced by one purchase of 10
    """
    sales = [sold(5, "2024-07-01", 50, None), sold(5, "2024-07-02", 100, None)]
    washes = match_washes(sales, [bought(10, "2024-07-11")], ALONE)
    after = adjusted_lots([lot("M", 10, 50, "2024-07-11")], washes, "joint")
    assert after == (lot("M", 5, 60, "2024-07-11"), lot("M", 5, 70, "2024-07-11"))


def test_an_unknown_basis_stays_unknown_and_other_accounts_are_left_alone() -> None:
    washes = match_washes([sold(10, "2024-07-01", 90)], [bought(10, "2024-07-11")], ALONE)
    (after,) = adjusted_lots([lot("M", 10, None, "2024-07-11")], washes, "joint")
    assert after.cost_per_share is None
    same_day = (lot("M", 10, 50, "2024-07-11"),)
    assert adjusted_lots(same_day, washes, "spouse") == same_day


# --- looking ahead -------------------------------------------------------------------------------


def test_a_symbol_is_free_to_buy_on_the_31st_day_after_the_last_loss() -> None:
    losses = [
        sold(10, "2024-06-20", 100, symbol="VTI"),
        sold(10, "2024-06-25", 100, symbol="VTSAX"),
        sold(10, "2024-06-28", 100, symbol="BND"),
        sold(10, "2024-05-31", 100, symbol="GLD"),
    ]
    assert free_to_buy_from(Symbol("VTI"), losses, FUNDS, JULY) == date(2024, 7, 26)
    assert free_to_buy_from(Symbol("VTI"), losses, ALONE, JULY) == date(2024, 7, 21)
    assert free_to_buy_from(Symbol("GLD"), losses, FUNDS, JULY) is None
    assert free_to_buy_from(Symbol("QQQ"), losses, FUNDS, JULY) is None


def test_a_purchase_today_says_what_it_would_cost_in_losses() -> None:
    losses = [sold(10, "2024-06-20", 100), sold(10, "2024-06-25", 300)]
    costs = [would_wash(Symbol("M"), Decimal(n), JULY, losses, ALONE) for n in (0, 5, 15, 99)]
    assert costs == [Decimal(0), Decimal(50), Decimal(250), Decimal(400)]
    assert would_wash(Symbol("M"), Decimal(5), date(2024, 9, 1), losses, ALONE) == 0


def test_a_purchase_washes_the_longest_held_of_the_losses_of_one_day() -> None:
    losses = [
        sold(10, "2024-06-20", 100, "2023-01-03"),
        sold(10, "2024-06-20", 300, "2021-01-04"),
    ]
    assert would_wash(Symbol("M"), Decimal(10), JULY, losses, ALONE) == 300


def test_shares_bought_and_sold_today_wash_when_bought_again() -> None:
    losses = [sold(10, "2024-07-01", 100, "2024-07-01", account="")]
    assert would_wash(Symbol("M"), Decimal(10), JULY, losses, ALONE) == 100


def test_a_loss_today_is_washed_by_the_shares_bought_within_30_days() -> None:
    purchases = [
        bought(4, "2024-06-01", "VTI"),
        bought(3, "2024-07-01", "VTSAX"),
        bought(50, "2024-05-31", "VTI"),
        bought(50, "2024-06-20", "BND"),
    ]
    assert washed_by_purchases(Symbol("VTI"), JULY, purchases, FUNDS) == 7
    assert washed_by_purchases(Symbol("VTI"), JULY, purchases, ALONE) == 4


# --- whatever happens ----------------------------------------------------------------------------

_DAYS = st.integers(-40, 40).map(lambda days: (JULY + timedelta(days=days)).isoformat())
_SYMBOLS = st.sampled_from(("VTI", "VTSAX", "BND"))
_ACCOUNTS = st.sampled_from(("joint", "ira"))
_SALES = st.lists(
    st.builds(
        sold,
        st.sampled_from(("1", "2.5", "7")),
        _DAYS,
        st.sampled_from(("0.01", "10", "33.33")),
        st.none() | _DAYS,
        _SYMBOLS,
    ),
    max_size=5,
)
_PURCHASES = st.lists(
    st.builds(
        bought,
        st.sampled_from(("1", "3", "10.125")),
        _DAYS,
        _SYMBOLS,
        _ACCOUNTS,
        st.sampled_from(TaxTreatment),
    ),
    max_size=5,
)


@given(_SALES, _PURCHASES, st.randoms(use_true_random=False))
def test_the_order_of_the_records_changes_nothing(
    sales: list[LossSale], purchases: list[Acquisition], chance: Random
) -> None:
    washes = match_washes(sales, purchases, FUNDS)
    chance.shuffle(sales)
    chance.shuffle(purchases)
    assert match_washes(sales, purchases, FUNDS) == washes


@given(_SALES, _PURCHASES)
def test_no_loss_is_washed_twice_and_no_share_replaces_two(
    sales: list[LossSale], purchases: list[Acquisition]
) -> None:
    washes = match_washes(sales, purchases, FUNDS)
    left, free = still_claimed(sales, washes), still_free(purchases, washes)
    assert all(wash.quantity > 0 and wash.disallowed >= 0 for wash in washes)
    assert all(each.loss >= 0 and each.quantity > 0 for each in left)
    washed = sum(wash.quantity for wash in washes)
    assert disallowed(washes) + sum(each.loss for each in left) == sum(s.loss for s in sales)
    assert washed + sum(each.quantity for each in left) == sum(s.quantity for s in sales)
    assert washed + sum(each.quantity for each in free) == sum(a.quantity for a in purchases)


@given(_SALES, _PURCHASES)
def test_what_taxable_replacements_take_up_is_what_was_disallowed(
    sales: list[LossSale], purchases: list[Acquisition]
) -> None:
    washes = match_washes(sales, purchases, FUNDS)
    for account in ("joint", "ira"):
        lots = [
            Lot(each.symbol, each.quantity, Decimal(9), each.acquired)
            for each in purchases
            if each.account == account and each.treatment is TaxTreatment.TAXABLE
        ]
        mine = [wash for wash in washes if wash.acquisition.account == account]
        after = adjusted_lots(lots, mine, account)
        assert quantity_of(after) == quantity_of(lots)
        added = _basis(after) - _basis(lots)
        assert abs(added - disallowed(w for w in mine if w.is_added_to_basis)) < Decimal("1e-9")


def _basis(lots: Iterable[Lot]) -> Decimal:
    return sum((each.quantity * (each.cost_per_share or 0) for each in lots), Decimal(0))
