"""The exact account of a plan: trades in shares and cents, and the portfolio after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftReport
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ZERO, half_spread, purchase_cost, sale_proceeds
from core.domain.plan import After, PlanRequest, Side, Trade
from core.planning.problem import LineLimits, Problem, cap_of
from core.planning.reasons import explain_trade


def make_trades(
    request: PlanRequest, report: DriftReport, problem: Problem, units: NDArray[np.int64]
) -> tuple[Trade, ...]:
    """Turn units into exact trades, sales first, and hold them against the cash to the cent.

    The search counts in floats; where the last cent is missing, purchases shrink by it.
    """
    floor = request.policy.cash_reserve.of(report.total)
    counts = [int(count) for count in units]
    while True:
        trades = [
            _trade(request, limit, count)
            for limit, count in zip(problem.limits, counts, strict=True)
            if count
        ]
        buys = [trade for trade in trades if trade.side is Side.BUY]
        missing = floor - request.holdings.cash - net_cash(trades)
        if not buys or missing <= ZERO:
            sells = [trade for trade in trades if trade.side is Side.SELL]
            return (*sells, *buys)
        _give_up(problem, counts, missing)


def _give_up(problem: Problem, counts: list[int], missing: Decimal) -> None:
    """Shrink the purchase with the cheapest unit; below the least trade it is left out."""
    bought = [place for place, count in enumerate(counts) if count > 0]
    place = min(bought, key=lambda index: (problem.price[index], index))
    limit = problem.limits[place]
    counts[place] -= max(1, int(missing / (limit.line.price * limit.unit)))
    if counts[place] < max(problem.least[place], 1):
        counts[place] = 0


def _trade(request: PlanRequest, limit: LineLimits, count: int) -> Trade:
    policy, line = request.policy, limit.line
    side = Side.BUY if count > 0 else Side.SELL
    quantity = _quantity(request, limit, count)
    value = quantity * line.price
    half = half_spread(line.price, policy.spread_bps)
    if side is Side.BUY:
        cost = purchase_cost(quantity, line.price + half) - value
    else:
        cost = value - sale_proceeds(quantity, line.price - half)
    reason = explain_trade(line, side, has_target=line.symbol in request.targets.weights)
    return Trade(line.symbol, side, quantity, line.price, value, cost + policy.commission, reason)


def _quantity(request: PlanRequest, limit: LineLimits, count: int) -> Decimal:
    """The shares of a trade; selling the last part of a share with a position that is to go."""
    held = limit.line.quantity
    sells_out = -count == limit.max_sale and limit.line.goal == ZERO and limit.unit != 1
    if sells_out and cap_of(request, limit.line.symbol, Side.SELL) >= held:
        return held
    return abs(count) * limit.unit


def net_cash(trades: Sequence[Trade]) -> Decimal:
    """What trades bring to cash together, costs included; negative where they take."""
    values = (trade.value if trade.side is Side.SELL else -trade.value for trade in trades)
    return sum(values, ZERO) - sum((trade.cost for trade in trades), ZERO)


def carry_out(request: PlanRequest, report: DriftReport, trades: Sequence[Trade]) -> After:
    """What the portfolio is after trades at the quoted prices.

    Weights are of the total before the trades, as every weight is; what they miss of 100 is cost.
    """
    cash = request.holdings.cash + net_cash(trades)
    moved: dict[Symbol, Decimal] = {
        trade.symbol: trade.value if trade.side is Side.BUY else -trade.value for trade in trades
    }
    moved[CASH] = cash - request.holdings.cash
    weights = {
        line.symbol: (line.value + moved[line.symbol]) / report.total * HUNDRED
        if line.symbol in moved
        else line.weight
        for line in report.lines
    }
    return After(
        cash=cash,
        weights=weights,
        portfolio_drift=_distance(weights, {line.symbol: line.target for line in report.lines}),
        tracking_error=_distance(weights, {line.symbol: line.goal for line in report.lines}),
    )


def _distance(weights: Mapping[Symbol, Decimal], wanted: Mapping[Symbol, Decimal]) -> Decimal:
    """Half the sum of the differences, in points; summed by size, whatever the lines' order."""
    parts = sorted(abs(weight - wanted[symbol]) for symbol, weight in weights.items())
    return sum(parts, ZERO) / 2
