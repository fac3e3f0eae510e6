"""What shares have cost, told from what their broker says of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.lots import Lot, quantity_of
from core.domain.opening import (
    BrokerCosts,
    PositionCost,
    ShareMove,
    lots_from_moves,
    opening_lots,
)

VTI, BND = Symbol("VTI"), Symbol("BND")
DAYS = [date(2019, 1, 2), date(2019, 6, 3), date(2020, 1, 2), date(2020, 2, 3), date(2020, 3, 2)]


def moved(place: int, shares: str, price: str | None = None, symbol: Symbol = VTI) -> ShareMove:
    """The move of this place in time: bought (above 0) or sold at a price, or split without one."""
    at = datetime(DAYS[place].year, DAYS[place].month, DAYS[place].day, 15, tzinfo=UTC)
    cost = None if price is None else Decimal(price)
    return ShareMove(f"m{place}", symbol, Decimal(shares), at, DAYS[place], cost)


def lot(place: int, shares: str, cost: str) -> Lot:
    return Lot(VTI, Decimal(shares), Decimal(cost), DAYS[place], f"m{place}")


def test_purchases_sales_and_a_split_leave_the_youngest_lots_first_in_first_out() -> None:
    """Bought 10 @ 90 and 10 @ 110, sold 12, split 2 for 1, bought 3 @ 60: 16 @ 55 and 3 @ 60."""
    moves = [
        moved(4, "3", "60"),
        moved(3, "8"),
        moved(2, "-12", "120"),
        moved(1, "10", "110"),
        moved(0, "10", "90"),
        moved(2, "50", "80", BND),
    ]
    found = lots_from_moves(VTI, moves, Decimal(19))
    assert found == (lot(1, "16", "55"), lot(4, "3", "60"))


@pytest.mark.parametrize(
    "moves",
    [
        [moved(0, "10", "90")],
        [moved(0, "-5", "90"), moved(1, "20", "90")],
        [moved(0, "7"), moved(1, "8", "90")],
        [moved(0, "15", "90"), moved(1, "-15"), moved(2, "15", "80")],
        [],
    ],
)
def test_what_moves_do_not_explain_whole_is_not_explained_at_all(moves: list[ShareMove]) -> None:
    """15 are held."""
    assert lots_from_moves(VTI, moves, Decimal(15)) == ()


def told(shares: str, cost: str | None, *moves: ShareMove) -> BrokerCosts:
    basis = None if cost is None else Decimal(cost)
    return BrokerCosts({VTI: PositionCost(Decimal(shares), basis)}, moves)


def test_lots_are_those_of_the_purchases_that_the_ledger_does_not_know() -> None:
    known = Lot(VTI, Decimal(4), Decimal(100), DAYS[1], "#7")
    costs = told("10", "1000", moved(0, "6", "90"), moved(1, "4", "100"))
    assert opening_lots(VTI, [known], {"m1"}, costs) == (lot(0, "6", "90"),)


@pytest.mark.parametrize(
    ("known", "cost", "average"),
    [
        ([], "1000", "100"),
        ([Lot(VTI, Decimal(4), Decimal(160))], "1000", "60"),
        ([Lot(VTI, Decimal(4), None)], "1000", "100"),
        ([Lot(VTI, Decimal(4), Decimal(400))], "1000", "100"),
    ],
)
def test_otherwise_one_lot_without_a_date_has_the_rest_of_what_the_position_cost(
    known: list[Lot], cost: str, average: str
) -> None:
    """10 held. With 4 @ 160 known, the other 6 cost 1000 − 640 together."""
    (found,) = opening_lots(VTI, known, set(), told("10", cost))
    assert found == Lot(VTI, 10 - quantity_of(known), Decimal(average))


def test_nothing_is_invented() -> None:
    assert opening_lots(VTI, [], set(), told("10", None)) == ()
    assert opening_lots(VTI, [], set(), told("10", "0")) == ()
    assert opening_lots(VTI, [Lot(VTI, Decimal(12))], set(), told("10", "1000")) == ()
    assert opening_lots(BND, [], set(), told("10", "1000")) == ()


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 90_000)), max_size=5), st.data())
def test_what_is_left_after_sales_is_held_and_cost_no_more_than_was_paid(
    bought: list[tuple[int, int]], data: st.DataObject
) -> None:
    moves = [moved(n, str(shares), str(cents)) for n, (shares, cents) in enumerate(bought)]
    total = sum(shares for shares, _ in bought)
    sold = data.draw(st.integers(0, total))
    if sold:
        last = moved(4, str(-sold), "1")
        moves.append(ShareMove("z", VTI, last.shares, last.at, last.day, last.price))
    found = lots_from_moves(VTI, moves, Decimal(total - sold))
    assert quantity_of(found) == total - sold
    prices = {each.name: each.price for each in moves}
    assert all(each.cost_per_share == prices[each.name] for each in found)
