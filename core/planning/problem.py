"""The numbers behind one plan: what each account may trade of each symbol, and which line that serves.

A *cell* is one symbol in one account; several cells may serve one line, through substitutes or several accounts. Cells
stand in the order of their lines' symbols, then of the accounts' names, then of rank, so that the order of the input
changes nothing. A *unit* is the step in which a cell trades: one share, several (the least lot), or 0.001 of a share.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from core.domain.drift import DriftLine, DriftReport
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.plan import LegKey, PlanAccount, PlanRequest, ReasonCode, Side
from core.domain.policy import Direction, Policy, whole_shares
from core.planning.taxes import blocks, free_from, sale_limit

SHARE_PART = Decimal("0.001")
"""The smallest part of a share that is traded."""
_MOST_UNITS = Decimal(10) ** 15

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one account may trade of one symbol: its unit in shares, the most units each way, what forbids one.

    ``no_sale`` and ``no_purchase`` say why a side is forbidden, ``until`` the day before which it is, where that is
    known; ``rank`` is 0 for the line's own symbol.
    """

    account: PlanAccount
    line: DriftLine
    symbol: Symbol
    price: Decimal
    quantity: Decimal
    rank: int
    unit: Decimal
    max_sale: int
    max_purchase: int
    no_sale: ReasonCode | None
    no_purchase: ReasonCode | None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """The numbers of one plan: arrays by cell, by line and by account; money, or money per unit.

    By cell: ``line_of`` and ``account_of`` are places in the other arrays; ``price``, ``buy_price`` and ``sell_price``
    (after half the spread) and ``fee`` (commission by the share) are per unit; ``lowest`` and ``highest`` bound the
    units traded (sales are negative); a trade needs ``least`` units, except the sale of all ``sell_out`` units (0 where
    that exception does not apply). By line: ``gap`` is goal − value, ``band_low`` and ``band_high`` the least and the
    most value inside its band (infinite where it has none), ``target`` the value at target. By account: ``cash``
    before the trades. ``cash_floor`` is what purchases must leave of all cash together; no account's cash may fall
    below 0, nor further below than it is. ``must_raise``: the floor binds sales too, because money is taken out.
    ``turnover_limit`` and ``cost_limit`` are infinite where there is none.
    """

    cells: tuple[Cell, ...]
    lines: tuple[DriftLine, ...]
    line_of: Places
    account_of: Places
    price: Floats
    buy_price: Floats
    sell_price: Floats
    fee: Floats
    lowest: Floats
    highest: Floats
    least: Floats
    sell_out: Floats
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
        return float(self.cash.sum())

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
    lines = tuple(sorted((line for line in report.lines if line.symbol != CASH), key=_by_symbol))
    accounts = sorted(request.accounts, key=_by_name)
    only = (purchases_only, sales_only)
    placed = [
        (line_at, account_at, cell)
        for line_at, line in enumerate(lines)
        for account_at, account in enumerate(accounts)
        for cell in _cells_of(request, account, line, total, only)
    ]
    cells = tuple(cell for _, _, cell in placed)
    price = _array(float(cell.price * cell.unit) for cell in cells)
    half = float(policy.spread_bps) / 20_000
    lowest = _array(-cell.max_sale for cell in cells)
    least = np.ceil(float(policy.min_trade) / price - 1e-9) if policy.min_trade else price * 0
    sell_out = np.where(_array(_empties(cell) for cell in cells) > 0, -lowest, 0.0)
    cash_line = report.line(CASH)
    return Problem(
        cells=cells,
        lines=lines,
        line_of=np.array([at for at, _, _ in placed], dtype=np.intp),
        account_of=np.array([at for _, at, _ in placed], dtype=np.intp),
        price=price,
        buy_price=price * (1 + half),
        sell_price=price * (1 - half),
        fee=_array(float(policy.commission_per_share * cell.unit) for cell in cells),
        lowest=lowest,
        highest=_array(cell.max_purchase for cell in cells),
        least=least,
        sell_out=sell_out,
        gap=_array(_money(line.goal, total) - float(line.value) for line in lines),
        target=_array(_money(line.target, total) for line in lines),
        band_low=_array(_edge(line, total, -1) for line in lines),
        band_high=_array(_edge(line, total, 1) for line in lines),
        cash=_array(float(account.cash) for account in accounts),
        total=float(total),
        cash_goal=_money(cash_line.goal, total),
        cash_target=_money(cash_line.target, total),
        cash_band=(_edge(cash_line, total, -1), _edge(cash_line, total, 1)),
        cash_floor=float(policy.cash_reserve.of(total)),
        commission=float(policy.commission),
        turnover_limit=_limit(policy.turnover_limit, total / HUNDRED),
        cost_limit=_limit(policy.cost_limit, ONE),
        must_raise=request.withdraw > ZERO,
        has_parts=any(cell.unit < ONE for cell in cells),
    )


def _by_symbol(line: DriftLine) -> str:
    return line.symbol


def _by_name(account: PlanAccount) -> str:
    return account.name


def _array(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)


def _money(percent: Decimal, total: Decimal) -> float:
    return float(percent / HUNDRED * total)


def _edge(line: DriftLine, total: Decimal, side: int) -> float:
    """The value at one edge of a line's band; infinite where it has none."""
    if line.band is None:
        return side * np.inf
    return _money(line.target + side * line.band, total)


def _limit(amount: Decimal | None, unit: Decimal) -> float:
    return np.inf if amount is None else float(amount * unit)


def _cells_of(
    request: PlanRequest,
    account: PlanAccount,
    line: DriftLine,
    total: Decimal,
    only: tuple[bool, bool],
) -> list[Cell]:
    """The cells of one line in one account: what it holds, and the first symbol that may be bought for it."""
    ranked = (line.symbol, *_substitutes(request, line.symbol))
    chosen = next((s for s in ranked if _may_buy(request, account, s)), line.symbol)
    symbols = [s for s in ranked if s in {line.symbol, chosen} or account.quantity(s) != ZERO]
    return [
        _cell(request, account, line, symbol, rank, total, only, is_bought=symbol == chosen)
        for rank, symbol in enumerate(ranked)
        if symbol in symbols
    ]


def _substitutes(request: PlanRequest, symbol: Symbol) -> tuple[Symbol, ...]:
    """The substitutes of a line, in rank."""
    return next((line.substitutes for line in request.targets.lines if line.symbol == symbol), ())


def _may_buy(request: PlanRequest, account: PlanAccount, symbol: Symbol) -> bool:
    return symbol in request.prices and _no_purchase(request, account, symbol) is None


def _cell(
    request: PlanRequest,
    account: PlanAccount,
    line: DriftLine,
    symbol: Symbol,
    rank: int,
    total: Decimal,
    only: tuple[bool, bool],
    *,
    is_bought: bool,
) -> Cell:
    purchases_only, sales_only = only
    price = request.prices[symbol]
    unit = step_of(request.policy, account, symbol)
    no_sale = _no_sale(request, account, symbol, purchases_only=purchases_only)
    no_purchase = _no_purchase(request, account, symbol)
    if no_purchase is None and sales_only:
        no_purchase = ReasonCode.SELL_ONLY
    if no_purchase is None and not is_bought:
        no_purchase = ReasonCode.SUBSTITUTED
    taxed = sale_limit(request, account, symbol, price)
    if no_sale is None and taxed.why is not None and taxed.shares < unit:
        no_sale = taxed.why
    most_sold = min(max(ZERO, taxed.shares), cap_of(request, account, symbol, Side.SELL))
    most_bought = min(max(ZERO, total) / price, cap_of(request, account, symbol, Side.BUY))
    return Cell(
        account=account,
        line=line,
        symbol=symbol,
        price=price,
        quantity=account.quantity(symbol),
        rank=rank,
        unit=unit,
        max_sale=0 if no_sale else _count(most_sold, unit),
        max_purchase=0 if no_purchase else _count(most_bought, unit),
        no_sale=no_sale,
        no_purchase=no_purchase,
        until=free_from(request, symbol) if no_purchase is ReasonCode.WASHES else taxed.until,
    )


def step_of(policy: Policy, account: PlanAccount, symbol: Symbol) -> Decimal:
    """The step in shares in which an account trades a symbol."""
    is_whole = policy.min_lot > 1 or whole_shares(policy, (symbol,), account.fractionable)
    return Decimal(policy.min_lot) if is_whole else SHARE_PART


def _count(shares: Decimal, unit: Decimal) -> int:
    """Whole units in an amount of shares, so that a float can still count them."""
    return int(min(shares / unit, _MOST_UNITS))


def _empties(cell: Cell) -> bool:
    """Whether selling all that may be sold leaves nothing of a position with a target of 0."""
    rest = cell.quantity - cell.max_sale * cell.unit
    return cell.line.target == ZERO and ZERO <= rest < cell.unit


def cap_of(request: PlanRequest, account: PlanAccount, symbol: Symbol, side: Side) -> Decimal:
    """The most shares that an account may trade of a symbol on one side; infinite where nothing limits it."""
    if request.caps is None:
        return Decimal("Infinity")
    return request.caps.get(LegKey(symbol, side, account.name), ZERO)


def _no_sale(
    request: PlanRequest, account: PlanAccount, symbol: Symbol, *, purchases_only: bool
) -> ReasonCode | None:
    policy: Policy = request.policy
    if symbol in account.untradable:
        return ReasonCode.NOT_TRADABLE
    if policy.direction is Direction.BUY_ONLY:
        return ReasonCode.BUY_ONLY
    if symbol in policy.do_not_sell:
        return ReasonCode.DO_NOT_SELL
    if symbol in account.held:
        return ReasonCode.UNSETTLED
    if purchases_only:
        return ReasonCode.CASH_EXCESS
    return ReasonCode.CAPPED if cap_of(request, account, symbol, Side.SELL) <= ZERO else None


def _no_purchase(request: PlanRequest, account: PlanAccount, symbol: Symbol) -> ReasonCode | None:
    policy: Policy = request.policy
    if symbol in account.untradable:
        return ReasonCode.NOT_TRADABLE
    if policy.direction is Direction.SELL_ONLY:
        return ReasonCode.SELL_ONLY
    if symbol in policy.do_not_buy:
        return ReasonCode.DO_NOT_BUY
    if blocks(request, symbol):
        return ReasonCode.WASHES
    return ReasonCode.CAPPED if cap_of(request, account, symbol, Side.BUY) <= ZERO else None
