"""The numbers behind one plan: what each account may trade of each symbol, and which line that serves.

Cells stand in the order of their lines' symbols, then of the accounts' names, then of rank, so that the order of the
input changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftLine, DriftReport
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.plan import PlanRequest
from core.domain.policy import Policy
from core.planning.cells import SHARE_PART, Cell, cells_of, scope_of

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Problem:
    """The numbers of one plan: arrays by cell, by line and by account; money, or money per unit.

    By cell: ``line_of`` and ``account_of`` are places in the other arrays; ``price``, ``buy_price`` and ``sell_price``
    (after half the spread) and ``fee`` (commission by the share; all are 0 without ``has_fees``) are per unit;
    ``lowest`` and ``highest`` bound the units traded (sales are negative); a trade needs ``least`` units, except the
    sale of all ``sell_out`` units (0 where that exception does not apply). By line: ``gap`` is goal − ``value``,
    ``band_low`` and ``band_high`` the least and the most value inside its band (infinite where it has none), ``target``
    the value at target. By account: ``cash`` before the trades. ``cash_floor`` is what purchases must leave of all cash
    together; no account's cash may fall below 0, nor further below than it is. ``must_raise``: the floor binds sales
    too, because money is taken out. ``turnover_limit`` and ``cost_limit`` are infinite where there is none.
    """

    cells: tuple[Cell, ...]
    lines: tuple[DriftLine, ...]
    line_of: Places
    account_of: Places
    price: Floats
    buy_price: Floats
    sell_price: Floats
    fee: Floats
    has_fees: bool
    lowest: Floats
    highest: Floats
    least: Floats
    sell_out: Floats
    value: Floats
    gap: Floats
    target: Floats
    band_low: Floats
    band_high: Floats
    cash: Floats
    total: float
    cash_goal: float
    cash_target: float
    cash_band: tuple[float, float]
    cash_floor: float
    commission: float
    turnover_limit: float
    cost_limit: float
    must_raise: bool
    has_parts: bool

    @property
    def all_cash(self) -> float:
        """The cash of all accounts together, before the trades."""
        return float(self.cash[0] if len(self.cash) == 1 else self.cash.sum())

    @property
    def is_simple(self) -> bool:
        """Whether each line is served by one cell, in one account."""
        return len(self.cash) == 1 and len(self.cells) == len(self.lines)


def build_problem(
    request: PlanRequest,
    report: DriftReport,
    *,
    purchases_only: bool = False,
    sales_only: bool = False,
) -> Problem:
    """Turn a request and its measured drift into numbers; one side can be forbidden altogether."""
    policy, total = request.policy, report.total
    lines = tuple(
        sorted((line for line in report.lines if line.symbol != CASH), key=attrgetter("symbol"))
    )
    accounts = sorted(request.accounts, key=attrgetter("name"))
    scopes = [
        scope_of(request, account, total, purchases_only=purchases_only, sales_only=sales_only)
        for account in accounts
    ]
    cells: list[Cell] = []
    line_of: list[int] = []
    account_of: list[int] = []
    for line_at, line in enumerate(lines):
        for account_at, scope in enumerate(scopes):
            for cell in cells_of(scope, line):
                cells.append(cell)
                line_of.append(line_at)
                account_of.append(account_at)
    price = _array(
        [float(cell.price if cell.unit is ONE else cell.price * cell.unit) for cell in cells]
    )
    half = float(policy.spread_bps) / 20_000
    lowest = _array([-cell.max_sale for cell in cells])
    least = np.ceil(float(policy.min_trade) / price - 1e-9) if policy.min_trade else price * 0
    sell_out = np.where(
        _array([not cell.line.target and _empties(cell) for cell in cells]) > 0, -lowest, 0.0
    )
    cash_line = report.line(CASH)
    goal, target = _goals_and_targets(lines, total)
    value = _array([float(line.value) for line in lines])
    band = _array([np.inf if line.band is None else float(line.band) for line in lines])
    band *= float(total) / 100
    return Problem(
        cells=tuple(cells),
        lines=lines,
        line_of=np.array(line_of, dtype=np.intp),
        account_of=np.array(account_of, dtype=np.intp),
        price=price,
        buy_price=price * (1 + half),
        sell_price=price * (1 - half),
        fee=_fees(policy, cells),
        has_fees=policy.commission_per_share > ZERO,
        lowest=lowest,
        highest=_array([cell.max_purchase for cell in cells]),
        least=least,
        sell_out=sell_out,
        value=value,
        gap=goal - value,
        target=target,
        band_low=target - band,
        band_high=target + band,
        cash=_array([float(account.cash) for account in accounts]),
        total=float(total),
        cash_goal=_money(cash_line.goal, total),
        cash_target=_money(cash_line.target, total),
        cash_band=(_edge(cash_line, total, -1), _edge(cash_line, total, 1)),
        cash_floor=float(policy.cash_reserve.of(total)),
        commission=float(policy.commission),
        turnover_limit=_limit(policy.turnover_limit, total / HUNDRED),
        cost_limit=_limit(policy.cost_limit, ONE),
        must_raise=request.withdraw > ZERO,
        has_parts=any(cell.unit is SHARE_PART for cell in cells),
    )


def _array(values: Sequence[float]) -> Floats:
    return np.array(values, dtype=np.float64)


def _goals_and_targets(lines: Sequence[DriftLine], total: Decimal) -> tuple[Floats, Floats]:
    """What lines are worth at their goals, and at their targets; mostly the same, and then turned to floats once."""
    targets = _array([float(line.target / HUNDRED * total) for line in lines])
    if all(line.goal is line.target for line in lines):
        return targets, targets
    return _array([_money(line.goal, total) for line in lines]), targets


def _fees(policy: Policy, cells: Sequence[Cell]) -> Floats:
    """Commission by the share, for a unit of each cell."""
    if not policy.commission_per_share:
        return np.zeros(len(cells))
    return _array([float(policy.commission_per_share * cell.unit) for cell in cells])


def _money(percent: Decimal, total: Decimal) -> float:
    return float(percent / HUNDRED * total)


def _edge(line: DriftLine, total: Decimal, side: int) -> float:
    """The value at one edge of a line's band; infinite where it has none."""
    if line.band is None:
        return side * np.inf
    return _money(line.target + side * line.band, total)


def _limit(amount: Decimal | None, unit: Decimal) -> float:
    return np.inf if amount is None else float(amount * unit)


def _empties(cell: Cell) -> bool:
    """Whether selling all that may be sold leaves nothing of a position."""
    rest = cell.quantity - cell.max_sale * cell.unit
    return ZERO <= rest < cell.unit
