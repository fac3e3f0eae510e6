"""One plan in whole shares, beside named peers on the same input in the same run.

The peers do less: they say how many shares to hold, without costs, reasons, bands, limits or rounding to
the cent. What is compared is the time, and the tracking error to the targets that is left.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import Plan, PlanAccount, PlanRequest, Side
from core.domain.policy import FILE_DEFAULTS
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation
from core.planning import calculate
from tests.bench.table import Figure, milliseconds

TOTAL = Decimal(100_000)
Shares = dict[Symbol, float]


def plan_figures(*, quick: bool) -> list[Figure]:
    """Measure plans of 20 and 50 lines (the most targets there may be), and of 100 with outside positions."""
    repeats = 3 if quick else 15
    figures = []
    for lines in (20, 50):
        figures += _beside_peers(_request(lines), f"{lines} lines", repeats)
    seconds, plan = _timed(lambda: calculate(_request(50, outside=51)), repeats)
    note = f"50 targets, 51 positions to be sold, {len(plan.trades)} orders"
    figures.append(Figure("plan, 100 lines", milliseconds(seconds), note))
    return figures


def _beside_peers(request: PlanRequest, name: str, repeats: int) -> list[Figure]:
    ours, plan = _timed(lambda: calculate(request), repeats)
    left = _error(request, _after(request, plan))
    figures = [
        Figure(f"plan, {name}", milliseconds(ours), f"{left:.3f} points off target are left")
    ]
    for peer, solve in _peers().items():
        seconds, shares = _timed(partial(solve, request), max(repeats // 5, 1))
        note = f"{_error(request, shares):.3f} points are left; {seconds / ours:.1f} times our time"
        figures.append(Figure(f"· {peer}", milliseconds(seconds), note))
    return figures


def _peers() -> dict[str, Callable[[PlanRequest], Shares]]:
    """The peers that are installed here."""
    peers: dict[str, Callable[[PlanRequest], Shares]] = {
        "scipy.optimize.milp (HiGHS), gap 0.1 %": _exact
    }
    try:
        import pypfopt.discrete_allocation  # type: ignore[import-not-found]  # noqa: F401
    except ImportError:
        return peers
    return {"PyPortfolioOpt, greedy_portfolio": _greedy, **peers}


def _request(lines: int, outside: int = 0) -> PlanRequest:
    """Targets in steps of 0.01 percent, cash one of the lines, and holdings that have drifted at random."""
    chance = Random(lines)
    lines -= 1
    names = [Symbol(f"S{n:03}") for n in range(lines + outside)]
    prices = {name: Decimal(chance.randint(1_000, 40_000)) / 100 for name in names}
    parts = [chance.randint(300, 700) for _ in range(lines)]
    weights: dict[str, Decimal | int | str] = {
        name: Decimal(9_500 * part // sum(parts)) / 100
        for name, part in zip(names, parts, strict=False)
    }
    weights[CASH] = 100 - sum(Decimal(weight) for weight in weights.values())
    positions = {}
    for name in names:
        weight = Decimal(weights.get(name, Decimal(1)))
        drifted = weight * Decimal(chance.randint(40, 150)) / 100
        positions[name] = (TOTAL * drifted / 100 / prices[name]).to_integral_value()
    held = sum((positions[name] * prices[name] for name in names), Decimal(0))
    cash = max(TOTAL - held, Decimal(1_000)).quantize(Decimal("0.01"))
    return PlanRequest(
        accounts=(PlanAccount(Holdings(cash, positions)),),
        prices=prices,
        targets=TargetAllocation.of(weights),
        policy=replace(FILE_DEFAULTS),
        force=True,
    )


def _timed(work: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The median of some runs, in seconds, and what the last one made."""
    work()
    times, made = [], None
    for _ in range(repeats):
        started = time.perf_counter()
        made = work()
        times.append(time.perf_counter() - started)
    return statistics.median(times), made


def _after(request: PlanRequest, plan: Plan) -> Shares:
    shares = {symbol: float(q) for symbol, q in request.holdings.positions.items()}
    for trade in plan.trades:
        shares[trade.symbol] += float(trade.quantity) * (1 if trade.side is Side.BUY else -1)
    return shares


def _total(request: PlanRequest) -> float:
    held = sum(q * request.prices[s] for s, q in request.holdings.positions.items())
    return float(held + request.holdings.cash)


def _error(request: PlanRequest, shares: Mapping[Symbol, float]) -> float:
    """Half the sum of what each line, cash included, is away from its target, in points."""
    total, wanted = _total(request), request.targets.weights
    values = {symbol: count * float(request.prices[symbol]) for symbol, count in shares.items()}
    values[CASH] = total - sum(values.values())
    symbols = {*values, *wanted}
    return (
        sum(
            abs(values.get(symbol, 0.0) / total * 100 - float(wanted.get(symbol, Decimal(0))))
            for symbol in symbols
        )
        / 2
    )


def _exact(request: PlanRequest) -> Shares:
    """The least tracking error there is, by mixed-integer programming."""
    names = list(request.targets.symbols)
    total = _total(request)
    prices = np.array([float(request.prices[name]) for name in names])
    goals = np.array([float(request.targets.weight(name)) * total / 100 for name in names])
    cash_goal = float(request.targets.weight(CASH)) * total / 100
    count = len(names)
    over = np.hstack([np.diag(prices), np.eye(count), np.zeros((count, 1))])
    result = milp(
        np.hstack([np.zeros(count), np.ones(count + 1)]),
        constraints=[
            LinearConstraint(over, goals, np.inf),
            LinearConstraint(
                np.hstack([-prices, np.zeros(count), [1.0]]), cash_goal - total, np.inf
            ),
            LinearConstraint(np.hstack([prices, np.zeros(count + 1)]), -np.inf, total),
        ],
        integrality=np.hstack([np.ones(count), np.zeros(count + 1)]),
        bounds=Bounds(0, np.inf),
        options={"mip_rel_gap": 1e-3, "time_limit": 20},
    )
    return {name: float(round(found)) for name, found in zip(names, result.x, strict=False)}


def _greedy(request: PlanRequest) -> Shares:
    """What PyPortfolioOpt would hold: its greedy rounding of the weights without cash."""
    import pandas as pd
    from pypfopt.discrete_allocation import DiscreteAllocation

    names = list(request.targets.symbols)
    invested = sum((request.targets.weight(name) for name in names), Decimal(0))
    weights = {name: float(request.targets.weight(name) / invested) for name in names}
    prices = pd.Series({name: float(request.prices[name]) for name in names})
    money = _total(request) * float(invested) / 100
    shares, _ = DiscreteAllocation(weights, prices, total_portfolio_value=money).greedy_portfolio()
    return {name: float(shares.get(name, 0)) for name in names}
