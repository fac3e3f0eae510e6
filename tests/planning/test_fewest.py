"""``fewest``: the fewest trades that bring every line inside its band, held against trying everything."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from core.domain.plan import Method
from core.planning import fewest
from core.planning.exact import Budget, solve_exact
from core.planning.inside import (
    aim_at_targets,
    breaks_rule,
    inside_of,
    judge_inside,
    judge_outside,
    outside_by,
)
from core.planning.problem import Problem
from core.planning.score import shortfall
from core.planning.solution import Solution
from tests.planning.cases import read_case
from tests.planning.every_choice import problem_of, small_request, try_everything
from tests.planning.test_optimum import wide_request


def solved(text: str) -> tuple[Problem, Solution]:
    problem, _ = problem_of(read_case(text).request)
    return problem, fewest.solve(problem)


def units_of(problem: Problem, solution: Solution) -> dict[str, int]:
    return {
        cell.symbol: int(count)
        for cell, count in zip(problem.cells, solution.units, strict=True)
        if count
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # one purchase out of cash that is over, and the other line stays a little off its target
        (
            "cash 1500 · AAA 46 @ 100.00 target 50 · BBB 39 @ 100.00 target 50",
            {"BBB": 11},
        ),
        # what is over pays for what is short: a third line, off by 4, is left alone
        (
            "cash 0 · AAA 40 @ 100.00 target 30 · BBB 20 @ 100.00 target 30 · CCC 40 @ 100.00 target 40",
            {"AAA": -10, "BBB": 10},
        ),
        # AAA must be bought and there is no cash: one more line is sold, the one that has room
        (
            "cash 0 · AAA 34 @ 100.00 target 40 · BBB 33 @ 100.00 target 30 · CCC 33 @ 100.00 target 30",
            {"AAA": 3, "BBB": -3},
        ),
        # nothing is outside: nothing is traded, however far from the targets
        ("cash 0 · AAA 54 @ 100.00 target 50 · BBB 46 @ 100.00 target 50 · force", {}),
        # one share less would not help a line whose share is half the portfolio
        ("cash 0 target 4 · AAA 1 @ 600.00 target 54 · BBB 4 @ 100.00 target 42 · force", {}),
    ],
)
def test_trades_only_what_must(text: str, expected: dict[str, int]) -> None:
    problem, solution = solved(text)
    assert units_of(problem, solution) == expected
    assert solution.objective == solution.bound == len(expected)
    assert solution.method is Method.CONSTRUCTIVE


def test_goes_to_the_targets_whatever_the_destination() -> None:
    text = "cash 0 · AAA 60 @ 100.00 target 50 · BBB 40 @ 100.00 target 50 · policy destination "
    for destination in ("0", "0.5", "1"):
        problem, solution = solved(text + destination)
        assert units_of(problem, solution) == {"AAA": -10, "BBB": 10}


def test_no_choice_of_shares_has_fewer_trades_or_is_further_inside() -> None:
    chance, errors, reached, proven = Random(11), [], 0, 0
    for _ in range(100):
        request = small_request(chance)
        problem, report = problem_of(request)
        solution = fewest.solve(problem)
        units, everything = solution.units.astype(float), try_everything(request, report)
        inside = inside_of(problem)
        assert not breaks_rule(problem, units)
        if everything.least("outside") > 0:  # costs count as outside there
            least = float((everything.outside + everything.cost).min())
            far = judge_outside(inside)(problem, units)
            assert far <= least + 1e-4 * problem.total
            continue
        within = everything.outside == 0
        count = everything.least("trades", within)
        assert outside_by(problem, inside, units) == 0
        assert solution.objective == count
        assert solution.bound <= count
        reached, proven = reached + 1, proven + (solution.bound == count)
        least = everything.least("short", within & (everything.trades == count))
        errors.append((shortfall(aim_at_targets(problem, inside), units) - least) / problem.total)
    assert reached > 20
    assert proven == reached
    assert max(errors) < 1e-6


def test_the_rule_counts_what_the_integer_program_counts() -> None:
    """Twenty and forty-nine lines: the same count, without the program."""
    chance = Random(49)
    for lines in (20, 20, 20, 49, 49):
        problem, _ = problem_of(wide_request(chance, lines))
        solution = fewest.solve(problem)
        inside = inside_of(problem)
        proven = solve_exact(
            aim_at_targets(problem, inside),
            np.zeros(len(problem.cells)),
            fewest.lay_count(inside, 0.0),
            judge_inside(inside, 0.0, fewest.count_trades),
            unit=1.0,
            to_bands=True,
            budget=Budget(2000, 20.0),
        )
        assert solution.method is Method.CONSTRUCTIVE
        assert solution.objective == solution.bound == np.count_nonzero(proven.units)
        assert proven.bound > solution.objective - 1
