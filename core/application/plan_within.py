"""Plan within limits: what is proposed never asks for more than the installation would let through."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.plan import LegKey, Plan, PlanRequest, ReasonCode, Trade
from core.domain.policy import Policy, whole_shares
from core.domain.portfolio import Rung
from core.domain.refusals import RiskLimit
from core.domain.risk import Limits, Rooms, require_within_limits
from core.domain.sizing import FRACTION
from core.planning import calculate

Caps = dict[LegKey, Decimal]
Planner = Callable[[PlanRequest], Plan]
"""What makes a plan of a request, and keeps to its caps."""


def plan_within(
    request: PlanRequest, rooms: Rooms, limits: Limits, planner: Planner = calculate
) -> Plan:
    """Calculate a plan; legs beyond the most money an order (or, with caps, a day) may move are made smaller.

    Raises RiskLimit where the plan is then still beyond a limit: too many orders, too much turnover, or nothing left
    of an account's day.
    """
    plan = planner(request)
    for name in {trade.account for trade in plan.trades}:
        room = rooms[name]
        if room.rung is Rung.LIVE_CAPPED and room.used >= limits.live_cap_day:
            raise RiskLimit(
                "money in one day", room.used, limits.live_cap_day, setting="LIVE_CAP_DAY"
            )
    caps = _caps(plan, request, rooms, limits)
    if caps is not None:
        plan = _capped(planner(replace(request, caps=caps)), plan)
    require_within_limits(plan, limits, rooms)
    return plan


def _capped(smaller: Plan, plan: Plan) -> Plan:
    """A plan made smaller says why as before; what it harvests is said of the smaller one."""
    is_pairs = bool(smaller.trades) and plan.reason.code is ReasonCode.HARVEST
    return smaller if is_pairs else replace(smaller, reason=plan.reason)


def _caps(plan: Plan, request: PlanRequest, rooms: Rooms, limits: Limits) -> Caps | None:
    """What each leg may trade at most in shares; None where nothing needs to be made smaller."""
    room = 1 + _room(limits.clamp(request.policy)) / HUNDRED
    worths = [trade.value * room for trade in plan.trades]
    fitted = [
        _within_order(worth, rooms[trade.account].rung, limits)
        for trade, worth in zip(plan.trades, worths, strict=True)
    ]
    fitted = _within_days(plan, fitted, rooms, limits)
    if fitted == worths:
        return None
    in_parts = {account.name: account.fractionable for account in request.accounts}
    whole = {
        name: whole_shares(request.policy, request.prices, symbols)
        for name, symbols in in_parts.items()
    }
    return {
        trade.key: _shares(trade, worth / room, trade.symbol in whole[trade.account])
        for trade, worth in zip(plan.trades, fitted, strict=True)
    }


def _within_order(worth: Decimal, rung: Rung, limits: Limits) -> Decimal:
    cap, _ = limits.order_cap(rung)
    return worth if cap is None else min(worth, cap)


def _within_days(
    plan: Plan, worths: Sequence[Decimal], rooms: Rooms, limits: Limits
) -> list[Decimal]:
    """The same worths, smaller in proportion in each account whose day they would exceed together."""
    totals: dict[str, Decimal] = {}
    for trade, worth in zip(plan.trades, worths, strict=True):
        totals[trade.account] = totals.get(trade.account, ZERO) + worth
    fitted = []
    for trade, worth in zip(plan.trades, worths, strict=True):
        room, total = rooms[trade.account], totals[trade.account]
        day = limits.live_cap_day - room.used
        is_over = room.rung is Rung.LIVE_CAPPED and total > day
        fitted.append(worth * day / total if is_over else worth)
    return fitted


def _room(policy: Policy) -> Decimal:
    """By how much, in percent, an order's limit may be above the price that was shown."""
    return max(policy.tolerance, policy.tolerance_across_close) + policy.collar


def _shares(trade: Trade, worth: Decimal, is_whole: bool) -> Decimal:  # noqa: FBT001
    step = ONE if is_whole else FRACTION
    steps = (worth / trade.price / step).to_integral_value(ROUND_FLOOR)
    return min(steps * step, trade.quantity)
