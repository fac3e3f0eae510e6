"""Is it worth it: a trade whose benefit is below its cost is left out, by a rule that the user can see.

A trade must take at least ``worth`` times its cost off the drift, both in money: drift is half the sum of what lines
and CASH are away from their goals. Each trade, and each sale with a purchase, is taken out of the plan; the one that
falls short the most is forbidden and the rest planned anew, until all that remain earn their cost. Then the plan as a
whole must. Plans for ``fewest`` and ``cheapest`` are obliged by bands, so that only the whole is held against the rule,
with targets for goals. What raises money that is taken out is never left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from core.planning.inside import breaks_rule
from core.planning.problem import Floats, Problem
from core.planning.score import outflow, shortfall
from core.planning.solution import Solution

_CENT = 0.01
_MOST_PAIRED = 12
"""Pairs are looked for among so many of the smallest sales and purchases."""

Resolve = Callable[[Problem], Solution]


@dataclass(frozen=True, slots=True)
class Left:
    """What leaving trades out costs: the drift that stays, and what is not paid, both in money."""

    drift: float
    cost: float


@dataclass(frozen=True, slots=True)
class Worthy:
    """The plan that earns its cost; the cells left out, by place; ``whole`` where nothing remains of the plan."""

    solution: Solution
    left: dict[int, Left]
    whole: Left | None = None


def keep_worthy(problem: Problem, solution: Solution, resolve: Resolve, worth: float) -> Worthy:
    """Leave out the trades, and then the plan, that take less than ``worth`` times their cost off the drift.

    ``resolve`` plans anew with cells forbidden. A ``worth`` of 0 leaves all as it is.
    """
    left: dict[int, Left] = {}
    narrowed = problem
    while worth > 0 and (found := _least_worthy(narrowed, solution, worth)) is not None:
        cells, lost = found
        left |= dict.fromkeys(cells, lost)
        narrowed = _forbid(narrowed, cells)
        solution = resolve(narrowed)
    judged = judge_whole(problem, solution, worth)
    return Worthy(solution, left | judged.left, judged.whole)


def judge_whole(problem: Problem, solution: Solution, worth: float) -> Worthy:
    """The plan where it takes ``worth`` times its cost off the drift; otherwise with all that it trades left out."""
    whole = _falls_short(problem, solution, worth)
    if whole is None:
        return Worthy(solution, {})
    traded = (int(place) for place in np.flatnonzero(solution.units))
    return Worthy(solution, dict.fromkeys(traded, whole), whole)


def _falls_short(problem: Problem, solution: Solution, worth: float) -> Left | None:
    units = solution.units.astype(np.float64)
    nothing = np.zeros(len(units))
    if worth <= 0 or not units.any() or breaks_rule(problem, nothing):
        return None
    brings = Left(_drift(problem, nothing) - _drift(problem, units), _cost(problem, units))
    return brings if _is_short(brings, worth) else None


def _least_worthy(
    problem: Problem, solution: Solution, worth: float
) -> tuple[tuple[int, ...], Left] | None:
    units = solution.units.astype(np.float64)
    removals = list(_removals(problem, units))
    if not removals:
        return None
    rests = np.tile(units, (len(removals) + 1, 1))
    for rest, cells in zip(rests, removals, strict=False):  # the last is the plan as it is
        rest[list(cells)] = 0.0
    costs = _costs(problem, rests)
    drifts = _shortfalls(problem, rests) - costs / 2
    worst: tuple[float, tuple[int, ...], Left] | None = None
    for at in np.flatnonzero(drifts - drifts[-1] < worth * (costs[-1] - costs) - _CENT):
        lost = Left(float(drifts[at] - drifts[-1]), float(costs[-1] - costs[at]))
        short = worth * lost.cost - lost.drift
        if (worst is None or short > worst[0] + _CENT) and not breaks_rule(problem, rests[at]):
            worst = short, removals[at], lost
    return None if worst is None else worst[1:]


def _shortfalls(problem: Problem, rows: Floats) -> Floats:
    """By row of units, the money that lines and CASH are short of their goals."""
    moved = np.zeros((len(problem.lines), len(rows)))
    np.add.at(moved, problem.line_of, (rows * problem.price).T)
    cash = problem.all_cash - outflow(problem, rows).sum(axis=1)
    short: Floats = np.maximum(problem.gap[:, None] - moved, 0.0).sum(axis=0)
    short += np.maximum(problem.cash_goal - cash, 0.0)
    return short


def _costs(problem: Problem, rows: Floats) -> Floats:
    cost: Floats = outflow(problem, rows).sum(axis=1) - (rows * problem.price).sum(axis=1)
    return cost


def _removals(problem: Problem, units: Floats) -> Iterator[tuple[int, ...]]:
    """Single trades, then pairs of a sale and a purchase, the smallest first."""
    traded = np.flatnonzero(units)
    order = traded[np.argsort(np.abs(units[traded]) * problem.price[traded], kind="stable")]
    places = [int(place) for place in order]
    yield from ((place,) for place in places)
    sales = [place for place in places if units[place] < 0][:_MOST_PAIRED]
    yield from product(sales, [place for place in places if units[place] > 0][:_MOST_PAIRED])


def _is_short(left: Left, worth: float) -> bool:
    return left.drift < worth * left.cost - _CENT


def _drift(problem: Problem, units: Floats) -> float:
    """Half the sum of what lines and CASH are away from their goals, in money."""
    return shortfall(problem, units) - _cost(problem, units) / 2


def _cost(problem: Problem, units: Floats) -> float:
    return float(outflow(problem, units).sum() - (units * problem.price).sum())


def _forbid(problem: Problem, cells: tuple[int, ...]) -> Problem:
    arrays = {name: getattr(problem, name).copy() for name in ("lowest", "highest", "sell_out")}
    for array in arrays.values():
        array[list(cells)] = 0.0
    return replace(problem, **arrays)
