"""The fewest trades that bring every line inside its band, by scipy's ``milp``, written from the definitions."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import bmat, diags, eye

from tests.bench.peers import COMMISSION, SPREAD_BPS, Numbers, Proof

_POINTS, _PART = 5.0, 0.25
"""The band of a line: the tighter of five points and a quarter of its target; CASH has the points alone."""


def fewest(numbers: Numbers, seconds: float) -> Proof:
    """Shares traded, and whether their count is proven; no trades where no bands can be reached."""
    count, half = len(numbers.names), float(SPREAD_BPS) / 20_000
    values = numbers.held * numbers.prices
    band = np.minimum(_POINTS / 100 * numbers.total, _PART * numbers.goals)
    low, high = numbers.goals - band - values, numbers.goals + band - values
    most = np.floor(np.maximum(high, 0) / numbers.prices)
    one, prices = eye(count), diags(numbers.prices)
    rows = [[one, None, -diags(most), None], [None, one, None, -diags(numbers.held)]]
    inside = bmat([[prices, -prices, None, None], [None, None, one, one]], format="csc")
    floor = np.concatenate([low, np.zeros(count)])
    ceiling = np.concatenate([high, np.ones(count)])
    flow = np.concatenate(
        [
            numbers.prices * (1 + half),
            -numbers.prices * (1 - half),
            np.full(2 * count, float(COMMISSION)),
        ]
    )
    result = milp(
        np.concatenate([np.zeros(2 * count), np.ones(2 * count)]),
        constraints=[
            LinearConstraint(bmat(rows, format="csc"), -np.inf, 0),
            LinearConstraint(inside, floor, ceiling),
            LinearConstraint(flow, numbers.cash - _POINTS / 100 * numbers.total, numbers.cash),
        ],
        integrality=np.ones(4 * count),
        bounds=Bounds(0, np.concatenate([most, numbers.held, np.ones(2 * count)])),
        options={"time_limit": seconds},
    )
    if result.x is None:
        return Proof(np.zeros(count), 0.0, proven=False)
    columns = np.rint(result.x)
    traded = columns[:count] - columns[count : 2 * count]
    return Proof(traded, float(np.count_nonzero(traded)), proven=result.status == 0)
