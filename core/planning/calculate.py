"""The one entry to planning: measure, see whether a plan is needed, solve, account exactly."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from core.domain.drift import DriftReport, managed_symbols, measure_drift
from core.domain.ids import Symbol
from core.domain.money import HUNDRED, ZERO
from core.domain.plan import After, Certificate, Plan, PlanRequest, Reason, ReasonCode, Trade
from core.domain.policy import Objective, whole_shares
from core.domain.quote import PriceFault, PriceFaultKind
from core.domain.refusals import ObjectiveNotBuilt, PricesRefused
from core.planning import closest
from core.planning.account import carry_out, is_raised, make_trades
from core.planning.problem import Problem, build_problem
from core.planning.reasons import (
    explain_inside,
    explain_kept,
    explain_need,
    explain_nothing,
    explain_skipped,
)
from core.planning.solution import Solution
from core.planning.taxes import notes_on, realise, with_lots


class Solver(Protocol):
    """What finds the units of an objective; without ``exact`` the integer program is left out."""

    def __call__(self, problem: Problem, *, exact: bool = True) -> Solution:
        """Units to trade by cell, with what is proven about them."""


_SOLVERS: Mapping[Objective, Solver] = {Objective.CLOSEST: closest.solve}
_EVEN = Decimal("0.0001")
"""A bound so near, in the objective's unit, is proof."""
_DIGITS = Decimal("1e-9")


def calculate(request: PlanRequest, *, exact: bool = True) -> Plan:
    """Calculate the trades that bring a portfolio to its goals; a function of the request alone.

    ``exact`` gives what the quick methods cannot prove to the integer program; see the plan's certificate. Raises
    ObjectiveNotBuilt, PricesRefused (a managed symbol without a usable price) and NegativeTotal. A plan without trades
    may still be ``needed``: something is beyond its band, and nothing that is permitted would help; its reason is then
    NOTHING_HELPS.
    """
    solver = _SOLVERS.get(request.policy.objective)
    if solver is None:
        raise ObjectiveNotBuilt(request.policy.objective)
    holdings = request.holdings
    symbols = managed_symbols(holdings, request.targets, request.policy)
    _require_prices(request, symbols)
    in_parts = frozenset[Symbol]().union(*(account.fractionable for account in request.accounts))
    whole = whole_shares(request.policy, symbols, in_parts)
    report = measure_drift(holdings, request.prices, request.targets, request.policy, whole)
    need = explain_need(request, report)
    if need.code is ReasonCode.ON_TARGET:
        return _on_target(request, report, need)
    problem = build_problem(request, report, purchases_only=need.code is ReasonCode.CASH_EXCESS)
    return _planned(request, report, need, problem, solver(problem, exact=exact))


def _planned(
    request: PlanRequest, report: DriftReport, need: Reason, problem: Problem, solution: Solution
) -> Plan:
    trades, after = _accounted(request, report, problem, solution)
    trades = with_lots(request, trades)
    realised = realise(request, trades)
    skipped = explain_skipped(request, report, problem, trades, after.cash)
    is_breached = need.code not in {ReasonCode.FORCED, ReasonCode.DATE_DUE}
    cost = sum((trade.cost for trade in trades), ZERO)
    shortfall = after.tracking_error + cost / report.total * HUNDRED / 2
    is_stuck = problem.must_raise and not is_raised(request, report, trades)
    return Plan(
        needed=bool(trades) or is_breached,
        reason=need if trades else explain_nothing(need, skipped, is_breached=is_breached),
        before=report,
        trades=trades,
        skipped=skipped + explain_kept(report),
        after=after,
        cost=cost,
        certificate=None if is_stuck else _certify(solution, shortfall),
        realised=realised,
        notes=notes_on(request, trades, realised),
    )


def _accounted(
    request: PlanRequest, report: DriftReport, problem: Problem, solution: Solution
) -> tuple[tuple[Trade, ...], After]:
    """The trades to the cent; none where they would bring nothing, or would not raise the money to be taken out."""
    trades = make_trades(request, report, problem, solution.units)
    if not trades:
        return (), carry_out(request, report, ())
    after = carry_out(request, report, trades)
    if problem.must_raise:
        helps = is_raised(request, report, trades)
    else:
        helps = (
            after.tracking_error
            < sum((abs(line.weight - line.goal) for line in report.lines), ZERO) / 2
        )
    return (trades, after) if helps else ((), carry_out(request, report, ()))


def _certify(solution: Solution, shortfall: Decimal) -> Certificate:
    """The certificate of a plan whose shortfall is known to the cent: the tracking error, and half the cost.

    Half the sum of what is over, what is under and what trading costs is what is under; see ``core.planning.score``.
    """
    bound = min(Decimal(solution.bound).quantize(_DIGITS), shortfall)
    return Certificate(
        objective=shortfall,
        bound=bound,
        is_optimal=shortfall - bound <= _EVEN,
        method=solution.method,
        work=solution.work,
        timed_out=solution.timed_out,
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
