from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.book import recounted
from core.domain.ids import Symbol
from core.domain.lots import Lot, quantity_of

VTI = Symbol("VTI")
TODAY = date(2020, 3, 9)
SHARES = st.decimals(Decimal("0.001"), Decimal(1000), places=3)
LOTS = st.lists(
    st.builds(
        Lot,
        st.just(VTI),
        SHARES,
        st.none() | st.decimals(Decimal(0), Decimal(500), places=2),
        st.none() | st.dates(date(2000, 1, 1), TODAY),
    ),
    max_size=4,
)


@given(known=LOTS, shares=SHARES)
def test_a_recount_holds_what_was_counted_and_invents_no_cost(
    known: list[Lot], shares: Decimal
) -> None:
    after = recounted(known, [Lot(VTI, shares)], TODAY)
    assert quantity_of(after) == shares
    was = [(each.cost_per_share, each.acquired) for each in known]
    for each in after:
        facts = (each.cost_per_share, each.acquired)
        assert facts in was or facts == (None, None)


@pytest.mark.parametrize(
    "typed",
    [
        [],
        [Lot(VTI, Decimal(5), Decimal(70))],
        [Lot(VTI, Decimal(5), None, date(2020, 1, 2))],
        [Lot(VTI, Decimal(2)), Lot(VTI, Decimal(3))],
    ],
)
def test_whoever_says_more_than_a_number_says_it_all(typed: list[Lot]) -> None:
    known = [Lot(VTI, Decimal(5), Decimal(90), date(2019, 6, 3))]
    assert recounted(known, typed, TODAY) == tuple(typed)
