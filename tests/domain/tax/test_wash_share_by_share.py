from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.portfolio import TaxTreatment
from core.domain.tax import Acquisition, Equivalents, LossSale, match_washes

FUNDS = Equivalents.of(("VTI", "VTSAX"))
START = date(2024, 7, 1)
LONG_AGO = date(2020, 1, 6)


def _day(number: int) -> date:
    return START + timedelta(days=number)


def _sold(quantity: int, day: int, acquired: date = LONG_AGO, symbol: str = "VTI") -> LossSale:
    amount = Decimal(quantity)
    return LossSale(Symbol(symbol), amount, _day(day), amount, "joint", acquired)


def _bought(quantity: int, day: int, symbol: str = "VTI", account: str = "joint") -> Acquisition:
    return Acquisition(Symbol(symbol), Decimal(quantity), _day(day), account)


def _shares_washed(sales: list[LossSale], purchases: list[Acquisition]) -> Counter[LossSale]:
    washed: Counter[LossSale] = Counter()
    for wash in match_washes(sales, purchases, FUNDS):
        washed[wash.sale] += int(wash.quantity)
    return washed


def test_shares_that_were_sold_replace_no_more_than_shares_that_replaced_others_do() -> None:
    """
    10 bought on day 0 · 4 of these sold on day 5, then 4 old ones on day 6 and 6 old ones on day 7, all at a loss
    -> of the 6 that are left, 4 replace those of day 6 and 2 those of day 7
    """
    own, first, second = _sold(4, 5, _day(0)), _sold(4, 6), _sold(6, 7)
    assert _shares_washed([own, first, second], [_bought(10, 0)]) == {first: 4, second: 2}


def test_shares_that_replace_others_may_be_sold_without_taking_from_the_rest() -> None:
    """
    4 old ones sold on day 0 · 10 bought on day 3, of which 4 replace them, held since 2020 · these 4 are sold on day 5
    -> the other 6 are as free as before to replace the 6 old ones sold on day 7
    """
    held_on = LossSale(
        Symbol("VTI"), Decimal(4), _day(5), Decimal(4), "joint", _day(3), held_since=LONG_AGO
    )
    first, last = _sold(4, 0), _sold(6, 7)
    assert _shares_washed([first, held_on, last], [_bought(10, 3)]) == {first: 4, last: 6}


# --- one share at a time -------------------------------------------------------------------------


@dataclass
class _Share:
    """One share of a purchase; taken once it has replaced another or was sold itself."""

    bought: Acquisition
    is_taken: bool = False

    def is_own(self, sale: LossSale) -> bool:
        bought = self.bought
        return (bought.symbol, bought.account, bought.acquired) == (
            sale.symbol,
            sale.account,
            sale.acquired,
        )

    def may_replace(self, sale: LossSale) -> bool:
        days = (self.bought.acquired - sale.sold).days
        is_same = {self.bought.symbol, sale.symbol} <= FUNDS.group_of(sale.symbol)
        return not self.is_taken and not self.is_own(sale) and is_same and -30 <= days <= 30


def _washed_one_by_one(sales: list[LossSale], purchases: list[Acquisition]) -> Counter[LossSale]:
    """Count as a patient person would, with a slip of paper for each share bought."""
    in_time = sorted(purchases, key=lambda each: (each.acquired, each.treatment == "taxable"))
    shares = [_Share(each) for each in in_time for _ in range(int(each.quantity))]
    washed: Counter[LossSale] = Counter()
    for day in sorted({sale.sold for sale in sales}):
        of_day = [sale for sale in sales if sale.sold == day]
        for sale in of_day:
            for share in [s for s in shares if s.is_own(sale) and not s.is_taken][
                : int(sale.quantity)
            ]:
                share.is_taken = True
        for sale in sorted(of_day, key=lambda s: (s.acquired or day, s.symbol, s.quantity)):
            for share in [s for s in shares if s.may_replace(sale)][: int(sale.quantity)]:
                share.is_taken = True
                washed[sale] += 1
    return washed


_SYMBOLS = st.sampled_from(("VTI", "VTI", "VTSAX", "BND"))
_PURCHASES = st.lists(
    st.builds(
        Acquisition,
        _SYMBOLS.map(Symbol),
        st.integers(1, 9).map(Decimal),
        st.integers(-35, 35).map(_day),
        st.sampled_from(("joint", "spouse")),
        st.sampled_from(TaxTreatment),
    ),
    max_size=5,
)


@given(st.data(), _PURCHASES)
def test_matching_is_what_counting_share_by_share_gives(
    data: st.DataObject, purchases: list[Acquisition]
) -> None:
    acquired = [LONG_AGO, *(each.acquired for each in purchases)]
    sale = st.builds(
        _sold, st.integers(1, 9), st.integers(-35, 35), st.sampled_from(acquired), _SYMBOLS
    )
    sales = data.draw(st.lists(sale, max_size=6))
    assert _shares_washed(sales, purchases) == _washed_one_by_one(sales, purchases)
