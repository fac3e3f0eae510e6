"""Why a plan is needed, why each line trades, and why each other line does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from core.domain.drift import DriftLine, DriftReport
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import CENT, HUNDRED, ONE, ZERO, half_spread
from core.domain.plan import PlanRequest, Reason, ReasonCode, Side, Skipped, Trade
from core.domain.policy import Trigger
from core.planning.cells import Cell
from core.planning.problem import Problem
from core.planning.worth import Left


def explain_need(request: PlanRequest, report: DriftReport) -> Reason:
    """Say why a plan is needed, or ON_TARGET.

    Too much cash alone asks for purchases only, unless a date or an edit asks for the whole plan.
    """
    policy = request.policy
    is_due = request.date_due and policy.trigger is Trigger.EITHER
    drift = {"drift": report.portfolio_drift}
    if (missing := _to_raise(request, report)) > ZERO:
        amounts = {"amount": request.withdraw, "missing": missing}
        return Reason(ReasonCode.WITHDRAWAL, None, {**drift, **amounts})
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
    if request.withdraw > ZERO:
        return Reason(ReasonCode.CASH_SUFFICES, None, {**drift, "amount": request.withdraw})
    return Reason(ReasonCode.ON_TARGET, None, drift)


def _to_raise(request: PlanRequest, report: DriftReport) -> Decimal:
    """The money that sales must bring: what a withdrawal leaves accounts overdrawn by, and short of the reserve."""
    if request.withdraw <= ZERO:
        return ZERO
    overdrawn = -sum((min(account.cash, ZERO) for account in request.accounts), ZERO)
    reserve = request.policy.cash_reserve.of(report.total)
    return max(overdrawn, reserve - request.holdings.cash)


def explain_nothing(need: Reason, skipped: Sequence[Skipped], *, is_breached: bool) -> Reason:
    """Say why there is no trade although a plan was asked for."""
    is_stuck = is_breached or any(skip.reason.code is not ReasonCode.AT_GOAL for skip in skipped)
    code = ReasonCode.NOTHING_HELPS if is_stuck else ReasonCode.ON_TARGET
    return Reason(code, need.symbol, need.values)


def explain_unworthy(symbol: Symbol | None, left: Left, worth: Decimal) -> Reason:
    """Say that a trade, or a plan, takes less off the drift than its cost asks for."""
    amounts = {"amount": _dollars(max(left.drift, 0.0)), "cost": _dollars(left.cost)}
    return Reason(ReasonCode.NOT_WORTH_IT, symbol, {**amounts, "worth": worth})


def _dollars(amount: float) -> Decimal:
    return Decimal(str(round(amount, 2))).quantize(CENT)


def explain_left(
    problem: Problem, skipped: tuple[Skipped, ...], left: Mapping[int, Left], worth: Decimal
) -> tuple[Skipped, ...]:
    """Say of the lines whose trades were not worth their cost that this is why they do not trade."""
    by_line = {
        problem.lines[int(problem.line_of[cell])].symbol: each for cell, each in left.items()
    }
    return tuple(
        Skipped(skip.symbol, explain_unworthy(skip.symbol, by_line[skip.symbol], worth))
        if skip.symbol in by_line
        else skip
        for skip in skipped
    )


def numbers_of(line: DriftLine) -> dict[str, Decimal]:
    """A line's numbers by the names that reasons use; ``band`` only where there is one."""
    numbers = {
        "weight": line.weight,
        "target": line.target,
        "goal": line.goal,
        "drift": line.drift,
    }
    if line.band is not None:
        numbers["band"] = line.band
    return numbers


def explain_trade(cell: Cell, side: Side, *, has_target: bool) -> Reason:
    """Say why a cell trades."""
    line = cell.line
    if side is Side.BUY:
        code = ReasonCode.UNDER_TARGET
    elif not has_target:
        code = ReasonCode.NO_TARGET
    else:
        code = ReasonCode.OVER_TARGET if line.weight > line.goal else ReasonCode.RAISE_CASH
    return Reason(code, cell.symbol, numbers_of(line))


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
    served_by = request.targets.served_by
    traded = {served_by.get(trade.symbol, trade.symbol) for trade in trades}
    spare = cash_after - request.policy.cash_reserve.of(report.total)
    skipped = {
        line.symbol: list[Cell]()
        for line in problem.lines
        if line.symbol not in traded and line.weight != line.goal
    }
    for cell in problem.cells:
        if cell.line.symbol in skipped:
            skipped[cell.line.symbol].append(cell)
    return tuple(
        Skipped(symbol, _obstacle(request, cells, report.total, spare))
        for symbol, cells in skipped.items()
    )


def _obstacle(
    request: PlanRequest, cells: Sequence[Cell], total: Decimal, spare: Decimal
) -> Reason:
    """What stands in the way of a line: of its cells, the first that is allowed to trade speaks for it."""
    line = cells[0].line
    away = line.goal / HUNDRED * total - line.value
    is_short = away > ZERO
    barred = [cell.no_purchase if is_short else cell.no_sale for cell in cells]
    cell = next((c for c, why in zip(cells, barred, strict=True) if why is None), cells[0])
    forbidden = cell.no_purchase if is_short else cell.no_sale
    numbers = {**numbers_of(line), "amount": abs(away), "price": cell.price}
    if forbidden is not None:
        return Reason(forbidden, line.symbol, numbers, cell.until)
    if abs(away) < cell.unit * cell.price:
        code = ReasonCode.LESS_THAN_ONE_SHARE if cell.unit >= ONE else ReasonCode.AT_GOAL
        return Reason(code, line.symbol, numbers)
    if abs(away) < request.policy.min_trade:
        numbers["min_trade"] = request.policy.min_trade
        return Reason(ReasonCode.BELOW_MIN_TRADE, line.symbol, numbers)
    missing = _least_purchase(request, cell) - spare
    if is_short and missing > ZERO:
        numbers["missing"] = missing
        return Reason(ReasonCode.NO_CASH, line.symbol, numbers)
    return Reason(ReasonCode.NOTHING_HELPS, line.symbol, numbers)


def _least_purchase(request: PlanRequest, cell: Cell) -> Decimal:
    """What the smallest purchase that is permitted takes from cash."""
    policy = request.policy
    least = max(cell.unit * cell.price, policy.min_trade)
    fees = policy.commission + least / cell.price * policy.commission_per_share
    return least + half_spread(least, policy.spread_bps) + fees
