"""The one entry to planning: measure, see whether a plan is needed, solve, account exactly."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core.domain.drift import DriftReport, managed_symbols, measure_drift
from core.domain.ids import Symbol
from core.domain.money import ZERO
from core.domain.plan import Plan, PlanRequest, Reason, ReasonCode
from core.domain.policy import Objective, whole_shares
from core.domain.quote import PriceFault, PriceFaultKind
from core.domain.refusals import ObjectiveNotBuilt, PricesRefused
from core.planning.account import carry_out, make_trades
from core.planning.closest import solve
from core.planning.problem import build_problem
from core.planning.reasons import (
    explain_inside,
    explain_kept,
    explain_need,
    explain_nothing,
    explain_skipped,
)


def calculate(request: PlanRequest) -> Plan:
    """Calculate the trades that bring a portfolio to its goals; a function of the request alone.

    Raises ObjectiveNotBuilt, PricesRefused (a managed symbol without a usable price) and
    NegativeTotal. A plan without trades may still be ``needed``: something is beyond its band, and
    nothing that is permitted would help; its reason is then NOTHING_HELPS.
    """
    if request.policy.objective is not Objective.CLOSEST:
        raise ObjectiveNotBuilt(request.policy.objective)
    symbols = managed_symbols(request.holdings, request.targets, request.policy)
    _require_prices(request, symbols)
    in_parts = frozenset[Symbol]().union(*(account.fractionable for account in request.accounts))
    whole = whole_shares(request.policy, symbols, in_parts)
    report = measure_drift(request.holdings, request.prices, request.targets, request.policy, whole)
    need = explain_need(request, report)
    if need.code is ReasonCode.ON_TARGET:
        return _on_target(request, report, need)
    return _solved(request, report, need)


def _solved(request: PlanRequest, report: DriftReport, need: Reason) -> Plan:
    purchases_only = need.code is ReasonCode.CASH_EXCESS
    problem = build_problem(request, report, purchases_only=purchases_only)
    trades = make_trades(request, report, problem, solve(problem))
    nothing = carry_out(request, report, ())
    after = carry_out(request, report, trades)
    if after.tracking_error >= nothing.tracking_error:
        trades, after = (), nothing
    skipped = explain_skipped(request, report, problem, trades, after.cash)
    is_breached = need.code not in {ReasonCode.FORCED, ReasonCode.DATE_DUE}
    return Plan(
        needed=bool(trades) or is_breached,
        reason=need if trades else explain_nothing(need, skipped, is_breached=is_breached),
        before=report,
        trades=trades,
        skipped=skipped + explain_kept(report),
        after=after,
        cost=sum((trade.cost for trade in trades), ZERO),
    )


def _on_target(request: PlanRequest, report: DriftReport, need: Reason) -> Plan:
    return Plan(
        needed=False,
        reason=need,
        before=report,
        trades=(),
        skipped=explain_inside(report) + explain_kept(report),
        after=carry_out(request, report, ()),
        cost=ZERO,
    )


def _require_prices(request: PlanRequest, symbols: tuple[Symbol, ...]) -> None:
    faults = [fault for symbol in symbols if (fault := _fault_of(symbol, request.prices))]
    if faults:
        raise PricesRefused(tuple(faults))


def _fault_of(symbol: Symbol, prices: Mapping[Symbol, Decimal]) -> PriceFault | None:
    price = prices.get(symbol)
    if price is None:
        return PriceFault(symbol, PriceFaultKind.MISSING)
    if not price.is_finite():
        return PriceFault(symbol, PriceFaultKind.NOT_A_NUMBER)
    return PriceFault(symbol, PriceFaultKind.NOT_POSITIVE, price) if price <= ZERO else None
