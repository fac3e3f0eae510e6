"""Among plans that come as near to the goals as one that was found: the one whose sales cost least tax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.planning.exact import Budget, Judge, Objective, solve_exact
from core.planning.model import Model, Terms, tax_terms
from core.planning.problem import Floats, Problem
from core.planning.sale_costs import SaleCosts, Step, tax_of
from core.planning.score import TRADE_WEIGHT, score, shortfall
from core.planning.solution import Solution

AS_NEAR = 1e-4
"""A hundredth of a point further from the goals is as near."""
BUDGET = Budget(nodes=200, seconds=1.0)


def least_taxed(problem: Problem, found: Solution, taxes: SaleCosts) -> Solution:
    """The plan of least tax that is as near to the goals as ``found``; ``found`` itself where it is that one."""
    start = found.units.astype(np.float64)
    most = shortfall(problem, start) + AS_NEAR * problem.total
    answer = solve_exact(
        problem, start, _lay_tax(most, taxes), _judge_tax(most, taxes), budget=BUDGET
    )
    if np.array_equal(answer.units, start):
        return replace(found, work=found.work + answer.work)
    return replace(
        found,
        units=np.rint(answer.units).astype(np.int64),
        work=found.work + answer.work,
        timed_out=found.timed_out or answer.timed_out,
    )


def _judge_tax(most: float, taxes: SaleCosts) -> Judge:
    def judge(problem: Problem, units: Floats) -> float:
        if not np.isfinite(score(problem, units)) or shortfall(problem, units) > most:
            return float(np.inf)
        return tax_of(units, taxes) + TRADE_WEIGHT * problem.total * float((units != 0).sum())

    return judge


def keep_near(model: Model, most: float) -> None:
    """Keep lines and cash together no further short of their goals than ``most`` money."""
    problem, unit = model.problem, model.money
    shorts: Terms = []
    for gap, moved in zip(problem.gap, model.moved, strict=True):
        short = model.column()
        model.row([(short, 1.0), *moved], low=float(gap) / unit)
        shorts.append((short, 1.0))
    spent: Terms = [(at, -value) for flow in model.flow for at, value in flow]
    short = model.column()
    model.row([(short, 1.0), *spent], low=(problem.cash_goal - problem.all_cash) / unit)
    model.row([*shorts, (short, 1.0)], high=most / unit)


def _lay_tax(most: float, taxes: Sequence[Sequence[Step]]) -> Objective:
    """Least tax, then fewest trades, no further from the goals than ``most`` money."""

    def lay(model: Model) -> None:
        problem, unit = model.problem, model.money
        keep_near(model, most)
        for cell, steps in enumerate(taxes):
            for at, value in tax_terms(model, cell, steps):
                model.cost[at] += value
        for at in model.trades:
            model.cost[at] += TRADE_WEIGHT * problem.total / unit

    return lay
