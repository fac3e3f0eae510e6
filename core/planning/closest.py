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
from core.planning.knapsack import bound_by_price, solve_knapsack
from core.planning.moves import improve
from core.planning.problem import Floats, Problem
from core.planning.score import (
    CENT_NOISE,
    TRADE_WEIGHT,
    has_limits,
    is_allowed,
    least_shortfall,
    outflow,
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
        found = solve_together(problem, _guess(problem), PROVEN * problem.total)
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
        starts = [_guess(problem), np.zeros(len(problem.price))]
    best = min((improve(problem, start) for start in starts), key=lambda state: state.score)
    return Found(best.units, best.score, bound, work)


def _judged(problem: Problem, found: Found) -> Found:
    """What the knapsack found, with the score that is counted of its units as a whole."""
    keeps_rules = not has_limits(problem) and problem.cash[0] >= 0
    if not keeps_rules:
        return replace(found, score=score(problem, found.units))
    short = shortfall(problem, found.units)
    value = short + float(tie_break(problem, found.units).sum())
    return replace(found, score=value, short=short)


def _enough(problem: Problem) -> float:
    """A gap that needs no further search: a ten-thousandth of a point, and with parts of shares a thousandth.

    There it is cents that are rounded, each against us, for which no search is worth its time.
    """
    return (_NEARLY if problem.has_parts else PROVEN) * problem.total


def _guess(problem: Problem) -> Floats:
    return _within_limits(problem, _complete(problem, _first_guess(problem)))


def _constructed_of_parts(problem: Problem, *, is_simple: bool) -> Found:
    """For parts of shares: what is built needs hardly a move, and the price of cash all but proves it."""
    bound = bound_by_price(problem) if is_simple else bound_together(problem)
    best = improve(problem, _guess(problem))
    if best.score - bound > _enough(problem):
        best = min(best, improve(problem, np.zeros(len(problem.price))), key=lambda one: one.score)
    return Found(best.units, best.score, bound, 0)


def _first_guess(problem: Problem) -> Floats:
    """Sell what is over, then buy what is short with the cash there is, the largest gap first."""
    units = np.zeros(len(problem.price))
    rest = problem.gap.copy()
    for cell in np.argsort(rest[problem.line_of], kind="stable"):
        line = problem.line_of[cell]
        sold = np.clip(np.ceil(rest[line] / problem.price[cell] - _NOISE), problem.lowest[cell], 0)
        _take(problem, units, rest, int(cell), float(sold))
    if problem.must_raise:
        _raise_cash(problem, units, rest)
    left = problem.cash - np.bincount(
        problem.account_of, outflow(problem, units), len(problem.cash)
    )
    spare = float(left.sum()) - max(problem.cash_floor, problem.cash_goal)
    for cell in np.argsort(-rest[problem.line_of], kind="stable"):
        line, account = problem.line_of[cell], problem.account_of[cell]
        price = problem.buy_price[cell] + problem.fee[cell]
        room = min(spare, float(left[account])) - problem.commission - 0.02
        most = min(rest[line] / problem.price[cell], room / price, problem.highest[cell])
        bought = float(np.floor(most + _NOISE))
        if units[cell] == 0 and bought > 0 and _take(problem, units, rest, int(cell), bought):
            paid = float(outflow(problem, np.array([bought]), np.array([cell]))[0])
            left[account] -= paid
            spare -= paid
    return units


def _take(problem: Problem, units: Floats, rest: Floats, cell: int, count: float) -> bool:
    """Trade so much of a cell, where that is allowed."""
    where = np.array([cell])
    if count == 0 or not is_allowed(problem, np.array([count]), where)[0]:
        return False
    rest[problem.line_of[cell]] -= (count - units[cell]) * problem.price[cell]
    units[cell] = count
    return True


def _raise_cash(problem: Problem, units: Floats, rest: Floats) -> None:
    """Sell more, of what is most over its goal, until the money is there that is taken out."""
    for cell in np.argsort(rest[problem.line_of], kind="stable"):
        flow = np.bincount(problem.account_of, outflow(problem, units), len(problem.cash))
        left = problem.cash - flow
        missing = -float(left[problem.account_of[cell]])
        missing = max(missing, problem.cash_floor - float(left.sum()))
        price = problem.sell_price[cell] - problem.fee[cell]
        if missing > CENT_NOISE and price > 0:
            more = np.ceil((missing + problem.commission) / price)
            sold = np.clip(units[cell] - more, problem.lowest[cell], 0)
            _take(problem, units, rest, int(cell), float(sold))


def _complete(problem: Problem, units: Floats) -> Floats:
    """Spend what the rounding left over: a unit more where it covers most of its own price."""
    rest = problem.gap - np.bincount(problem.line_of, units * problem.price, len(problem.lines))
    best = score(problem, units)
    parts = rest[problem.line_of] / problem.price
    for cell in np.argsort(-parts, kind="stable"):
        if parts[cell] <= 0 or units[cell] + 1 > problem.highest[cell]:
            continue
        more = units.copy()
        more[cell] += 1
        value = score(problem, more)
        if value < best:
            units, best = more, value
    return units


def _within_limits(problem: Problem, units: Floats) -> Floats:
    """The same trades, all made smaller until the limits on turnover and cost hold."""
    for _ in range(40):
        if np.isfinite(score(problem, units)):
            break
        units = np.trunc(units * 0.8)
        units = np.where(is_allowed(problem, units), units, 0.0)
    return units
