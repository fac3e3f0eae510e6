"""Solve for ``cheapest``: the least cost and tax that bring every line inside its band, then nearest to the targets.

Costs are half spreads, commissions and fees, each rounded up to the cent. CASH has a band as well; where the bands
cannot be reached, the money outside them is made least first. The destination plays no part.
"""

from __future__ import annotations

import numpy as np

from core.domain.plan import Method
from core.planning import fewest
from core.planning.exact import ExactSolution, Judge, Objective, solve_exact
from core.planning.fewest import BUDGET, first_plan, least_error, least_outside
from core.planning.inside import (
    NOISE,
    Inside,
    aim_at_targets,
    breaks_rule,
    inside_of,
    judge_inside,
    keep_inside,
    outside_by,
)
from core.planning.model import Model, Terms, cost_terms, tax_terms
from core.planning.problem import Floats, Problem
from core.planning.rule import nearest_inside
from core.planning.sale_costs import SaleCosts, tax_of
from core.planning.score import has_limits, outflow
from core.planning.solution import Solution

_CENT = 0.01


def solve(problem: Problem, *, exact: bool = True, taxes: SaleCosts | None = None) -> Solution:
    """Units to trade by cell (sales negative), with what they cost in money, tax included, and a bound of it.

    Without ``exact`` the integer program is left out. The bound holds among the plans that are as far inside their
    bands as this one.
    """
    inside = inside_of(problem)
    aimed = aim_at_targets(problem, inside)
    is_free = taxes is None and not (problem.buy_price > problem.price).any()
    is_free = is_free and not problem.fee.any()
    if is_free and problem.commission:  # each trade costs the same
        found = fewest.solve(problem, exact=exact)
        count, bound = found.objective * problem.commission, found.bound * problem.commission
        return Solution(found.units, count, bound, found.method, found.work, found.timed_out)
    judge = _cost_judge(taxes)
    if is_free and problem.is_simple and not has_limits(problem):
        units = nearest_inside(problem, aimed, inside)
        if units is not None:
            return _solution(aimed, judge, units, 0.0)
    start = _start(problem, aimed, inside, taxes)
    bound = 0.0 if taxes is None else -np.inf
    if not exact or not len(start):
        return _solution(aimed, judge, start, bound)
    return _proven(aimed, inside, taxes, start, bound)


def _proven(
    aimed: Problem, inside: Inside, taxes: SaleCosts | None, start: Floats, bound: float
) -> Solution:
    judge = _cost_judge(taxes)
    most, units, work, timed_out = least_outside(aimed, inside, start)
    cost = solve_exact(
        aimed,
        units,
        _lay_cost(inside, most, taxes),
        judge_inside(inside, most, judge),
        unit=_CENT,
        to_bands=True,
        budget=BUDGET,
    )
    steps: list[ExactSolution] = [cost]
    spent = judge(aimed, cost.units)
    limit = (_lay_most_cost(spent, taxes), spent)
    steps.append(least_error(aimed, inside, most, cost.units, limit, judge))
    return _solution(
        aimed,
        judge,
        steps[-1].units,
        max(bound, cost.bound),
        method=Method.EXACT,
        work=work + sum(step.work for step in steps),
        timed_out=timed_out or any(step.timed_out for step in steps),
    )


def _start(problem: Problem, aimed: Problem, inside: Inside, taxes: SaleCosts | None) -> Floats:
    """The cheaper of the plan with the fewest trades and one towards the targets, where they are inside."""
    judge = _cost_judge(taxes)
    few = fewest.solve(problem, exact=False).units.astype(np.float64)
    towards = first_plan(aimed, inside)

    def rank(units: Floats) -> tuple[bool, float, float]:
        far = outside_by(aimed, inside, units)
        return breaks_rule(aimed, units), far, judge(aimed, units)

    return min(few, towards, key=rank)


def cost_of(problem: Problem, units: Floats, taxes: SaleCosts | None = None) -> float:
    """What trades cost in money: half spreads, commissions and fees to the cent, and the tax of what is sold."""
    cost = float(outflow(problem, units).sum() - (units * problem.price).sum())
    return cost if taxes is None else cost + tax_of(units, taxes)


def _cost_judge(taxes: SaleCosts | None) -> Judge:
    def judge(problem: Problem, units: Floats) -> float:
        return cost_of(problem, units, taxes)

    return judge


def _lay_cost(inside: Inside, most: float, taxes: SaleCosts | None) -> Objective:
    """Least cost, in cents."""

    def lay(model: Model) -> None:
        keep_inside(model, inside, most)
        for at, cost in _all_costs(model, taxes):
            model.cost[at] += cost * model.money / _CENT

    return lay


def _lay_most_cost(most: float, taxes: SaleCosts | None) -> Objective:
    def lay(model: Model) -> None:
        model.row(_all_costs(model, taxes), high=(most + NOISE) / model.money)

    return lay


def _all_costs(model: Model, taxes: SaleCosts | None) -> Terms:
    """The terms of cost and tax, in units of the program's money."""
    terms = cost_terms(model)
    for cell, steps in enumerate(taxes or ()):
        terms += tax_terms(model, cell, steps)
    return terms


def _solution(
    problem: Problem,
    judge: Judge,
    units: Floats,
    bound: float,
    *,
    method: Method = Method.CONSTRUCTIVE,
    work: int = 0,
    timed_out: bool = False,
) -> Solution:
    cost = judge(problem, units)
    whole = np.rint(units).astype(np.int64)
    return Solution(whole, cost, min(bound, cost), method, work, timed_out)
