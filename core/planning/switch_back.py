"""Switch back: what stood in for 30 days is sold again, and what was harvested is bought in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from core.domain.drift import DriftReport
from core.domain.harvest import WayBack
from core.domain.lots import Lot, LotMethod, Term
from core.domain.money import ZERO, to_cents
from core.domain.plan import (
    Plan,
    PlanAccount,
    PlanRequest,
    Realised,
    Reason,
    ReasonCode,
    Skipped,
    Trade,
)
from core.domain.tax import free_to_buy_from
from core.planning.losses import recently_bought
from core.planning.pairs import (
    Legs,
    Pair,
    at_method,
    lots_method,
    may_not_buy,
    may_not_sell,
    measure,
    plan_of_pairs,
    size_pair,
    within_limits,
)
from core.planning.taxes import lots_of, realise


def switch_back(request: PlanRequest, wanted: Sequence[WayBack]) -> Plan:
    """Sell each substitute and buy what it stood in for, where that washes no loss and is not taxed too much.

    What is not switched is named with the reason, and the day from which it can be where one is known.
    """
    report = measure(request)
    accounts = {account.name: account for account in request.accounts}
    trades: list[Trade] = []
    skipped: list[Skipped] = []
    for way in wanted:
        legs = _legs(request, report, accounts[way.account], way, trades)
        if isinstance(legs, Legs):
            trades += legs.both
        else:
            skipped.append(Skipped(way.held, legs))
    plan = plan_of_pairs(request, report, trades, skipped, Reason(ReasonCode.SWITCH_BACK))
    if trades:
        return replace(plan, reason=replace(plan.reason, symbol=plan.sells[0].symbol))
    return replace(plan, reason=skipped[0].reason if skipped else Reason(ReasonCode.NO_LOSS))


def _legs(
    request: PlanRequest,
    report: DriftReport,
    account: PlanAccount,
    way: WayBack,
    trades: Sequence[Trade],
) -> Legs | Reason:
    barred = may_not_sell(request, account, way.held) or may_not_buy(request, account, way.wanted)
    if barred is not None:
        return Reason(barred, way.held)
    tax = request.tax
    if tax.today is not None:
        free = free_to_buy_from(way.wanted, tax.loss_sales, tax.equivalents, tax.today)
        if free is not None:
            return Reason(ReasonCode.SUBSTITUTE_BARRED, way.held, {}, free)
    quantity = min(way.quantity, account.quantity(way.held))
    lots = _lots(request, account, way)
    pair = Pair(account, way.held, way.wanted, quantity, lots, ReasonCode.SWITCHED)
    legs = size_pair(request, report, pair, trades)
    if isinstance(legs, ReasonCode):
        return Reason(legs, way.held)
    if {trade.key for trade in legs.both} & {trade.key for trade in trades}:
        return Reason(ReasonCode.CAPPED, way.held)
    if (limit := within_limits(request, report, (*trades, *legs.both))) is not None:
        return Reason(limit, way.held)
    return _unless_dear(request, way, legs)


def _lots(request: PlanRequest, account: PlanAccount, way: WayBack) -> tuple[Lot, ...]:
    """The lots of the substitute: those that are named first, where the account can choose."""
    ordered = at_method(request, account, lots_of(account, way.held), request.prices[way.held])
    if lots_method(request, account) is not LotMethod.SPECIFIC:
        return ordered
    places = {name: place for place, name in enumerate(way.lots)}
    return tuple(sorted(ordered, key=lambda lot: places.get(lot.name, len(places))))


def _unless_dear(request: PlanRequest, way: WayBack, legs: Legs) -> Legs | Reason:
    """The pair, unless its tax is above what is allowed, or its own loss would be washed."""
    realised = realise(request, (legs.sale, legs.purchase))
    gain = to_cents(sum((part.gain or ZERO for part in legs.sale.lots), ZERO))
    short = to_cents(
        sum((part.gain or ZERO for part in legs.sale.lots if part.term is Term.SHORT), ZERO)
    )
    if any(each.washed for each in realised):
        return recently_bought(request, way.held, -gain)
    tax = _tax(realised)
    if way.most_tax is not None and tax > way.most_tax:
        return Reason(
            ReasonCode.SWITCH_TAXED,
            way.held,
            {"amount": gain, "short": short, "cost": tax, "least": way.most_tax},
        )
    reason = replace(legs.sale.reason, values={"amount": gain})
    return replace(legs, sale=replace(legs.sale, reason=reason))


def _tax(realised: Sequence[Realised]) -> Decimal:
    return sum((each.tax or ZERO for each in realised), ZERO)
