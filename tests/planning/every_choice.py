"""Every choice of shares of a small request, for the objectives that look at bands; in dollars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftReport, measure_drift
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import half_spread, purchase_cost, sale_proceeds
from core.domain.plan import PlanAccount, PlanRequest
from core.domain.policy import FILE_DEFAULTS, Band, Direction, Reserve
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation
from core.planning.problem import Problem, build_problem

NAMES = tuple(Symbol(name) for name in ("AAA", "BBB", "CCC", "DDD"))
WORTH = {1: 3000, 2: 3000, 3: 1500, 4: 700}


@dataclass(frozen=True)
class Everything:
    """By choice of shares: dollars outside the bands, trades, dollars short of the targets, cost, and cash left."""

    outside: NDArray[np.float64]
    trades: NDArray[np.int64]
    short: NDArray[np.float64]
    cost: NDArray[np.float64]
    cash: NDArray[np.float64]

    def least(self, name: str, within: NDArray[np.bool_] | None = None) -> float:
        values = getattr(self, name)
        return float(values.min() if within is None else values[within].min())


def small_request(chance: Random) -> PlanRequest:
    """Up to four lines with narrow bands, fees, floors, least trades, and one that must not be bought or sold."""
    count = chance.choice([1, 2, 3, 3, 4])
    names, worth = NAMES[:count], WORTH[count]
    prices = {name: Decimal(chance.randint(2500, 30000)) / 100 for name in names}
    weights = [chance.randint(0, 10) for _ in names]
    weights = [weight * 100 // (sum(weights) + 2) for weight in weights]
    targets: dict[str, Decimal | int | str] = dict(zip(names, weights, strict=True))
    targets[CASH] = 100 - sum(weights)
    if chance.random() < 0.7:
        targets[names[0]], targets[CASH] = 100 - sum(weights[1:]), 0
    held = {
        n: Decimal(chance.randint(0, int(worth / count / float(prices[n]) * 1.6))) for n in names
    }
    cash = Decimal(chance.randint(1, worth * 50)) / 100 - chance.choice([0, 0, 0, 50])
    policy = replace(
        FILE_DEFAULTS,
        band=Band(Decimal(chance.choice([2, 5, 5, 8])), chance.choice([None, Decimal(25)])),
        spread_bps=Decimal(chance.choice([0, 0, 10, 50])),
        commission=Decimal(chance.choice([0, 0, 1, 5])),
        min_trade=Decimal(chance.choice([0, 0, 25, 150])),
        cash_reserve=chance.choice(
            [Reserve(), Reserve(Decimal(1), is_percent=True), Reserve(Decimal(100))]
        ),
        direction=chance.choice([Direction.BOTH] * 4 + [Direction.BUY_ONLY, Direction.SELL_ONLY]),
        do_not_sell=frozenset(chance.sample(names, chance.choice([0, 0, 0, 1]))),
        do_not_buy=frozenset(chance.sample(names, chance.choice([0, 0, 0, 1]))),
    )
    if cash + sum((held[n] * prices[n] for n in names), Decimal(0)) < 100:
        return small_request(chance)
    allocation = TargetAllocation.of(targets)
    return PlanRequest((PlanAccount(Holdings(cash, held)),), prices, allocation, policy, force=True)


def problem_of(request: PlanRequest, **sides: bool) -> tuple[Problem, DriftReport]:
    """The numbers of a request in whole shares, and its drift."""
    symbols = frozenset(request.prices)
    report = measure_drift(
        request.holdings, request.prices, request.targets, request.policy, symbols
    )
    return build_problem(request, report, **sides), report


def try_everything(request: PlanRequest, report: DriftReport) -> Everything:
    """Judge every choice of shares that no rule forbids; raises where there are more than a million."""
    policy = request.policy
    lines = sorted(
        (line for line in report.lines if line.symbol != CASH), key=lambda line: line.symbol
    )
    outside: NDArray[np.float64] = np.zeros(1)
    trades: NDArray[np.int64] = np.zeros(1, dtype=np.int64)
    short, cost, moved = outside.copy(), outside.copy(), outside.copy()
    bought = np.zeros(1, dtype=bool)
    total = report.total
    for line in lines:
        choices = list(_choices(request, report, line.symbol))
        counts = np.array(choices)
        values = [line.value + count * line.price for count in choices]
        flows = np.array([float(_flow(request, line.price, count)) for count in choices])
        far = np.array([float(_outside(report, line.symbol, value)) for value in values])
        under = np.array(
            [float(max(line.target * total / 100 - value, Decimal(0))) for value in values]
        )
        paid = np.array(
            [float(_flow(request, line.price, count) - count * line.price) for count in choices]
        )
        outside = (outside[:, None] + far).ravel()
        short = (short[:, None] + under).ravel()
        cost = (cost[:, None] + paid).ravel()
        moved = (moved[:, None] + flows).ravel()
        trades = (trades[:, None] + (counts != 0)).ravel()
        bought = (bought[:, None] | (counts > 0)).ravel()
        assert len(outside) < 1_000_000
    cash = float(request.holdings.cash) - moved
    line = report.line(CASH)
    band = float("inf") if line.band is None else float(line.band)
    goal, width = float(line.target * total) / 100, band * float(total) / 100
    outside += np.maximum(np.abs(cash - goal) - width, 0.0)
    short += np.maximum(goal - cash, 0.0)
    floor = float(policy.cash_reserve.of(total))
    allowed = np.where(
        bought,
        cash >= max(floor, 0.0) - 1e-9,
        cash >= min(float(request.holdings.cash), 0.0) - 1e-9,
    )
    if request.withdraw:
        allowed = cash >= floor - 1e-9
    return Everything(
        np.where(outside[allowed] < 1e-6, 0.0, outside[allowed]),
        trades[allowed],
        short[allowed],
        cost[allowed],
        cash[allowed],
    )


def _choices(request: PlanRequest, report: DriftReport, symbol: Symbol) -> range | list[int]:
    policy, line = request.policy, report.line(symbol)
    sells = policy.direction is not Direction.BUY_ONLY and symbol not in policy.do_not_sell
    buys = policy.direction is not Direction.SELL_ONLY and symbol not in policy.do_not_buy
    lowest = -int(line.quantity) if sells else 0
    highest = int(report.total / line.price) if buys else 0
    return [
        count
        for count in range(lowest, highest + 1)
        if count == 0
        or abs(count) * line.price >= policy.min_trade
        or (line.target == 0 and -count == line.quantity)
    ]


def _flow(request: PlanRequest, price: Decimal, count: int) -> Decimal:
    policy = request.policy
    half = half_spread(price, policy.spread_bps)
    if count > 0:
        return purchase_cost(Decimal(count), price + half) + policy.commission
    if count < 0:
        return policy.commission - sale_proceeds(Decimal(-count), price - half)
    return Decimal(0)


def _outside(report: DriftReport, symbol: Symbol, value: Decimal) -> Decimal:
    """How far a value is outside its band; nothing where one share less or more would not help."""
    line = report.line(symbol)
    if line.band is None:
        return Decimal(0)
    away = abs(value - line.target * report.total / 100)
    width = max(line.band * report.total / 100, line.price / 2)
    return max(away - width, Decimal(0))
