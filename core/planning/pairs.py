"""Pairs: what is sold and what is bought in its place, sized so that a line keeps what it is worth.

A pair stays within one account. Its purchase is the number of units nearest to the value sold; fewer where the money is
not there: no account is overdrawn, and the cash reserve is kept as far as it was there before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, Decimal

from core.domain.drift import DriftReport, managed_symbols, measure_drift
from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod, lot_order
from core.domain.money import HUNDRED, ZERO
from core.domain.plan import (
    Plan,
    PlanAccount,
    PlanRequest,
    Reason,
    ReasonCode,
    Side,
    Skipped,
    Trade,
    in_order,
)
from core.domain.policy import Direction, whole_shares
from core.domain.tax import rules_of
from core.planning.account import carry_out, cash_after, trade_cost
from core.planning.cells import cap_of, step_of
from core.planning.reasons import explain_kept
from core.planning.taxes import method_of, notes_on, owner_of, realise


@dataclass(frozen=True, slots=True)
class Pair:
    """What is to be traded: up to ``quantity`` shares of ``sold`` out of ``lots``, and ``bought`` in their place.

    ``lots`` are taken in their order where the account can choose them; ``why`` is what the sale says of itself.
    """

    account: PlanAccount
    sold: Symbol
    bought: Symbol
    quantity: Decimal
    lots: tuple[Lot, ...]
    why: ReasonCode = ReasonCode.HARVESTED


@dataclass(frozen=True, slots=True)
class Legs:
    """A pair as it would be traded."""

    sale: Trade
    purchase: Trade

    @property
    def both(self) -> tuple[Trade, Trade]:
        """The sale and the purchase."""
        return self.sale, self.purchase


def lots_method(request: PlanRequest, account: PlanAccount) -> LotMethod:
    """How an account's sales take lots: those that are named where it can, otherwise as its policy says."""
    can_choose = LotMethod.SPECIFIC in account.lot_methods
    return LotMethod.SPECIFIC if can_choose else method_of(request.policy, account)


def names_of(lots: Sequence[Lot]) -> tuple[str, ...]:
    """The names of lots, each once, in their order."""
    return tuple(dict.fromkeys(lot.name for lot in lots if lot.name))


def measure(request: PlanRequest) -> DriftReport:
    """Measure the drift of a request; raises as ``measure_drift``."""
    symbols = managed_symbols(request.holdings, request.targets, request.policy)
    in_parts = frozenset[Symbol]().union(*(account.fractionable for account in request.accounts))
    whole = whole_shares(request.policy, symbols, in_parts)
    return measure_drift(request.holdings, request.prices, request.targets, request.policy, whole)


def may_not_sell(request: PlanRequest, account: PlanAccount, symbol: Symbol) -> ReasonCode | None:
    """What forbids any sale of a position now; None where nothing does."""
    reasons = (
        (symbol in account.untradable or not _has_price(request, symbol), ReasonCode.NOT_TRADABLE),
        (request.policy.direction is Direction.BUY_ONLY, ReasonCode.BUY_ONLY),
        (request.policy.direction is Direction.SELL_ONLY, ReasonCode.SELL_ONLY),
        (symbol in request.policy.do_not_sell, ReasonCode.DO_NOT_SELL),
        (symbol in account.held, ReasonCode.UNSETTLED),
        (cap_of(request, account, symbol, Side.SELL) <= ZERO, ReasonCode.CAPPED),
    )
    return next((code for holds, code in reasons if holds), None)


def may_not_buy(request: PlanRequest, account: PlanAccount, symbol: Symbol) -> ReasonCode | None:
    """What forbids a purchase now, wash sales apart; None where nothing does."""
    reasons = (
        (symbol in account.untradable or not _has_price(request, symbol), ReasonCode.NOT_TRADABLE),
        (symbol in request.policy.do_not_buy, ReasonCode.DO_NOT_BUY),
        (cap_of(request, account, symbol, Side.BUY) <= ZERO, ReasonCode.CAPPED),
    )
    return next((code for holds, code in reasons if holds), None)


def _has_price(request: PlanRequest, symbol: Symbol) -> bool:
    price = request.prices.get(symbol)
    return price is not None and price > ZERO


# --- sizing --------------------------------------------------------------------------------------


def size_pair(
    request: PlanRequest, report: DriftReport, pair: Pair, before: Sequence[Trade]
) -> Legs | ReasonCode:
    """The two trades of a pair after those that stand already, or why there are none."""
    account, policy = pair.account, request.policy
    price = request.prices[pair.sold]
    step = step_of(policy, account, pair.sold)
    room = cap_of(request, account, pair.bought, Side.BUY) * request.prices[pair.bought] / price
    most = min(pair.quantity, cap_of(request, account, pair.sold, Side.SELL), room)
    shares = (most / step).to_integral_value(ROUND_FLOOR) * step
    if shares <= ZERO:
        return ReasonCode.PAIR_TOO_SMALL
    sale = _sale(request, pair, shares)
    purchase = _purchase(request, report, pair, sale, before)
    if isinstance(purchase, ReasonCode):
        return purchase
    if min(sale.value, purchase.value) < policy.min_trade:
        return ReasonCode.PAIR_TOO_SMALL
    return Legs(sale, purchase)


def _trade(request: PlanRequest, pair: Pair, side: Side, quantity: Decimal) -> Trade:
    symbol = pair.sold if side is Side.SELL else pair.bought
    price = request.prices[symbol]
    cost = trade_cost(request.policy, side, quantity, price)
    other = pair.bought if side is Side.SELL else pair.sold
    code = pair.why if side is Side.SELL else ReasonCode.REPLACES
    value = quantity * price
    reason = Reason(code, other, {"amount": value})
    return Trade(symbol, side, quantity, price, value, cost, reason, pair.account.name)


def _sale(request: PlanRequest, pair: Pair, quantity: Decimal) -> Trade:
    trade = _trade(request, pair, Side.SELL, quantity)
    sold = request.tax.today
    if sold is None:
        return trade
    lots = rules_of(owner_of(request, pair.account).rules).lots_sold(
        pair.sold,
        pair.lots,
        lots_method(request, pair.account),
        quantity=quantity,
        proceeds=trade.value - trade.cost,
        sold=sold,
        prefer=names_of(pair.lots),
    )
    return replace(trade, lots=lots)


def _purchase(
    request: PlanRequest,
    report: DriftReport,
    pair: Pair,
    sale: Trade,
    before: Sequence[Trade],
) -> Trade | ReasonCode:
    """The purchase nearest to the value sold; smaller by what is missing."""
    step = step_of(request.policy, pair.account, pair.bought)
    unit = request.prices[pair.bought] * step
    cap = cap_of(request, pair.account, pair.bought, Side.BUY)
    count = (sale.value / unit).to_integral_value(ROUND_HALF_DOWN)
    if cap.is_finite():
        count = min(count, (cap / step).to_integral_value(ROUND_FLOOR))
    while count > ZERO:
        trade = _trade(request, pair, Side.BUY, count * step)
        missing = _missing(request, report, pair.account, (*before, sale, trade))
        if missing <= ZERO:
            return trade
        count -= max((missing / unit).to_integral_value(ROUND_CEILING), Decimal(1))
    return ReasonCode.PAIR_TOO_SMALL


def _missing(
    request: PlanRequest, report: DriftReport, account: PlanAccount, trades: Sequence[Trade]
) -> Decimal:
    """The money by which trades overdraw an account, or fall below the reserve that was there before."""
    cash, was = cash_after(request, trades), cash_after(request, ())
    own = min(was[account.name], ZERO) - cash[account.name]
    reserve = min(request.policy.cash_reserve.of(report.total), sum(was.values(), ZERO))
    return max(own, reserve - sum(cash.values(), ZERO))


# --- the plan ------------------------------------------------------------------------------------


def within_limits(
    request: PlanRequest, report: DriftReport, trades: Sequence[Trade]
) -> ReasonCode | None:
    """The limit of the policy that trades would pass; None where they keep to it."""
    turnover, cost = request.policy.turnover_limit, request.policy.cost_limit
    moved = sum((trade.value for trade in trades), ZERO)
    if turnover is not None and moved > turnover * report.total / HUNDRED:
        return ReasonCode.CAPPED
    paid = sum((trade.cost for trade in trades), ZERO)
    return ReasonCode.CAPPED if cost is not None and paid > cost else None


def plan_of_pairs(
    request: PlanRequest,
    report: DriftReport,
    trades: Sequence[Trade],
    skipped: Sequence[Skipped],
    reason: Reason,
    values: Mapping[str, Decimal] | None = None,
) -> Plan:
    """The plan of some pairs: what it realises, and the portfolio after it at the quoted prices."""
    ordered = in_order(trades)
    realised = realise(request, ordered)
    return Plan(
        needed=bool(ordered),
        reason=replace(reason, values={**reason.values, **(values or {})}),
        before=report,
        trades=ordered,
        skipped=(*skipped, *explain_kept(report)),
        after=carry_out(request, report, ordered),
        cost=sum((trade.cost for trade in ordered), ZERO),
        realised=realised,
        notes=notes_on(request, ordered, realised),
    )


def at_method(
    request: PlanRequest, account: PlanAccount, lots: Sequence[Lot], price: Decimal
) -> tuple[Lot, ...]:
    """One position's lots in the order in which a sale takes them; where they can be chosen, by ``min_tax``."""
    method = lots_method(request, account)
    if method is LotMethod.SPECIFIC:
        method = LotMethod.MIN_TAX
    sold = request.tax.today
    return () if sold is None else lot_order(lots, method, sold=sold, price=price)
