"""Add money: how much would have to come in so that nothing need be sold; pure, and only a hint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from core.application.show_proposal import ProposalView
from core.application.take_snapshot import plan_request
from core.domain.drift import DriftReport
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ZERO
from core.domain.plan import Plan, Trade
from core.domain.policy import Direction
from core.domain.refusals import Refusal
from core.planning import calculate

MOST_LINES = 20
"""Larger portfolios get no such hint: it would not fit, and its calculation is a whole plan."""

MOST_ADDED = Decimal(25)
"""A hint to add more than this, in percent of the managed total, helps nobody."""

_TRIES = 3
_STEP = Decimal(10)
_MORE = Decimal("1.2")


@dataclass(frozen=True, slots=True)
class MoneyInstead:
    """An amount of new cash, and the purchases that would then bring every line inside its band."""

    amount: Decimal
    buys: tuple[Trade, ...]


def money_instead(view: ProposalView) -> MoneyInstead | None:
    """Return the new cash that would make a proposal's sales needless; None where it is no real choice."""
    plan = view.proposal.revision.plan
    report = plan.before
    if not plan.sells or len(report.lines) > MOST_LINES or view.managed.targets is None:
        return None
    if view.managed.policy.direction is not Direction.BOTH:
        return None
    amount = _rounded_up(_least(report))
    for _ in range(_TRIES):
        if not ZERO < amount <= report.total * MOST_ADDED / HUNDRED:
            return None
        bought = _plan_with(view, amount)
        if bought is not None and bought.trades and _is_inside(bought):
            return MoneyInstead(amount, bought.trades)
        amount = _rounded_up(amount * _MORE)
    return None


def _least(report: DriftReport) -> Decimal:
    """The cash that dilutes every line above its band down to the band's edge."""
    needed = [
        line.value / (line.target + line.band) * HUNDRED - report.total
        for line in report.breached
        if line.symbol != CASH and line.drift > ZERO and line.band is not None
    ]
    return max(needed, default=_STEP)


def _rounded_up(amount: Decimal) -> Decimal:
    return (max(amount, _STEP) / _STEP).quantize(Decimal(1), ROUND_CEILING) * _STEP


def _plan_with(view: ProposalView, amount: Decimal) -> Plan | None:
    snapshot = view.proposal.revision.snapshot
    holdings = replace(snapshot.holdings, cash=snapshot.holdings.cash + amount)
    try:
        richer = replace(snapshot, holdings=holdings)
        return calculate(
            plan_request(view.managed, richer, direction=Direction.BUY_ONLY, force=True)
        )
    except Refusal:
        return None


def _is_inside(plan: Plan) -> bool:
    """Whether every line is inside its band once the plan is carried out."""
    return all(
        line.band is None
        or abs(plan.after.weights.get(line.symbol, ZERO) - line.target) <= line.band
        for line in plan.before.lines
    )
