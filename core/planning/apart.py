"""Losses and purchases of the same kept apart within one plan, where the policy blocks wash sales.

A loss does not count where the same, or what counts as the same, is bought in any account of the plan on that day (for
ever, where that is a retirement account: Revenue Ruling 2008-5). For each such group a plan either sells nothing at a
loss or buys nothing: both are solved and the better is taken, so that what is proven of both is proven of the plan. A
plan that breaks the rule for more groups than ``_MOST_GROUPS`` buys nothing of those that remain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from core.domain.money import ONE, ZERO, half_spread
from core.domain.plan import PlanRequest, ReasonCode
from core.domain.policy import WashRule
from core.planning.cells import Cell
from core.planning.problem import Floats, Problem
from core.planning.solution import Solution
from core.planning.taxes import is_taxed, lots_sold

_MOST_GROUPS = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of what counts as the same: those that may buy it, and those whose sales may realise a loss.

    ``free`` is how many units each of the latter may sell before a lot comes that has lost.
    """

    buyers: tuple[int, ...]
    sellers: tuple[int, ...]
    free: tuple[float, ...]

    def is_broken_by(self, units: Floats) -> bool:
        """Whether units buy something of it and sell something of it at a loss."""
        return bool((units[list(self.buyers)] > 0).any()) and self.loses(units)

    def loses(self, units: Floats) -> bool:
        """Whether units sell something of it at a loss."""
        return any(-units[at] > free for at, free in zip(self.sellers, self.free, strict=True))


def groups_of(request: PlanRequest, problem: Problem) -> tuple[Group, ...]:
    """The groups that a plan must keep apart; none where the policy does not block, or nothing can be lost."""
    if request.policy.wash is not WashRule.BLOCK or request.tax.today is None:
        return ()
    free = {at: _free_units(request, cell) for at, cell in enumerate(problem.cells)}
    losing = {at: units for at, units in free.items() if units is not None}
    kinds = {request.tax.equivalents.group_of(problem.cells[at].symbol) for at in losing}
    groups = []
    for kind in sorted(kinds, key=min):
        sellers = tuple(at for at in losing if problem.cells[at].symbol in kind)
        buyers = tuple(
            at for at, cell in enumerate(problem.cells) if cell.symbol in kind and cell.max_purchase
        )
        if buyers:
            groups.append(Group(buyers, sellers, tuple(losing[at] for at in sellers)))
    return tuple(groups)


def _free_units(request: PlanRequest, cell: Cell) -> float | None:
    """The units that a cell sells before a lot comes that has lost; None where no sale of it can lose.

    A lot has lost where it cost more than it brings after spread, fees, and the commission on the smallest sale.
    """
    if not cell.max_sale or not is_taxed(request, cell.account):
        return None
    most, policy = cell.max_sale * cell.unit, request.policy
    least = max(cell.unit, min(policy.min_trade / cell.price, most))
    price = cell.price - half_spread(cell.price, policy.spread_bps) - policy.commission_per_share
    price -= policy.commission / least + Decimal("0.01") / least
    free = ZERO
    for part in lots_sold(request, cell.account, cell.symbol, most, cell.price, most * cell.price):
        cost = part.lot.cost_per_share
        if cost is not None and cost > price:
            return float(free / cell.unit) if cell.unit < ONE else float(free // cell.unit)
        free += part.quantity
    return None


def solve_apart(
    groups: Sequence[Group],
    problem: Problem,
    solve: Callable[[Problem], Solution],
    rank: Callable[[Solution], tuple[float, float]],
    most: int = _MOST_GROUPS,
) -> Solution:
    """The best solution that breaks no group, with what is proven of it.

    ``rank`` says which of two solutions is better: the lesser.
    """
    solution = solve(problem)
    units = solution.units.astype(np.float64)
    broken = next((group for group in groups if group.is_broken_by(units)), None)
    if broken is None:
        return solution
    without_purchase = _without_purchase(problem, broken)
    if not most:
        found = solve_apart(groups, without_purchase, solve, rank, most)
        return replace(found, bound=min(found.bound, solution.bound))
    found, other = sorted(
        (
            solve_apart(groups, each, solve, rank, most - 1)
            for each in (without_purchase, _without_loss(problem, broken))
        ),
        key=rank,
    )
    return replace(
        found,
        bound=min(found.bound, other.bound),
        work=solution.work + found.work + other.work,
        timed_out=solution.timed_out or found.timed_out or other.timed_out,
    )


def _without_purchase(problem: Problem, group: Group) -> Problem:
    highest = problem.highest.copy()
    highest[list(group.buyers)] = 0.0
    return replace(problem, highest=highest)


def _without_loss(problem: Problem, group: Group) -> Problem:
    lowest, sell_out = problem.lowest.copy(), problem.sell_out.copy()
    for at, free in zip(group.sellers, group.free, strict=True):
        if -lowest[at] > free:
            lowest[at], sell_out[at] = -free, 0.0
    return replace(problem, lowest=lowest, sell_out=sell_out)


def say_apart(groups: Sequence[Group], problem: Problem, units: Floats) -> Problem:
    """The problem whose cells say of what a plan leaves alone that a loss would not count otherwise."""
    cells = list(problem.cells)
    for group in groups:
        if group.loses(units):
            for at in group.buyers:
                why = cells[at].no_purchase or ReasonCode.WASHES
                cells[at] = cells[at]._replace(no_purchase=why)
        elif (units[list(group.buyers)] > 0).any():
            for at, free in zip(group.sellers, group.free, strict=True):
                kept = cells[at].no_sale or (None if free >= 1 else ReasonCode.LOSS_KEPT)
                cells[at] = cells[at]._replace(no_sale=kept)
    return replace(problem, cells=tuple(cells))
