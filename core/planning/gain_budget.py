"""The year's gain budget: sales realise no more gain than the policy lets them.

Where a plan passes a tax owner's budget, the sales of largest gain are made smaller one by one; for ``closest`` the
integer program then begins with that plan, with what each sale gains as a row: linear lot by lot, in the order in which
its lots are sold. Money that is taken out is raised whatever it realises.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from core.domain.money import ZERO
from core.domain.plan import Method, PlanRequest, ReasonCode
from core.planning.exact import ExactSolution, lay_closest, solve_exact
from core.planning.least_taxed import AS_NEAR
from core.planning.model import Model, Terms, gain_terms
from core.planning.problem import Floats, Problem
from core.planning.sale_costs import SaleCosts, gain_of, sale_costs
from core.planning.score import score, shortfall
from core.planning.solution import Solution

Resolve = Callable[[Problem], Solution]

_NOISE = 1e-6


@dataclass(frozen=True, slots=True)
class Budget:
    """What each tax owner may still realise this year, and what selling each cell gains, step by step."""

    room: Mapping[str, float]
    steps: SaleCosts

    def gains(self, problem: Problem, units: Floats) -> dict[str, float]:
        """What units realise, by tax owner."""
        gained = dict.fromkeys(self.room, 0.0)
        for cell, count, steps in zip(problem.cells, units, self.steps, strict=True):
            gained[cell.account.tax_owner] += gain_of(-float(count), steps)
        return gained

    def is_kept(self, problem: Problem, units: Floats) -> bool:
        """Whether no owner's budget is passed."""
        near = _NOISE * problem.total
        gained = self.gains(problem, units)
        return all(gained[owner] <= left + near for owner, left in self.room.items())


def budget_of(request: PlanRequest, problem: Problem) -> Budget | None:
    """The budget that binds a plan; None where there is none, or nothing that can be sold is taxed."""
    amount = request.policy.gain_budget
    steps = None if amount is None or problem.must_raise else sale_costs(request, problem)
    return None if amount is None or steps is None else Budget(_room(request, amount), steps)


@dataclass(frozen=True, slots=True)
class Kept:
    """A solution that keeps the budget; ``is_within``: so does the one that knows of none."""

    solution: Solution
    is_within: bool


def solve_within(budget: Budget, problem: Problem, resolve: Resolve) -> Kept:
    """Solve so that each tax owner's budget is kept, by making the sales smaller that gain most."""
    first = resolve(problem)
    solution, narrowed = first, problem
    while (found := _over(narrowed, budget.steps, solution, budget.room)) is not None:
        narrowed = _narrowed(narrowed, *found)
        solution = resolve(narrowed)
    bound = min(first.bound, solution.bound)
    return Kept(replace(solution, bound=bound), is_within=narrowed is problem)


def better_of(problem: Problem, kept: Solution, proven: Solution) -> Solution:
    """What the program found, with what it proves; what is as near already has the least tax, and stays."""
    near = 0.0 if problem.is_simple else AS_NEAR * problem.total
    units, others = (each.units.astype(np.float64) for each in (kept, proven))
    bound, work = max(kept.bound, proven.bound), kept.work + proven.work
    timed_out = kept.timed_out or proven.timed_out
    is_better = score(problem, others) < score(problem, units) - near
    return replace(
        proven if is_better else kept,
        bound=bound,
        work=work,
        timed_out=timed_out,
        method=Method.EXACT,
    )


def solve_exactly(budget: Budget, problem: Problem, start: Floats) -> Solution:
    """The plan nearest to the goals that keeps the budget, by the integer program, with its bound in points."""

    def lay(model: Model) -> None:
        lay_closest(model)
        for owner, left in budget.room.items():
            terms: Terms = []
            for place, (cell, steps) in enumerate(zip(problem.cells, budget.steps, strict=True)):
                if steps and cell.account.tax_owner == owner and problem.lowest[place] < 0:
                    terms += gain_terms(model, place, steps)
            if terms:
                model.row(terms, high=left / model.money)

    def judge(of: Problem, units: Floats) -> float:
        return score(of, units) if budget.is_kept(of, units) else np.inf

    found: ExactSolution = solve_exact(problem, start, lay, judge)
    points = 100 / problem.total
    objective = shortfall(problem, found.units) * points
    value = judge(problem, found.units)
    gap = max(value - found.bound, 0.0) * points if np.isfinite(value) else np.inf
    return Solution(
        units=np.rint(found.units).astype(np.int64),
        objective=objective,
        bound=max(objective - gap, 0.0),
        method=Method.EXACT,
        work=found.work,
        timed_out=found.timed_out,
    )


def say_budget(budget: Budget | None, problem: Problem, units: Floats) -> Problem:
    """The problem whose cells say of what a plan does not sell that a unit of it would pass the budget."""
    if budget is None:
        return problem
    gained = budget.gains(problem, units)
    cells = list(problem.cells)
    for at, (cell, steps) in enumerate(zip(problem.cells, budget.steps, strict=True)):
        owner = cell.account.tax_owner
        is_left = cell.no_sale is None and cell.max_sale > 0 and units[at] == 0
        if is_left and gained[owner] + gain_of(1.0, steps) > budget.room[owner]:
            cells[at] = cell._replace(no_sale=ReasonCode.GAIN_BUDGET)
    return replace(problem, cells=tuple(cells))


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
    return replace(problem, lowest=lowest, sell_out=sell_out)
