"""Portfolios of real prices and real moves, and peers that plan them: what each trades, before anything is judged.

PyPortfolioOpt says how many shares to hold for a sum of money; the difference to what is held is then traded.
The independent exact program is written here once more, from the definitions and by scipy, so that it shares nothing
with ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import bmat, diags, eye

from core.adapters.market_data.history import load_history
from core.domain.ids import Symbol
from core.domain.plan import Plan, PlanAccount, PlanRequest, Side
from core.domain.policy import FILE_DEFAULTS, Objective
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation

COMMISSION = Decimal(1)
SPREAD_BPS = Decimal(5)
TRADE_WEIGHT, TURNOVER_WEIGHT = 1e-6, 1e-7
"""What a trade, and a unit of turnover, must earn, as parts of the total; as in ``core.planning.score``."""
_YEAR = 252
_CENT = 1e-6

Floats = NDArray[np.float64]


def drifted_request(
    lines: int, total: int, seed: int, objective: Objective = Objective.CLOSEST
) -> PlanRequest:
    """A portfolio that was on target a year ago, in whole shares, and has moved as prices really did since.

    There are 25 real symbols; beyond that the same symbols on other days are lines of their own. Half a percent of the
    total a year ago is cash; the targets have no CASH line, so that every method spends all that it can.
    """
    chance, history = Random(f"{lines} {seed}"), load_history()
    symbols = list(history.symbols)
    blocks = -(-lines // len(symbols))
    days = chance.sample(range(_YEAR, len(history.sessions)), blocks)
    places = [(symbol, day) for day in days for symbol in chance.sample(symbols, len(symbols))]
    prices, positions = {}, {}
    weights = _weights(chance, lines)
    names = [Symbol(f"{symbol}.{day}") for symbol, day in places[:lines]]
    for name, weight, (symbol, day) in zip(names, weights, places, strict=False):
        then, now = history.closes[symbol][day - _YEAR], history.closes[symbol][day]
        prices[name] = now.quantize(Decimal("0.01"))
        positions[name] = Decimal(int(total * weight / 100 * Decimal("0.995") / then))
    return PlanRequest(
        accounts=(PlanAccount(Holdings(Decimal(total) / 200, positions)),),
        prices=prices,
        targets=TargetAllocation.of(dict(zip(names, weights, strict=True))),
        policy=replace(
            FILE_DEFAULTS, commission=COMMISSION, spread_bps=SPREAD_BPS, objective=objective
        ),
        force=True,
    )


def _weights(chance: Random, lines: int) -> list[Decimal]:
    """Percent with three decimals that sum to 100, the largest about five times the least."""
    parts = [chance.randint(200, 1000) for _ in range(lines)]
    weights = [Decimal(100_000 * part // sum(parts)) / 1000 for part in parts]
    return [100 - sum(weights[1:], Decimal(0)), *weights[1:]]


@dataclass(frozen=True)
class Numbers:
    """A request in floats: shares held, prices, targets in money, cash, and the total before the trades."""

    names: list[Symbol]
    held: Floats
    prices: Floats
    goals: Floats
    cash: float
    total: float

    @classmethod
    def of(cls, request: PlanRequest) -> Numbers:
        """Read a request with one account."""
        names = list(request.targets.symbols)
        held = np.array([float(request.holdings.positions[name]) for name in names])
        prices = np.array([float(request.prices[name]) for name in names])
        cash = float(request.holdings.cash)
        total = float(held @ prices) + cash
        goals = np.array([float(request.targets.weight(name)) for name in names]) * total / 100
        return cls(names, held, prices, goals, cash, total)

    def by_symbol(self, units: NDArray[Any]) -> Floats:
        """What a plan of ours trades by line, which are in the order of their symbols, in the order of these names."""
        traded = np.zeros(len(self.names))
        traded[sorted(range(len(self.names)), key=self.names.__getitem__)] = units
        return traded


@dataclass(frozen=True)
class Outcome:
    """What shares traded (sales negative) come to: objective in points, whether cash is overdrawn, and the trades."""

    objective: float
    overdrawn: bool
    trades: int


def judge(numbers: Numbers, traded: Floats) -> Outcome:
    """Account for trades to the cent: what lines and cash are short of their goals, and what each trade must earn."""
    half = float(SPREAD_BPS) / 20_000
    paid = np.ceil(np.maximum(traded, 0) * numbers.prices * (1 + half) * 100 - _CENT) / 100
    brought = np.floor(np.maximum(-traded, 0) * numbers.prices * (1 - half) * 100 + _CENT) / 100
    count = int(np.count_nonzero(traded))
    cash = numbers.cash - float(paid.sum() - brought.sum()) - count * float(COMMISSION)
    short = np.maximum(numbers.goals - (numbers.held + traded) * numbers.prices, 0).sum()
    turnover = float(np.abs(traded) @ numbers.prices)
    ties = TRADE_WEIGHT * numbers.total * count + TURNOVER_WEIGHT * turnover
    objective = (float(short) + max(-cash, 0.0) + ties) / numbers.total * 100
    return Outcome(objective, cash < -_CENT, count)


def traded_by(numbers: Numbers, plan: Plan) -> Floats:
    """The shares that a plan of ours trades."""
    traded = dict.fromkeys(numbers.names, 0.0)
    for trade in plan.trades:
        traded[trade.symbol] += float(trade.quantity) * (1 if trade.side is Side.BUY else -1)
    return np.array(list(traded.values()))


# --- PyPortfolioOpt ------------------------------------------------------------------------------


def has_pyportfolioopt() -> bool:
    """Whether the peer is installed: ``make bench`` does that."""
    try:
        import pypfopt.discrete_allocation  # noqa: F401
    except ImportError:
        return False
    return True


def greedy(numbers: Numbers) -> Floats:
    """PyPortfolioOpt's greedy rounding of the total value."""
    return _difference(numbers, _allocation(numbers).greedy_portfolio()[0])


def linear(numbers: Numbers) -> Floats:
    """PyPortfolioOpt's integer program for the total value, by the solver that it chooses (HiGHS)."""
    return _difference(numbers, _allocation(numbers).lp_portfolio()[0])


def _allocation(numbers: Numbers) -> Any:
    import pandas as pd
    from pypfopt.discrete_allocation import DiscreteAllocation

    weights = dict(zip(numbers.names, (numbers.goals / numbers.total).tolist(), strict=True))
    prices = pd.Series(dict(zip(numbers.names, numbers.prices.tolist(), strict=True)))
    return DiscreteAllocation(weights, prices, total_portfolio_value=numbers.total)


def _difference(numbers: Numbers, shares: dict[Symbol, int]) -> Floats:
    return np.array([float(shares.get(name, 0)) for name in numbers.names]) - numbers.held


# --- an exact program of its own -----------------------------------------------------------------


@dataclass(frozen=True)
class Proof:
    """What the program found, what no plan's objective is below, and whether it ended with a proof."""

    traded: Floats
    bound: float
    proven: bool


def exact(numbers: Numbers, seconds: float) -> Proof:
    """The least objective by scipy's ``milp``: columns buy, sell, whether each, and what each line is short of."""
    count, half = len(numbers.names), float(SPREAD_BPS) / 20_000
    gap = numbers.goals - numbers.held * numbers.prices
    most = np.ceil(np.maximum(gap, 0) / numbers.prices)
    one, prices = eye(count), diags(numbers.prices)
    spent = [numbers.prices * (1 + half), -numbers.prices * (1 - half)]
    fees = np.full(2 * count, float(COMMISSION))
    ties = TURNOVER_WEIGHT * numbers.prices
    per_trade = np.full(2 * count, TRADE_WEIGHT * numbers.total)
    rows = [
        [one, None, -diags(most), None, None],  # purchases only where they are switched on
        [None, one, None, -diags(numbers.held), None],
        [None, None, one, one, None],  # one side at most
        [-prices, prices, None, None, -one],  # what is short is covered, or counted
    ]
    flow = np.concatenate([*spent, fees, np.zeros(count)])
    limits = np.concatenate([np.zeros(2 * count), np.ones(count), -gap])
    result = milp(
        np.concatenate([ties, ties, per_trade, np.ones(count)]),
        constraints=[
            LinearConstraint(bmat(rows, format="csc"), -np.inf, limits),
            LinearConstraint(flow, -np.inf, numbers.cash),
        ],
        integrality=np.concatenate([np.ones(4 * count), np.zeros(count)]),
        bounds=Bounds(
            0, np.concatenate([most, numbers.held, np.ones(2 * count), np.full(count, np.inf)])
        ),
        options={"mip_rel_gap": 1e-6, "time_limit": seconds},
    )
    points = 100 / numbers.total
    bound = -np.inf if result.mip_dual_bound is None else float(result.mip_dual_bound) * points
    if result.x is None:
        return Proof(np.zeros(count), bound, proven=False)
    columns = np.rint(result.x)
    return Proof(columns[:count] - columns[count : 2 * count], bound, proven=result.status == 0)
