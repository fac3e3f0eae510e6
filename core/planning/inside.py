"""Inside the bands: what each line and CASH may be worth after a plan, and how far a plan stays outside.

A line that trades in whole shares also counts as inside where one share less or more would bring it no nearer to its
target: up to half a share from it. Weights are of the total before the trades, as everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.domain.money import ONE
from core.planning.exact import Judge, Objective
from core.planning.model import Model, Terms, cost_terms
from core.planning.problem import Floats, Problem
from core.planning.score import is_allowed, outflow, penalties

NOISE = 1e-9
"""What counts as nothing, as a part of the total."""
TOLERANCE = 1e-6
"""Where the bands cannot be reached, so much more of the total outside them counts as the same."""


@dataclass(frozen=True, slots=True)
class Inside:
    """By line: its value now, and the least and the most it may have; the same for cash. In money."""

    value: Floats
    low: Floats
    high: Floats
    cash_low: float
    cash_high: float


def inside_of(problem: Problem) -> Inside:
    """The values that are inside the bands of a problem."""
    half = _half_shares(problem)
    reach = np.where(half > 0, half, -np.inf)
    return Inside(
        value=problem.value,
        low=np.minimum(problem.band_low, problem.target - reach),
        high=np.maximum(problem.band_high, problem.target + reach),
        cash_low=problem.cash_band[0],
        cash_high=problem.cash_band[1],
    )


def _half_shares(problem: Problem) -> Floats:
    """By line, half the price of a share that trades as a whole; less than 0 where parts do."""
    if problem.is_simple and not problem.has_parts:
        return problem.price / 2 / float(problem.cells[0].unit if problem.cells else ONE)
    halves = [0.0] * len(problem.lines)
    for cell, line in zip(problem.cells, problem.line_of.tolist(), strict=True):
        if cell.rank == 0:
            halves[line] = float(cell.price) / 2 if cell.unit >= ONE else -1.0
    return np.array(halves)


def aim_at_targets(problem: Problem, inside: Inside) -> Problem:
    """The same problem with targets as goals, and nothing that keeps a line without a band from growing."""
    edge = np.where(np.isfinite(inside.high), inside.high, inside.value + problem.total)
    return replace(
        problem,
        gap=problem.target - inside.value,
        cash_goal=problem.cash_target,
        band_high=edge,
    )


def outside_by(problem: Problem, inside: Inside, units: Floats) -> float:
    """The money by which lines and CASH are outside their bands after trades; 0 where all are inside."""
    moved = units * problem.price
    after = inside.value + np.bincount(problem.line_of, moved, len(problem.lines))
    cash = problem.all_cash - float(outflow(problem, units).sum())
    far = float(np.maximum(np.maximum(inside.low - after, after - inside.high), 0.0).sum())
    far += max(inside.cash_low - cash, cash - inside.cash_high, 0.0)
    return 0.0 if far <= NOISE * problem.total else far


def breaks_rule(problem: Problem, units: Floats) -> bool:
    """Whether trades are not permitted: their bounds, the cash of an account, the floor, a limit."""
    if not is_allowed(problem, units).all():
        return True
    flow, accounts = outflow(problem, units), len(problem.cash)
    left = problem.cash - np.bincount(problem.account_of, flow, accounts)
    buys = np.bincount(problem.account_of, units > 0, accounts).astype(np.float64)
    moved = units * problem.price
    turnover, cost = float(np.abs(moved).sum()), float(flow.sum() - moved.sum())
    return bool(penalties(problem, left, buys, turnover, cost) > 0)


def judge_inside(inside: Inside, most: float, judge: Judge) -> Judge:
    """A judge that takes only plans that are outside their bands by no more than ``most``."""

    def within(problem: Problem, units: Floats) -> float:
        if breaks_rule(problem, units) or outside_by(problem, inside, units) > most:
            return np.inf
        return judge(problem, units)

    return within


def judge_outside(inside: Inside) -> Judge:
    """A judge of how far plans stay outside the bands, what trading costs counted as outside.

    Otherwise a trade could look good only because it burns cash that is over its band.
    """

    def outside(problem: Problem, units: Floats) -> float:
        if breaks_rule(problem, units):
            return np.inf
        cost = float(outflow(problem, units).sum() - (units * problem.price).sum())
        return outside_by(problem, inside, units) + cost

    return outside


def lay_outside(inside: Inside) -> Objective:
    """Least money outside the bands and cost."""

    def lay(model: Model) -> None:
        for at in _add_outside(model, inside):
            model.cost[at] = 1.0
        for at, cost in cost_terms(model):
            model.cost[at] += cost

    return lay


def keep_inside(model: Model, inside: Inside, most: float) -> None:
    """Keep what is outside the bands within ``most``."""
    outside = _add_outside(model, inside)
    if most > 0:
        model.row([(at, 1.0) for at in outside], high=most / model.money)
        return
    for at in outside:
        model.high[at] = 0.0


def _add_outside(model: Model, inside: Inside) -> list[int]:
    """A column for each line and for CASH: how far it is outside its band."""
    problem, unit = model.problem, model.money
    columns = [
        _add_row_outside(model, moved, (low - value) / unit, (high - value) / unit)
        for moved, value, low, high in zip(
            model.moved, inside.value, inside.low, inside.high, strict=True
        )
    ]
    gained: Terms = [(at, -value) for flow in model.flow for at, value in flow]
    low = (inside.cash_low - problem.all_cash + model.slack) / unit
    high = (inside.cash_high - problem.all_cash) / unit
    return [*columns, _add_row_outside(model, gained, low, max(low, high))]


def _add_row_outside(model: Model, terms: Terms, low: float, high: float) -> int:
    outside = model.column()
    if np.isfinite(low):
        model.row([*terms, (outside, 1.0)], low=low)
    if np.isfinite(high):
        model.row([*terms, (outside, -1.0)], high=high)
    return outside
