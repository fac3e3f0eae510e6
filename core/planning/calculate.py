"""The one entry to planning: measure, see whether a plan is needed, solve, account exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

import numpy as np

from core.domain.drift import DriftReport, measure_drift, served_lines, symbols_of
from core.domain.ids import Symbol
from core.domain.money import HUNDRED, ZERO
from core.domain.plan import (
    After,
    Certificate,
    Plan,
    PlanRequest,
    Reason,
    ReasonCode,
    Skipped,
    Trade,
)
from core.domain.policy import Objective, whole_shares
from core.domain.quote import PriceFault, PriceFaultKind
from core.domain.refusals import PricesRefused
from core.planning import cheapest, closest, fewest
from core.planning.account import carry_out, is_raised, make_trades
from core.planning.apart import groups_of, say_apart, solve_apart
from core.planning.cure import find_cure
from core.planning.gain_budget import better_of, budget_of, say_budget, solve_exactly, solve_within
from core.planning.inside import aim_at_targets, breaks_rule, inside_of, outside_by
from core.planning.least_taxed import least_taxed
from core.planning.location import least_misplaced, say_located, wrong_sides
from core.planning.problem import Problem, build_problem
from core.planning.reasons import (
    explain_inside,
    explain_kept,
    explain_left,
    explain_need,
    explain_nothing,
    explain_skipped,
    explain_unworthy,
)
from core.planning.sale_costs import sale_costs
from core.planning.score import score
from core.planning.solution import Solution
from core.planning.taxes import notes_on, realise, with_lots
from core.planning.withdrawal import must_only_sell, require_raised, within_reach
from core.planning.worth import Worthy, judge_whole, keep_worthy


class Solver(Protocol):
    """What finds the units of an objective; without ``exact`` the integer program is left out."""

    def __call__(self, problem: Problem, *, exact: bool = True) -> Solution:
        """Units to trade by cell, with what is proven about them."""


_EVEN = Decimal("0.0001")
"""A bound so near, in the objective's unit, is proof."""
_DIGITS = Decimal("1e-9")


def calculate(request: PlanRequest, *, exact: bool = True) -> Plan:
    """Calculate the trades that bring a portfolio to its goals; a function of the request alone.

    ``exact`` gives what the quick methods cannot prove to the integer program, and looks for a cure; see the plan's
    certificate. Raises PricesRefused (a managed symbol without a usable price), NegativeTotal, and CannotRaise. A plan
    without trades may still be ``needed``: something is beyond its band, and nothing that is permitted would help; its
    reason is then NOTHING_HELPS. Where trades would help, but are not worth their cost, none is needed.
    """
    holdings = request.holdings
    served = served_lines(holdings, request.targets, request.policy)
    symbols = symbols_of(served)
    _require_prices(request, symbols)
    in_parts = frozenset[Symbol]().union(*(account.fractionable for account in request.accounts))
    whole = whole_shares(request.policy, symbols, in_parts)
    report = measure_drift(holdings, request.prices, request.targets, request.policy, whole, served)
    need = explain_need(request, report)
    if need.code in {ReasonCode.ON_TARGET, ReasonCode.CASH_SUFFICES}:
        return _on_target(request, report, need)
    problem = build_problem(
        request,
        report,
        purchases_only=need.code is ReasonCode.CASH_EXCESS,
        sales_only=must_only_sell(need, report),
    )
    request, problem, notes = within_reach(request, problem)
    problem, worthy = _solved(request, need, problem, exact=exact)
    plan = _planned(request, report, need, problem, worthy)
    cure = find_cure(request, report, problem) if exact else None
    has_less = cure is not None and (cure.deposit > ZERO or bool(plan.sells))
    if not notes and not has_less:
        return plan
    return replace(plan, notes=notes + plan.notes, cure=cure if has_less else None)


def _solved(
    request: PlanRequest, need: Reason, problem: Problem, *, exact: bool
) -> tuple[Problem, Worthy]:
    """The units of the policy's objective that keep the gain budget and are worth their cost, and what they solve.

    Where no line is outside its band and only the portfolio's drift is, the objectives of bands have nothing to go by:
    then ``closest`` plans.
    """
    objective = _objective_of(request, need)
    solver, worth = _solver_of(request, objective), float(request.policy.worth)

    groups, budget = groups_of(request, problem), budget_of(request, problem)
    rank = _rank(problem, objective)
    is_provable = exact and objective is Objective.CLOSEST

    def apart(narrowed: Problem, solve: Callable[[Problem], Solution]) -> Solution:
        return solve_apart(groups, narrowed, solve, rank)

    def resolve(narrowed: Problem) -> Solution:
        def solve(each: Problem) -> Solution:
            return apart(each, lambda one: solver(one, exact=exact))

        if budget is None:
            return solve(narrowed)
        kept = solve_within(budget, narrowed, solve)
        if not is_provable or kept.is_within:
            return kept.solution
        units = kept.solution.units.astype(np.float64)
        proven = apart(narrowed, lambda one: solve_exactly(budget, one, units))
        return better_of(narrowed, kept.solution, proven)

    solution = resolve(problem)
    if request.caps is not None or not worth:
        worthy = Worthy(solution, {})
    elif objective is not Objective.CLOSEST:
        aimed = aim_at_targets(problem, inside_of(problem))
        worthy = judge_whole(aimed, solution, worth)
    else:
        worthy = keep_worthy(problem, solution, resolve, worth)
    units = worthy.solution.units.astype(np.float64)
    return say_budget(budget, say_apart(groups, problem, units), units), worthy


def _rank(problem: Problem, objective: Objective) -> Callable[[Solution], tuple[float, float]]:
    """Which of two solutions of one problem is better: the lesser."""

    def rank(solution: Solution) -> tuple[float, float]:
        units = solution.units.astype(np.float64)
        if objective is Objective.CLOSEST:
            return score(problem, units), solution.objective
        inside = inside_of(problem)
        far = np.inf if breaks_rule(problem, units) else outside_by(problem, inside, units)
        return far, solution.objective

    return rank


def _solver_of(request: PlanRequest, objective: Objective) -> Solver:
    """The solver of an objective; the tax of sales counts for ``cheapest``, and elsewhere among equals."""

    def cheapest_taxed(problem: Problem, *, exact: bool = True) -> Solution:
        return cheapest.solve(problem, exact=exact, taxes=sale_costs(request, problem))

    def closest_taxed(problem: Problem, *, exact: bool = True) -> Solution:
        found = closest.solve(problem, exact=exact)
        if not exact or problem.is_simple:
            return found
        taxes, wrong = sale_costs(request, problem), wrong_sides(request, problem)
        least = found if taxes is None else least_taxed(problem, found, taxes)
        return least if wrong is None else least_misplaced(problem, least, taxes, wrong)

    taxed: Mapping[Objective, Solver] = {
        Objective.CLOSEST: closest_taxed,
        Objective.FEWEST: fewest.solve,
        Objective.CHEAPEST: cheapest_taxed,
    }
    return taxed[objective]


def _objective_of(request: PlanRequest, need: Reason) -> Objective:
    is_whole = need.code is ReasonCode.PORTFOLIO_DRIFTED
    return Objective.CLOSEST if is_whole else request.policy.objective


def _planned(
    request: PlanRequest, report: DriftReport, need: Reason, problem: Problem, worthy: Worthy
) -> Plan:
    solution = worthy.solution
    if worthy.whole is not None:
        solution = replace(solution, units=np.zeros_like(solution.units))
    trades, after = _accounted(request, report, problem, solution)
    trades = say_located(request, with_lots(request, trades))
    realised = realise(request, trades)
    skipped = explain_skipped(request, report, problem, trades, after.cash)
    skipped = explain_left(problem, skipped, worthy.left, request.policy.worth)
    is_breached = need.code not in {ReasonCode.FORCED, ReasonCode.DATE_DUE}
    cost = sum((trade.cost for trade in trades), ZERO)
    is_stuck = problem.must_raise and not is_raised(request, report, trades)
    has_certificate = worthy.whole is None and not is_stuck
    objective = _objective_of(request, need)
    attained = _attained(objective, report, trades, after, solution)
    reason = _reason_of(request, need, worthy, trades, skipped, is_breached=is_breached)
    is_worth_it = reason.code is not ReasonCode.NOT_WORTH_IT
    return Plan(
        needed=is_worth_it and (bool(trades) or is_breached),
        reason=reason,
        before=report,
        trades=trades,
        skipped=skipped + explain_kept(report),
        after=after,
        cost=cost,
        certificate=_certify(objective, solution, attained) if has_certificate else None,
        realised=realised,
        notes=notes_on(request, trades, realised),
    )


def _reason_of(
    request: PlanRequest,
    need: Reason,
    worthy: Worthy,
    trades: Sequence[Trade],
    skipped: Sequence[Skipped],
    *,
    is_breached: bool,
) -> Reason:
    left = worthy.whole
    if left is None and not trades and worthy.left:
        left = max(worthy.left.values(), key=lambda each: each.drift)
    if left is not None:
        return explain_unworthy(need.symbol, left, request.policy.worth)
    return need if trades else explain_nothing(need, skipped, is_breached=is_breached)


def _attained(
    objective: Objective,
    report: DriftReport,
    trades: Sequence[Trade],
    after: After,
    solution: Solution,
) -> Decimal:
    """What a plan attains, to the cent, in the objective's unit."""
    cost = sum((trade.cost for trade in trades), ZERO)
    match objective:
        case Objective.CLOSEST:  # what is under its goals; see ``core.planning.score``
            return after.tracking_error + cost / report.total * HUNDRED / 2
        case Objective.FEWEST:
            return Decimal(len(trades))
        case Objective.CHEAPEST:  # tax counts in it, as ``core.planning.sale_costs`` has it
            return max(cost, Decimal(solution.objective).quantize(_DIGITS))


def _accounted(
    request: PlanRequest, report: DriftReport, problem: Problem, solution: Solution
) -> tuple[tuple[Trade, ...], After]:
    """The trades to the cent; none where they would bring nothing, or would not raise the money to be taken out."""
    trades = make_trades(request, report, problem, solution.units)
    if not trades:
        require_raised(request, trades)
        return (), carry_out(request, report, ())
    after = carry_out(request, report, trades)
    helps = True
    if problem.must_raise:
        require_raised(request, trades)
        helps = is_raised(request, report, trades)
    elif request.policy.objective is Objective.CLOSEST:
        before = sum((abs(line.weight - line.goal) for line in report.lines), ZERO) / 2
        helps = after.tracking_error < before
    return (trades, after) if helps else ((), carry_out(request, report, ()))


def _certify(objective: Objective, solution: Solution, attained: Decimal) -> Certificate:
    """The certificate of a plan: what it attains to the cent, and what is proven about it."""
    bound = min(Decimal(solution.bound).quantize(_DIGITS), attained)
    return Certificate(
        objective=attained,
        bound=bound,
        is_optimal=attained - bound <= _EVEN + _DIGITS,
        method=solution.method,
        work=solution.work,
        timed_out=solution.timed_out,
        measure=objective,
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
    prices = request.prices
    for symbol in symbols:
        price = prices.get(symbol)
        if price is None or not price.is_finite() or price <= ZERO:
            faults = (_fault_of(each, prices) for each in symbols)
            raise PricesRefused(tuple(fault for fault in faults if fault is not None))


def _fault_of(symbol: Symbol, prices: Mapping[Symbol, Decimal]) -> PriceFault | None:
    price = prices.get(symbol)
    if price is None:
        return PriceFault(symbol, PriceFaultKind.MISSING)
    if not price.is_finite():
        return PriceFault(symbol, PriceFaultKind.NOT_A_NUMBER)
    return PriceFault(symbol, PriceFaultKind.NOT_POSITIVE, price) if price <= ZERO else None
