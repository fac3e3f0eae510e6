"""The exact account of a plan: trades in shares and cents, and the portfolio after them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftReport
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ONE, ZERO, half_spread, purchase_cost, sale_proceeds
from core.domain.plan import After, PlanRequest, Side, Trade, in_order, net_cash
from core.domain.policy import Policy
from core.planning.cells import Cell, cap_of
from core.planning.problem import Problem
from core.planning.reasons import explain_trade


def make_trades(
    request: PlanRequest, report: DriftReport, problem: Problem, units: NDArray[np.int64]
) -> tuple[Trade, ...]:
    """Turn units into exact trades, sales first, and hold them against each account's cash to the cent.

    The search counts in floats; where the last cent is missing, purchases shrink by it.
    """
    counts, cells = units.tolist(), problem.cells
    made = {
        place: _trade(request, cells[place], count) for place, count in enumerate(counts) if count
    }
    while True:
        name, missing = _missing(request, report, tuple(made.values()))
        if missing <= ZERO:
            return in_order(made.values())
        place = _give_up(problem, counts, name, missing)
        if counts[place]:
            made[place] = _trade(request, problem.cells[place], counts[place])
        else:
            del made[place]


def cash_after(request: PlanRequest, trades: Sequence[Trade]) -> dict[str, Decimal]:
    """The cash of each account after trades, by its name."""
    cash = {account.name: account.cash for account in request.accounts}
    for trade in trades:
        change = trade.value if trade.side is Side.SELL else -trade.value
        cash[trade.account] += change - trade.cost
    return cash


def is_raised(request: PlanRequest, report: DriftReport, trades: Sequence[Trade]) -> bool:
    """Whether the money that is taken out is there: no account overdrawn, and the reserve still in cash."""
    cash = cash_after(request, trades).values()
    return min(cash) >= ZERO and sum(cash, ZERO) >= request.policy.cash_reserve.of(report.total)


def _missing(
    request: PlanRequest, report: DriftReport, trades: Sequence[Trade]
) -> tuple[str | None, Decimal]:
    """The money that purchases overspend, and in which account; of all together where no name is said."""
    cash = cash_after(request, trades)
    buyers = {trade.account for trade in trades if trade.side is Side.BUY}
    if not buyers:
        return None, ZERO
    name = min(sorted(buyers), key=lambda each: cash[each])
    if cash[name] < ZERO:
        return name, -cash[name]
    return None, request.policy.cash_reserve.of(report.total) - sum(cash.values(), ZERO)


def _give_up(problem: Problem, counts: list[int], name: str | None, missing: Decimal) -> int:
    """Shrink the purchase with the cheapest unit, and return its place; below the least trade it is left out."""
    bought = [
        place
        for place, count in enumerate(counts)
        if count > 0 and name in {None, problem.cells[place].account.name}
    ]
    place = min(bought, key=lambda index: (problem.price[index], index))
    cell = problem.cells[place]
    counts[place] -= max(1, int(missing / (cell.price * cell.unit)))
    if counts[place] < max(problem.least[place], 1):
        counts[place] = 0
    return place


def _trade(request: PlanRequest, cell: Cell, count: int) -> Trade:
    price, side = cell.price, Side.BUY if count > 0 else Side.SELL
    quantity = _quantity(request, cell, count)
    return Trade(
        cell.symbol,
        side,
        quantity,
        price,
        quantity * price,
        trade_cost(request.policy, side, quantity, price),
        explain_trade(cell, side, has_target=cell.line.symbol in request.targets.weights),
        cell.account.name,
    )


def trade_cost(policy: Policy, side: Side, quantity: Decimal, price: Decimal) -> Decimal:
    """What a trade costs: half the spread, to the cent against whoever trades, and the commissions."""
    half, value = half_spread(price, policy.spread_bps), quantity * price
    if side is Side.BUY:
        cost = purchase_cost(quantity, price + half) - value
    else:
        cost = value - sale_proceeds(quantity, price - half)
    cost += policy.commission
    if policy.commission_per_share:
        cost += purchase_cost(quantity, policy.commission_per_share)
    return cost


def _quantity(request: PlanRequest, cell: Cell, count: int) -> Decimal:
    """The shares of a trade; selling the last part of a share with a position that is to go."""
    sells_out = -count == cell.max_sale and cell.unit != ONE and cell.line.goal == ZERO
    if sells_out and cap_of(request, cell.account, cell.symbol, Side.SELL) >= cell.quantity:
        return cell.quantity
    return abs(count) * cell.unit


def carry_out(request: PlanRequest, report: DriftReport, trades: Sequence[Trade]) -> After:
    """What the portfolio is after trades at the quoted prices.

    Weights are of the total before the trades, as every weight is; what they miss of 100 is cost.
    """
    brought = net_cash(trades)
    moved: dict[Symbol, Decimal] = {}
    served_by = request.targets.served_by
    for trade in trades:
        line = served_by.get(trade.symbol, trade.symbol)
        change = trade.value if trade.side is Side.BUY else -trade.value
        moved[line] = moved.get(line, ZERO) + change
    moved[CASH] = brought
    weights = {
        line.symbol: (line.value + moved[line.symbol]) / report.total * HUNDRED
        if line.symbol in moved
        else line.weight
        for line in report.lines
    }
    after = tuple(weights.values())
    targets, goals = [line.target for line in report.lines], [line.goal for line in report.lines]
    drift = _distance(after, targets)
    return After(
        cash=report.line(CASH).value + brought,
        weights=weights,
        portfolio_drift=drift,
        tracking_error=drift if goals == targets else _distance(after, goals),
    )


def _distance(weights: Sequence[Decimal], wanted: Sequence[Decimal]) -> Decimal:
    """Half the sum of the differences, in points; summed by size, whatever the lines' order."""
    parts = sorted([abs(weight - goal) for weight, goal in zip(weights, wanted, strict=True)])
    return sum(parts, ZERO) / 2
