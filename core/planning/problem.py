"""The numbers behind one plan: each line's unit, limits and gap as arrays, in money.

Lines stand in the order of their symbols, so that the order of the input changes nothing. A *unit*
is the step in which a line trades: one share, or 0.001 of a share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftLine, DriftReport
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.plan import PlanRequest, ReasonCode, Side
from core.domain.policy import Direction, Policy

SHARE_PART = Decimal("0.001")
"""The smallest part of a share that is traded."""
_MOST_UNITS = Decimal(10) ** 15

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LineLimits:
    """What one line may trade: its unit in shares, the most units each way, what forbids one."""

    line: DriftLine
    unit: Decimal
    max_sale: int
    max_purchase: int
    no_sale: ReasonCode | None
    no_purchase: ReasonCode | None


@dataclass(frozen=True, slots=True)
class Problem:
    """The numbers of one plan: arrays by line (money, or money per unit), and the cash.

    ``lowest`` and ``highest`` bound the units traded (sales are negative); a trade needs ``least``
    units, except the sale of all ``sell_out`` units (0 where that exception does not apply).
    """

    limits: tuple[LineLimits, ...]
    price: Floats
    buy_price: Floats
    sell_price: Floats
    gap: Floats
    lowest: Floats
    highest: Floats
    least: Floats
    sell_out: Floats
    total: float
    cash: float
    cash_goal: float
    cash_floor: float
    commission: float
    has_parts: bool


def build_problem(
    request: PlanRequest,
    report: DriftReport,
    whole: frozenset[Symbol],
    *,
    purchases_only: bool,
) -> Problem:
    """Turn a request and its measured drift into numbers; ``purchases_only`` forbids every sale."""
    policy = request.policy
    lines = sorted((line for line in report.lines if line.symbol != CASH), key=_by_symbol)
    limits = tuple(
        _limits_of(request, line, report.total, whole, purchases_only=purchases_only)
        for line in lines
    )
    price = _array(float(limit.line.price * limit.unit) for limit in limits)
    half = float(policy.spread_bps) / 20_000
    lowest = _array(-limit.max_sale for limit in limits)
    least = np.ceil(float(policy.min_trade) / price - 1e-9) if policy.min_trade else price * 0
    sell_out = np.where(_array(_empties(limit) for limit in limits) > 0, -lowest, 0.0)
    cash_goal = report.line(CASH).goal / HUNDRED * report.total
    return Problem(
        limits=limits,
        price=price,
        buy_price=price * (1 + half),
        sell_price=price * (1 - half),
        gap=_array(
            float(limit.line.goal / HUNDRED * report.total - limit.line.value) for limit in limits
        ),
        lowest=lowest,
        highest=_array(limit.max_purchase for limit in limits),
        least=least,
        sell_out=sell_out,
        total=float(report.total),
        cash=float(request.holdings.cash),
        cash_goal=float(cash_goal),
        cash_floor=float(policy.cash_reserve.of(report.total)),
        commission=float(policy.commission),
        has_parts=any(limit.unit != ONE for limit in limits),
    )


def _by_symbol(line: DriftLine) -> str:
    return line.symbol


def _array(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _limits_of(
    request: PlanRequest,
    line: DriftLine,
    total: Decimal,
    whole: frozenset[Symbol],
    *,
    purchases_only: bool,
) -> LineLimits:
    unit = ONE if line.symbol in whole else SHARE_PART
    no_sale = _no_sale(request, line.symbol, purchases_only=purchases_only)
    no_purchase = _no_purchase(request, line.symbol)
    most_sold = min(max(ZERO, line.quantity), cap_of(request, line.symbol, Side.SELL))
    most_bought = min(total / line.price, cap_of(request, line.symbol, Side.BUY))
    return LineLimits(
        line=line,
        unit=unit,
        max_sale=0 if no_sale else _count(most_sold, unit),
        max_purchase=0 if no_purchase else _count(most_bought, unit),
        no_sale=no_sale,
        no_purchase=no_purchase,
    )


def _count(shares: Decimal, unit: Decimal) -> int:
    """Whole units in an amount of shares, so that a float can still count them."""
    return int(min(shares / unit, _MOST_UNITS))


def _empties(limit: LineLimits) -> bool:
    """Whether selling all that may be sold leaves nothing of a position with a target of 0."""
    rest = limit.line.quantity - limit.max_sale * limit.unit
    return limit.line.target == ZERO and ZERO <= rest < limit.unit


def cap_of(request: PlanRequest, symbol: Symbol, side: Side) -> Decimal:
    """The most shares that a symbol may trade on one side; infinite where nothing limits it."""
    if request.caps is None:
        return Decimal("Infinity")
    return request.caps.get((symbol, side), ZERO)


def _no_sale(request: PlanRequest, symbol: Symbol, *, purchases_only: bool) -> ReasonCode | None:
    policy: Policy = request.policy
    if symbol in request.untradable:
        return ReasonCode.NOT_TRADABLE
    if policy.direction is Direction.BUY_ONLY:
        return ReasonCode.BUY_ONLY
    if symbol in policy.do_not_sell:
        return ReasonCode.DO_NOT_SELL
    if symbol in request.held:
        return ReasonCode.UNSETTLED
    if purchases_only:
        return ReasonCode.CASH_EXCESS
    return ReasonCode.CAPPED if cap_of(request, symbol, Side.SELL) <= ZERO else None


def _no_purchase(request: PlanRequest, symbol: Symbol) -> ReasonCode | None:
    policy: Policy = request.policy
    if symbol in request.untradable:
        return ReasonCode.NOT_TRADABLE
    if policy.direction is Direction.SELL_ONLY:
        return ReasonCode.SELL_ONLY
    if symbol in policy.do_not_buy:
        return ReasonCode.DO_NOT_BUY
    return ReasonCode.CAPPED if cap_of(request, symbol, Side.BUY) <= ZERO else None
