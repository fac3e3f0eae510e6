"""What units of trades are worth for ``closest``: the exact account of one choice, in floats.

What is made least is the *shortfall*: the money that lines and CASH are short of their goals. It is the tracking error,
with what trading costs counted as off target: over − under = −cost, so ½ (over + under + cost) = under. Without costs
the two are the same; with costs, no trade can look good only because it burns cash that is over its goal.

Ties are broken as the domain says: each trade must earn a ten-thousandth of a point (the finest that is ever shown),
then the money that changes hands counts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.planning.problem import Floats, Places, Problem

TRADE_WEIGHT = 1e-6
"""What a trade must earn, as a part of the total."""
TURNOVER_WEIGHT = 1e-7
CENT_NOISE = 1e-6
"""In cents: what floats may be off without a cent being lost."""
_SHORT_OF_RAISED = 1e6
"""How bad it is to miss a unit of the money that must be raised."""

Where = Places | slice
EVERYWHERE = slice(None)


def outflow(problem: Problem, units: Floats, where: Where = EVERYWHERE) -> Floats:
    """What trades take from cash (sales are negative), each rounded to the cent against us."""
    each = np.where(units > 0, problem.buy_price[where], problem.sell_price[where])
    flow: Floats = np.ceil(units * each * 100 - CENT_NOISE) / 100
    if problem.has_fees:
        flow += np.ceil(np.abs(units) * problem.fee[where] * 100 - CENT_NOISE) / 100
    if problem.commission:
        flow += np.where(units != 0, problem.commission, 0.0)
    return flow


def paid_for(units: float, each: float, fee: float, commission: float) -> float:
    """The same of one trade, at a price for each unit."""
    if not units:
        return 0.0
    flow = math.ceil(units * each * 100 - CENT_NOISE) / 100
    if fee:
        flow += math.ceil(abs(units) * fee * 100 - CENT_NOISE) / 100
    return flow + commission


def is_allowed(problem: Problem, units: Floats, where: Where = EVERYWHERE) -> NDArray[np.bool_]:
    """Whether each cell may trade so many units: within its bounds, at least its least, or all of it."""
    inside = (units >= problem.lowest[where]) & (units <= problem.highest[where])
    enough = (units == 0) | (np.abs(units) >= problem.least[where])
    empties = (problem.sell_out[where] > 0) & (units == -problem.sell_out[where])
    allowed: NDArray[np.bool_] = inside & (enough | empties)
    return allowed


def tie_break(problem: Problem, units: Floats, where: Where = EVERYWHERE) -> Floats:
    """What each cell's trade counts beside the shortfall."""
    moved = np.abs(units * problem.price[where])
    return np.where(units != 0, TRADE_WEIGHT * problem.total, 0.0) + TURNOVER_WEIGHT * moved


def shortfall(problem: Problem, units: Floats) -> float:
    """The money that lines and CASH are short of their goals after trades."""
    moved = np.bincount(problem.line_of, units * problem.price, len(problem.lines))
    cash = problem.all_cash - float(outflow(problem, units).sum())
    return float(np.maximum(problem.gap - moved, 0.0).sum()) + max(problem.cash_goal - cash, 0.0)


def has_limits(problem: Problem) -> bool:
    """Whether turnover or cost are limited."""
    return math.isfinite(problem.turnover_limit) or math.isfinite(problem.cost_limit)


def score(problem: Problem, units: Floats) -> float:
    """The shortfall with its tie-breaks; infinite where a rule is broken, huge where money is not raised."""
    if not is_allowed(problem, units).all():
        return np.inf
    flow = outflow(problem, units)
    left = problem.cash - np.bincount(problem.account_of, flow, len(problem.cash))
    buys = np.bincount(problem.account_of, units > 0, len(problem.cash)).astype(np.float64)
    moved = units * problem.price
    turnover, cost = float(np.abs(moved).sum()), float(flow.sum() - moved.sum())
    penalty = penalties(problem, left, buys, turnover, cost).item()
    return shortfall(problem, units) + float(tie_break(problem, units).sum()) + penalty


def penalties(
    problem: Problem, left: Floats, buys: Floats, turnover: Floats | float, cost: Floats | float
) -> Floats:
    """What breaking a rule costs: by candidate, from the cash left and the purchases by account (rows)."""
    within = CENT_NOISE
    together = left.sum(axis=0)
    over = (turnover > problem.turnover_limit + within) | (cost > problem.cost_limit + within)
    if problem.must_raise:
        missing = np.maximum(-left, 0.0).sum(axis=0)
        missing = np.maximum(missing, problem.cash_floor - together)
        raised = np.where(missing > within, missing * _SHORT_OF_RAISED, 0.0)
        return np.where(over, np.inf, raised)
    cash = problem.cash.reshape(-1, *(1,) * (left.ndim - 1))
    lowest = np.where(buys > 0, 0.0, np.minimum(cash, 0.0))
    overdrawn = (left < lowest - within).any(axis=0)
    bought = (buys > 0).any(axis=0)
    broke = overdrawn | over | (bought & (together < problem.cash_floor - within))
    return np.where(broke, np.inf, 0.0)


def least_shortfall(problem: Problem) -> float:
    """A bound that no plan can be below: what limits forbid to cover, and money that is missing."""
    lines = len(problem.lines)
    most = np.bincount(problem.line_of, problem.highest * problem.price, lines)
    least = np.bincount(problem.line_of, -problem.lowest * problem.price, lines)
    short = np.maximum(problem.gap, 0.0)
    covered = np.minimum(short, most)
    sold = np.minimum(np.maximum(-problem.gap, 0.0), least)
    kept = max(problem.cash_goal, problem.cash_floor)
    unmet = float((short - covered).sum())
    bound = unmet + max(float(covered.sum() - sold.sum()) + kept - problem.all_cash, 0.0)
    if (
        problem.cash_floor > problem.cash_goal and not problem.must_raise
    ):  # sales alone may stay below the floor
        missing = problem.cash_goal - problem.all_cash - float(sold.sum())
        bound = min(bound, float(short.sum()) + max(missing, 0.0))
    return bound
