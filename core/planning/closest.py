"""Solve for ``closest``: the least shortfall, then the fewest trades, then the least turnover.

Where one account serves each line with one cell, the knapsack finds it, mostly with its proof; several accounts are
solved as one purse that is then divided (``core.planning.together``). Otherwise a plan is built (sell what is over, buy
what is short, largest first, spend the rest) and improved by small moves; what is not proven then is given to the
integer program with that plan as its start.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from core.domain.plan import Method
from core.planning.base import Found
from core.planning.exact import solve_exact
from core.planning.guess import guess
from core.planning.knapsack import bound_by_price, solve_knapsack
from core.planning.moves import improve
from core.planning.problem import Floats, Problem
from core.planning.score import (
    TRADE_WEIGHT,
    has_limits,
    least_shortfall,
    score,
    shortfall,
    tie_break,
)
from core.planning.solution import Solution
from core.planning.together import bound_together, can_be_one_purse, solve_together

_NOISE = 1e-12
PROVEN = TRADE_WEIGHT
"""A bound so near, as a part of the total, is proof: a ten-thousandth of a point."""
_NEARLY = 10 * PROVEN


def solve(problem: Problem, *, exact: bool = True) -> Solution:
    """Units to trade by cell (sales negative), with the shortfall and its bound in points.

    The gap between them is that of the whole measure, in which each trade counts a ten-thousandth of a point. Without
    ``exact`` the integer program is left out.
    """
    if not len(problem.price):
        return _solution(problem, np.zeros(0))
    best = _constructed(problem)
    if best.gap > _NOISE * problem.total and (least := least_shortfall(problem)) > best.bound:
        best = replace(best, bound=least)
    if not exact or best.gap <= _enough(problem):
        return _solution(problem, best.units, best)
    found = solve_exact(problem, best.units)
    units = improve(problem, found.units).units if problem.has_parts else found.units
    proven = Found(
        units, score(problem, units), max(best.bound, found.bound), best.work + found.work
    )
    solution = _solution(problem, units, proven)
    return replace(solution, method=Method.EXACT, timed_out=found.timed_out)


def _solution(problem: Problem, units: Floats, found: Found | None = None) -> Solution:
    """In points; without anything found, what there is to trade leaves no choice."""
    points = 100 / problem.total
    short = None if found is None else found.short
    objective = (shortfall(problem, units) if short is None else short) * points
    gap = 0.0 if found is None else max(found.gap, 0.0) * points
    work = 0 if found is None else found.work
    return Solution(
        units=np.rint(units).astype(np.int64),
        objective=objective,
        bound=objective - gap,
        method=Method.EXACT if work else Method.CONSTRUCTIVE,
        work=work,
    )


def _constructed(problem: Problem) -> Found:
    """The best units found without the integer program, and what no score is below."""
    bound, work = -np.inf, 0
    starts = []
    is_one_purse = not problem.is_simple and can_be_one_purse(problem)
    if problem.has_parts and (problem.is_simple or is_one_purse):
        return _constructed_of_parts(problem, is_simple=problem.is_simple)
    if is_one_purse:
        found = solve_together(problem, guess(problem), PROVEN * problem.total)
        if found.gap <= PROVEN * problem.total:
            return found
        bound, work, starts = found.bound, found.work, [found.units]
    if problem.is_simple:
        listed = solve_knapsack(problem)
        bound, work = listed.bound, listed.work
        if np.isfinite(listed.score):
            listed = _judged(problem, listed)
        if listed.gap <= PROVEN * problem.total:
            return listed
        starts = [listed.units] if np.isfinite(listed.score) else []
    if not starts:
        starts = [guess(problem), np.zeros(len(problem.price))]
    best = min((improve(problem, start) for start in starts), key=lambda state: state.score)
    return Found(best.units, best.score, bound, work)


def _judged(problem: Problem, found: Found) -> Found:
    """What the knapsack found, with its shortfall; scored anew where there is a rule that the knapsack does not know.

    It counts cash below the floor as short, where that is above the goal.
    """
    keeps_rules = not has_limits(problem) and problem.cash[0] >= 0
    if not keeps_rules or problem.cash_floor > problem.cash_goal:
        return replace(found, score=score(problem, found.units))
    ties = float(np.add.reduce(tie_break(problem, found.units)))
    return replace(found, short=found.score - ties)


def _enough(problem: Problem) -> float:
    """A gap that needs no further search: a ten-thousandth of a point, and with parts of shares a thousandth.

    There it is cents that are rounded, each against us, for which no search is worth its time.
    """
    return (_NEARLY if problem.has_parts else PROVEN) * problem.total


def _constructed_of_parts(problem: Problem, *, is_simple: bool) -> Found:
    """For parts of shares: what is built needs hardly a move, and the price of cash all but proves it."""
    bound = bound_by_price(problem) if is_simple else bound_together(problem)
    best = improve(problem, guess(problem), bound)
    if best.score - bound > _enough(problem):
        best = min(best, improve(problem, np.zeros(len(problem.price))), key=lambda one: one.score)
    return Found(best.units, best.score, bound, 0)
