"""Solve for ``fewest``: the fewest trades that bring every line inside its band, then the nearest to the targets.

CASH has a band as well. Where the bands cannot be reached, the money outside them is made least first. The destination
plays no part. The rule (``core.planning.rule``) mostly finds a plan and the proof of its count; otherwise the integer
program is asked three times: for the money outside the bands, for the count, and for the distance from the targets.
"""

from __future__ import annotations

import numpy as np

from core.domain.plan import Method
from core.planning import closest
from core.planning.exact import Budget, ExactSolution, Judge, Objective, lay_closest, solve_exact
from core.planning.inside import (
    NOISE,
    TOLERANCE,
    Inside,
    aim_at_targets,
    breaks_rule,
    inside_of,
    judge_inside,
    judge_outside,
    keep_inside,
    lay_outside,
    outside_by,
)
from core.planning.model import Model
from core.planning.problem import Floats, Problem
from core.planning.rule import find_by_rule
from core.planning.score import has_limits, score
from core.planning.solution import Solution

BUDGET = Budget(nodes=2000, seconds=1.0)
"""The program is the last resort here, so it may take longer than for ``closest``."""


def solve(problem: Problem, *, exact: bool = True) -> Solution:
    """Units to trade by cell (sales negative), with the count of trades and its bound.

    Without ``exact`` the integer program is left out. The bound holds among the plans that are as far inside their
    bands as this one.
    """
    inside = inside_of(problem)
    nothing = np.zeros(len(problem.price))
    if not breaks_rule(problem, nothing) and not outside_by(problem, inside, nothing):
        return _solution(nothing, 0.0)
    aimed = aim_at_targets(problem, inside)
    units, bound = None, 0
    if len(nothing) and problem.is_simple and not has_limits(problem):
        units, bound = find_by_rule(problem, aimed, inside)
    if units is not None:
        return _solution(units, bound)
    start = first_plan(aimed, inside)
    if not exact or not len(nothing):
        return _solution(start, bound)
    most, units, work, timed_out = least_outside(aimed, inside, start)
    count = solve_exact(
        aimed,
        units,
        lay_count(inside, most),
        judge_inside(inside, most, count_trades),
        unit=1.0,
        to_bands=True,
        budget=BUDGET,
    )
    limit = _lay_most_trades(count.units)
    nearest = least_error(aimed, inside, most, count.units, limit, count_trades)
    steps = (count, nearest)
    return _solution(
        nearest.units,
        max(bound, float(np.ceil(count.bound - 0.01))) if np.isfinite(count.bound) else bound,
        method=Method.EXACT,
        work=work + sum(step.work for step in steps),
        timed_out=timed_out or any(step.timed_out for step in steps),
    )


def count_trades(_: Problem, units: Floats) -> float:
    """The number of trades."""
    return float(np.count_nonzero(units))


def first_plan(aimed: Problem, inside: Inside) -> Floats:
    """A plan to begin with: towards the targets, or none where that stays further outside the bands."""
    nothing = np.zeros(len(aimed.price))
    towards = closest.solve(aimed, exact=False).units.astype(np.float64)
    if breaks_rule(aimed, towards):
        return nothing
    if breaks_rule(aimed, nothing):
        return towards
    is_better = outside_by(aimed, inside, towards) < outside_by(aimed, inside, nothing)
    return towards if is_better else nothing


def least_outside(aimed: Problem, inside: Inside, start: Floats) -> tuple[float, Floats, int, bool]:
    """How much money must at least stay outside the bands, units that attain it, the work, and whether time ran out."""
    if not breaks_rule(aimed, start) and not outside_by(aimed, inside, start):
        return 0.0, start, 0, False
    found = solve_exact(
        aimed, start, lay_outside(inside), judge_outside(inside), to_bands=True, budget=BUDGET
    )
    far = outside_by(aimed, inside, found.units)
    return (far + TOLERANCE * aimed.total if far else 0.0), found.units, found.work, found.timed_out


def least_error(
    aimed: Problem,
    inside: Inside,
    most: float,
    start: Floats,
    limit: tuple[Objective, float],
    measure: Judge,
) -> ExactSolution:
    """The least distance from the targets among plans as far inside the bands, within one more limit."""
    lay_limit, highest = limit

    def lay(model: Model) -> None:
        keep_inside(model, inside, most)
        lay_limit(model)
        lay_closest(model)

    def judge(problem: Problem, units: Floats) -> float:
        is_over = measure(problem, units) > highest + NOISE
        return np.inf if is_over else score(problem, units)

    within = judge_inside(inside, most, judge)
    return solve_exact(aimed, start, lay, within, to_bands=True, budget=BUDGET)


def lay_count(inside: Inside, most: float) -> Objective:
    """Fewest trades, as far inside the bands."""

    def lay(model: Model) -> None:
        keep_inside(model, inside, most)
        for at in model.trades:
            model.cost[at] = 1.0

    return lay


def _lay_most_trades(units: Floats) -> tuple[Objective, float]:
    count = float(np.count_nonzero(units))

    def lay(model: Model) -> None:
        model.row([(at, 1.0) for at in model.trades], high=count)

    return lay, count


def _solution(
    units: Floats,
    bound: float,
    *,
    method: Method = Method.CONSTRUCTIVE,
    work: int = 0,
    timed_out: bool = False,
) -> Solution:
    count = float(np.count_nonzero(units))
    whole = np.rint(units).astype(np.int64)
    return Solution(whole, count, min(bound, count), method, work, timed_out)
