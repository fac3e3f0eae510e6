"""Why a plan is needed, why each line trades, and why each other line does not."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from core.domain.drift import DriftLine, DriftReport
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ONE, ZERO, half_spread
from core.domain.plan import PlanRequest, Reason, ReasonCode, Side, Skipped, Trade
from core.domain.policy import Trigger
from core.planning.problem import LineLimits, Problem


def explain_need(request: PlanRequest, report: DriftReport) -> Reason:
    """Say why a plan is needed, or ON_TARGET.

    Too much cash alone asks for purchases only, unless a date or an edit asks for the whole plan.
    """
    policy = request.policy
    is_due = request.date_due and policy.trigger is Trigger.EITHER
    drift = {"drift": report.portfolio_drift}
    if breached := report.breached:
        alone = report.only_cash_is_over and not is_due and request.caps is None
        code = ReasonCode.CASH_EXCESS if alone else ReasonCode.BAND_BREACHED
        return Reason(code, breached[0].symbol, numbers_of(breached[0]))
    if policy.portfolio_band is not None and report.portfolio_drift > policy.portfolio_band:
        return Reason(ReasonCode.PORTFOLIO_DRIFTED, None, {**drift, "band": policy.portfolio_band})
    if is_due:
        return Reason(ReasonCode.DATE_DUE, None, drift)
    if request.force or request.caps is not None:
        return Reason(ReasonCode.FORCED, None, drift)
    return Reason(ReasonCode.ON_TARGET, None, drift)


def explain_nothing(need: Reason, skipped: Sequence[Skipped], *, is_breached: bool) -> Reason:
    """Say why there is no trade although a plan was asked for."""
    is_stuck = is_breached or any(skip.reason.code is not ReasonCode.AT_GOAL for skip in skipped)
    code = ReasonCode.NOTHING_HELPS if is_stuck else ReasonCode.ON_TARGET
    return Reason(code, need.symbol, need.values)


def numbers_of(line: DriftLine) -> dict[str, Decimal]:
    """A line's numbers by the names that reasons use; ``band`` only where there is one."""
    numbers = {
        "weight": line.weight,
        "target": line.target,
        "goal": line.goal,
        "drift": line.drift,
    }
    return numbers if line.band is None else {**numbers, "band": line.band}


def explain_trade(line: DriftLine, side: Side, *, has_target: bool) -> Reason:
    """Say why a line trades."""
    if side is Side.BUY:
        code = ReasonCode.UNDER_TARGET
    elif not has_target:
        code = ReasonCode.NO_TARGET
    else:
        code = ReasonCode.OVER_TARGET if line.weight > line.goal else ReasonCode.RAISE_CASH
    return Reason(code, line.symbol, numbers_of(line))


def explain_kept(report: DriftReport) -> tuple[Skipped, ...]:
    """Name the positions without a target that policy keeps."""
    return tuple(
        Skipped(line.symbol, Reason(ReasonCode.KEPT_OUTSIDE, line.symbol, _amount(line.value)))
        for line in report.outside
    )


def _amount(value: Decimal | None) -> dict[str, Decimal]:
    return {} if value is None else {"amount": value}


def explain_inside(report: DriftReport) -> tuple[Skipped, ...]:
    """Name the lines that are off their goal but within what the policy lets them drift."""
    return tuple(
        Skipped(line.symbol, Reason(ReasonCode.ON_TARGET, line.symbol, numbers_of(line)))
        for line in sorted(report.lines, key=_by_symbol)
        if line.symbol != CASH and line.weight != line.goal
    )


def _by_symbol(line: DriftLine) -> str:
    return line.symbol


def explain_skipped(
    request: PlanRequest,
    report: DriftReport,
    problem: Problem,
    trades: Sequence[Trade],
    cash_after: Decimal,
) -> tuple[Skipped, ...]:
    """Say of every line that is off its goal and does not trade what stands in the way."""
    traded = {trade.symbol for trade in trades}
    spare = cash_after - request.policy.cash_reserve.of(report.total)
    return tuple(
        Skipped(limit.line.symbol, _obstacle(request, limit, report.total, spare))
        for limit in problem.limits
        if limit.line.symbol not in traded and limit.line.weight != limit.line.goal
    )


def _obstacle(request: PlanRequest, limit: LineLimits, total: Decimal, spare: Decimal) -> Reason:
    line = limit.line
    away = line.goal / HUNDRED * total - line.value
    forbidden = limit.no_purchase if away > ZERO else limit.no_sale
    numbers = {**numbers_of(line), "amount": abs(away), "price": line.price}
    if forbidden is not None:
        return Reason(forbidden, line.symbol, numbers)
    if abs(away) < limit.unit * line.price:
        is_whole = limit.unit == ONE
        code = ReasonCode.LESS_THAN_ONE_SHARE if is_whole else ReasonCode.AT_GOAL
        return Reason(code, line.symbol, numbers)
    if abs(away) < request.policy.min_trade:
        numbers["min_trade"] = request.policy.min_trade
        return Reason(ReasonCode.BELOW_MIN_TRADE, line.symbol, numbers)
    missing = _least_purchase(request, limit) - spare
    if away > ZERO and missing > ZERO:
        numbers["missing"] = missing
        return Reason(ReasonCode.NO_CASH, line.symbol, numbers)
    return Reason(ReasonCode.NOTHING_HELPS, line.symbol, numbers)


def _least_purchase(request: PlanRequest, limit: LineLimits) -> Decimal:
    """What the smallest purchase that is permitted takes from cash."""
    policy, price = request.policy, limit.line.price
    least = max(limit.unit * price, policy.min_trade)
    return least + half_spread(least, policy.spread_bps) + policy.commission
