"""``cheapest``: the least cost and tax that bring every line inside its band, held against trying everything."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from core.planning import cheapest
from core.planning.cheapest import cost_of
from core.planning.inside import aim_at_targets, breaks_rule, inside_of, outside_by
from core.planning.sale_costs import SaleCosts, Step
from core.planning.score import shortfall
from tests.planning.cases import read_case
from tests.planning.every_choice import problem_of, small_request, try_everything


def solved(text: str, taxes: SaleCosts | None = None) -> dict[str, int]:
    problem, _ = problem_of(read_case(text).request)
    solution = cheapest.solve(problem, taxes=taxes)
    return {
        cell.symbol: int(count)
        for cell, count in zip(problem.cells, solution.units, strict=True)
        if count
    }


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # each dollar costs: only to the bands' edges, and one share more to pay for it
        ("spread 20", {"AAA": -6, "BBB": 5}),
        # each trade costs the same: as far towards the targets as the cash goes
        ("fee 5", {"AAA": -10, "BBB": 9}),
        # nothing costs: as near as possible
        ("fee 0", {"AAA": -10, "BBB": 10}),
    ],
)
def test_trades_no_more_than_costs_ask_for(policy: str, expected: dict[str, int]) -> None:
    text = "cash 0 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50 · policy band 5 "
    assert solved(text + policy) == expected


def test_sells_where_the_tax_is_least() -> None:
    """Both could pay for BBB; AAA's first three shares are sold at a loss, CCC's at a gain."""
    text = (
        "cash 0 · AAA 33 @ 100.00 target 30 · BBB 32 @ 100.00 target 40"
        " · CCC 35 @ 100.00 target 30 · policy band 5/off"
    )
    taxes: SaleCosts = ([Step(3, -2.0), Step(30, 20.0)], [], [Step(35, 1.0)])
    assert solved(text, taxes) == {"AAA": -3, "BBB": 3}


def test_lots_are_sold_in_their_order_even_where_a_later_one_would_save() -> None:
    """Fewer than four shares of AAA cost tax, and only the fifth would save some of it."""
    text = "cash 0 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50 · policy band 5/off"
    problem, _ = problem_of(read_case(text).request)
    cheap: SaleCosts = ([Step(4, 10.0), Step(20, -1.0)], [])
    solution = cheapest.solve(problem, taxes=cheap)
    assert solution.units[0] == -15
    assert solution.objective == pytest.approx(4 * 10 - 11)
    assert solution.bound == pytest.approx(4 * 10 - 11, abs=1e-3)


def test_no_choice_of_shares_inside_the_bands_costs_less() -> None:
    chance, reached, errors = Random(5), 0, []
    for _ in range(80):
        request = small_request(chance)
        problem, report = problem_of(request)
        everything = try_everything(request, report)
        if everything.least("outside") > 0:
            continue
        reached += 1
        solution = cheapest.solve(problem)
        units, inside = solution.units.astype(float), inside_of(problem)
        assert not breaks_rule(problem, units)
        assert outside_by(problem, inside, units) == 0
        cost = everything.least("cost", everything.outside == 0)
        assert solution.objective == pytest.approx(cost_of(problem, units))
        assert solution.objective <= cost + 0.005
        assert solution.bound <= cost + 0.005
        same = (everything.outside == 0) & (everything.cost <= cost + 1e-9)
        least = everything.least("short", same)
        errors.append((shortfall(aim_at_targets(problem, inside), units) - least) / problem.total)
    assert reached > 15
    assert np.mean(errors) < 1e-6
