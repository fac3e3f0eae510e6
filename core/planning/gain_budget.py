"""The year's gain budget: sales realise no more gain than the policy lets them, the largest gains first left alone.

What is left alone is chosen one sale at a time, so a plan that the budget binds is not proven; its bound is that of the
plan without the budget. Money that is taken out is raised whatever it realises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import numpy as np

from core.domain.money import ZERO
from core.domain.plan import PlanRequest, ReasonCode
from core.planning.problem import Floats, Problem
from core.planning.sale_costs import SaleCosts, gain_of, sale_costs
from core.planning.solution import Solution

_NOISE = 1e-6


def keep_budget(
    request: PlanRequest, problem: Problem, resolve: Callable[[Problem], Solution]
) -> tuple[Problem, Solution]:
    """Solve, and solve again with the sales of largest gain made smaller, until each tax owner's budget is kept.

    Returns the problem as it was solved last; a cell that may not sell any more says so.
    """
    first = resolve(problem)
    budget = request.policy.gain_budget
    steps = None if budget is None else sale_costs(request, problem)
    if budget is None or steps is None or problem.must_raise:
        return problem, first
    room = _room(request, budget)
    solution = first
    while (found := _over(problem, steps, solution, room)) is not None:
        problem = _narrowed(problem, *found)
        solution = resolve(problem)
    return problem, replace(solution, bound=min(first.bound, solution.bound))


def _room(request: PlanRequest, budget: Decimal) -> Mapping[str, float]:
    """What each tax owner may still realise this year."""
    names = {account.tax_owner for account in request.accounts}
    years = {name: request.tax.owner(name).year for name in names}
    return {name: float(max(budget - year.short - year.long, ZERO)) for name, year in years.items()}


def _over(
    problem: Problem, steps: SaleCosts, solution: Solution, room: Mapping[str, float]
) -> tuple[int, float] | None:
    """The cell whose sale has gained most for its value where a budget is passed, and how many units it may sell."""
    units = solution.units.astype(np.float64)
    gains = [gain_of(-count, each) for count, each in zip(units, steps, strict=True)]
    for owner, left in sorted(room.items()):
        places = [
            place
            for place, cell in enumerate(problem.cells)
            if cell.account.tax_owner == owner and units[place] < 0
        ]
        over = sum(gains[place] for place in places) - left
        if over <= _NOISE * problem.total:
            continue
        gained = [place for place in places if gains[place] > 0]
        worst = max(
            gained, key=lambda place: (_gain_for_value(problem, gains, units, place), place)
        )
        each = gains[worst] / -units[worst]
        return worst, max(-units[worst] - float(np.ceil(over / each - _NOISE)), 0.0)
    return None


def _gain_for_value(problem: Problem, gains: list[float], units: Floats, place: int) -> float:
    return gains[place] / float(-units[place] * problem.price[place])


def _narrowed(problem: Problem, place: int, most: float) -> Problem:
    lowest = problem.lowest.copy()
    most = most if most >= max(problem.least[place], 1.0) else 0.0
    lowest[place] = -most
    sell_out = problem.sell_out.copy()
    sell_out[place] = 0.0
    cells = list(problem.cells)
    why = cells[place].no_sale or (None if most else ReasonCode.GAIN_BUDGET)
    cells[place] = replace(cells[place], max_sale=int(most), no_sale=why)
    return replace(problem, lowest=lowest, sell_out=sell_out, cells=tuple(cells))
