"""The search among deviations finds the least of all choices, one by one and as arrays."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.planning import deviations
from core.planning.deviations import Cash, Deviations, best_pair, list_sums


@st.composite
def cases(draw: st.DrawFn) -> tuple[Cash, Deviations]:
    """Up to five cells with up to three choices each, and cash that may be missing from its goal now and then."""
    room = draw(st.integers(0, 100))
    most = room + draw(st.sampled_from([0, 0, 15])) + 1e-6
    cash = Cash(
        draw(st.sampled_from([0.0, 0.3, 0.5, 1.0])), room - draw(st.integers(0, 60)), room, most
    )
    cells = sorted(draw(st.lists(st.integers(0, 4), max_size=10)))
    some = st.lists(st.integers(0, 200), min_size=len(cells), max_size=len(cells))
    moves = st.lists(st.integers(-60, 60), min_size=len(cells), max_size=len(cells))
    losses, flows = draw(some), draw(moves)
    return cash, Deviations(
        cells,
        [float(place) for place in range(len(cells))],
        [loss / 10 for loss in losses],
        [float(flow) for flow in flows],
    )


def loss_of(cash: Cash, some: Deviations, places: tuple[int, ...]) -> float:
    flow = cash.flow + sum(float(some.flows[place]) for place in places)
    return sum(float(some.losses[place]) for place in places) + cash.loose(flow)


def least_by_trying(cash: Cash, some: Deviations) -> float:
    cells = some.cells
    groups = [
        [(), *((place,) for place, cell in enumerate(cells) if cell == each)]
        for each in sorted(set(cells))
    ]
    return min(loss_of(cash, some, sum(choice, ())) for choice in product(*groups))


@pytest.mark.parametrize("few", [0, 10_000])
@given(case=cases())
def test_the_search_finds_the_least_of_all_choices(few: int, case: tuple[Cash, Deviations]) -> None:
    cash, some = case
    alone = cash.loose(cash.flow)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deviations, "_FEW", few)
        found, _, is_whole = list_sums(cash, some, alone)
    least = least_by_trying(cash, some)
    assert is_whole
    if found is None:
        assert least == pytest.approx(alone, abs=1e-9)
        return
    assert found.loss == pytest.approx(least, abs=1e-9)
    assert found.loss == pytest.approx(loss_of(cash, some, found.places), abs=1e-9)
    assert len({int(some.cells[place]) for place in found.places}) == len(found.places)


@given(case=cases())
def test_a_pair_is_of_two_cells_and_no_better_than_the_least(
    case: tuple[Cash, Deviations],
) -> None:
    cash, some = case
    pair = best_pair(cash, some)
    assert pair.loss == pytest.approx(loss_of(cash, some, pair.places), abs=1e-9)
    assert len({int(some.cells[place]) for place in pair.places}) == len(pair.places)
    assert least_by_trying(cash, some) - 1e-9 <= pair.loss <= cash.loose(cash.flow)
