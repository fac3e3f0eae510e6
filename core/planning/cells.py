"""Cells: what each account may trade of each symbol, and what forbids it.

A *cell* is one symbol in one account; several cells may serve one line, through substitutes or several accounts. A
*unit* is the step in which a cell trades: one share, several (the least lot), or 0.001 of a share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.domain.drift import DriftLine
from core.domain.ids import Symbol
from core.domain.money import ONE, ZERO
from core.domain.plan import LegKey, PlanAccount, PlanRequest, ReasonCode, Side
from core.domain.policy import Direction, Fractional, Policy
from core.planning.taxes import blocks, free_from, has_sale_limits, sale_limit

SHARE_PART = Decimal("0.001")
"""The smallest part of a share that is traded."""
_MOST_UNITS = Decimal(10) ** 15


class Cell(NamedTuple):
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
class Scope:
    """What all cells of one account have in common: the most money a purchase can take, and what is shut.

    ``no_sale`` and ``no_purchase`` say why a symbol must not be traded,
    ``sales`` and ``purchases`` why none of the others must. ``is_limited``: taxes may keep some of a position;
    ``may_wash``: there are losses that a purchase could wash. ``unit`` is the step of all symbols but those that trade
    ``in_parts``.
    """

    request: PlanRequest
    account: PlanAccount
    most: Decimal
    unit: Decimal
    in_parts: frozenset[Symbol]
    no_sale: Mapping[Symbol, ReasonCode]
    no_purchase: Mapping[Symbol, ReasonCode]
    sales: ReasonCode | None
    purchases: ReasonCode | None
    is_limited: bool
    sales_only: bool
    may_wash: bool

    def why_no_sale(self, symbol: Symbol) -> ReasonCode | None:
        """Why a symbol must not be sold."""
        why = self.no_sale.get(symbol, self.sales)
        is_open = why is None and self.request.caps is not None
        return self._capped(symbol, Side.SELL) if is_open else why

    def why_no_purchase(self, symbol: Symbol) -> ReasonCode | None:
        """Why a symbol must not be bought, other than by a plan that only sells."""
        why = self.no_purchase.get(symbol, self.purchases)
        if why is None and self.may_wash and blocks(self.request, symbol):
            return ReasonCode.WASHES
        is_open = why is None and self.request.caps is not None
        return self._capped(symbol, Side.BUY) if is_open else why

    def _capped(self, symbol: Symbol, side: Side) -> ReasonCode | None:
        is_capped = cap_of(self.request, self.account, symbol, side) <= ZERO
        return ReasonCode.CAPPED if is_capped else None


def scope_of(
    request: PlanRequest,
    account: PlanAccount,
    total: Decimal,
    *,
    purchases_only: bool,
    sales_only: bool,
) -> Scope:
    """The scope of an account's cells; one side can be forbidden altogether."""
    policy = request.policy
    unit, in_parts = _steps_of(policy, account)
    never = dict.fromkeys(account.untradable, ReasonCode.NOT_TRADABLE)
    no_sale = dict.fromkeys(account.held, ReasonCode.UNSETTLED)
    no_sale |= dict.fromkeys(policy.do_not_sell, ReasonCode.DO_NOT_SELL)
    no_purchase = dict.fromkeys(policy.do_not_buy, ReasonCode.DO_NOT_BUY)
    sales = ReasonCode.CASH_EXCESS if purchases_only else None
    purchases = None
    if policy.direction is Direction.BUY_ONLY:
        no_sale, sales = {}, ReasonCode.BUY_ONLY
    if policy.direction is Direction.SELL_ONLY:
        no_purchase, purchases = {}, ReasonCode.SELL_ONLY
    return Scope(
        request,
        account,
        max(ZERO, total),
        unit,
        in_parts,
        no_sale=no_sale | never,
        no_purchase=no_purchase | never,
        sales=sales,
        purchases=purchases,
        is_limited=has_sale_limits(policy),
        sales_only=sales_only,
        may_wash=bool(request.tax.loss_sales),
    )


def cells_of(scope: Scope, line: DriftLine) -> list[Cell]:
    """The cells of one line in one account: what it holds, and the first symbol that may be bought for it."""
    request, account = scope.request, scope.account
    substitutes = request.targets.substitutes.get(line.symbol)
    if substitutes is None:
        return [_cell(scope, line, line.symbol, 0, is_bought=True)]
    ranked = (line.symbol, *substitutes)
    chosen = next((each for each in ranked if _may_buy(scope, each)), line.symbol)
    symbols = [s for s in ranked if s in {line.symbol, chosen} or account.quantity(s) != ZERO]
    return [
        _cell(scope, line, symbol, rank, is_bought=symbol == chosen)
        for rank, symbol in enumerate(ranked)
        if symbol in symbols
    ]


def _may_buy(scope: Scope, symbol: Symbol) -> bool:
    return symbol in scope.request.prices and scope.why_no_purchase(symbol) is None


def _cell(scope: Scope, line: DriftLine, symbol: Symbol, rank: int, *, is_bought: bool) -> Cell:
    request, account = scope.request, scope.account
    price, quantity = request.prices[symbol], account.holdings.positions.get(symbol, ZERO)
    unit = SHARE_PART if symbol in scope.in_parts else scope.unit
    no_sale, no_purchase = scope.why_no_sale(symbol), scope.why_no_purchase(symbol)
    if no_purchase is None and scope.sales_only:
        no_purchase = ReasonCode.SELL_ONLY
    if no_purchase is None and not is_bought:
        no_purchase = ReasonCode.SUBSTITUTED
    most_sold, most_bought, until = quantity, scope.most / price, None
    if scope.is_limited:
        taxed = sale_limit(request, account, symbol, price)
        most_sold, until = taxed.shares, taxed.until
        if no_sale is None and taxed.why is not None and most_sold < unit:
            no_sale = taxed.why
    if request.caps is not None:
        most_sold = min(most_sold, cap_of(request, account, symbol, Side.SELL))
        most_bought = min(most_bought, cap_of(request, account, symbol, Side.BUY))
    return Cell(
        account,
        line,
        symbol,
        price,
        quantity,
        rank,
        unit,
        0 if no_sale else _count(most_sold, unit),
        0 if no_purchase else _count(most_bought, unit),
        no_sale,
        no_purchase,
        free_from(request, symbol) if no_purchase is ReasonCode.WASHES else until,
    )


def step_of(policy: Policy, account: PlanAccount, symbol: Symbol) -> Decimal:
    """The step in shares in which an account trades a symbol."""
    unit, in_parts = _steps_of(policy, account)
    return SHARE_PART if symbol in in_parts else unit


def _steps_of(policy: Policy, account: PlanAccount) -> tuple[Decimal, frozenset[Symbol]]:
    """The step of an account's symbols, and those that trade in parts beside."""
    nothing = frozenset[Symbol]()
    if policy.min_lot != 1 or policy.fractional is Fractional.OFF:
        return Decimal(policy.min_lot), nothing
    return (
        (SHARE_PART, nothing) if policy.fractional is Fractional.ON else (ONE, account.fractionable)
    )


def _count(shares: Decimal, unit: Decimal) -> int:
    """Whole units in an amount of shares, so that a float can still count them; none in what is owed."""
    units = shares if unit == ONE else shares / unit
    if units <= ZERO:
        return 0
    return int(units) if units < _MOST_UNITS else int(_MOST_UNITS)


def cap_of(request: PlanRequest, account: PlanAccount, symbol: Symbol, side: Side) -> Decimal:
    """The most shares that an account may trade of a symbol on one side; infinite where nothing limits it."""
    if request.caps is None:
        return Decimal("Infinity")
    return request.caps.get(LegKey(symbol, side, account.name), ZERO)
