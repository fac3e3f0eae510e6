"""Alerts: when a drift is news to people who have heard of one before, and when spare cash is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from core.domain.drift import DriftReport
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.money import HUNDRED, ZERO
from core.domain.policy import Policy
from core.domain.proposal import Proposal, ProposalState

CARRIED_OUT = frozenset({ProposalState.DONE, ProposalState.PARTIAL})


def known_drifts(proposal: Proposal) -> dict[Symbol, Decimal]:
    """The drift of each line, in points, that a proposal has told of, or has left once it was carried out."""
    plan = proposal.revision.plan
    if proposal.state not in CARRIED_OUT:
        return {line.symbol: line.drift for line in plan.before.lines}
    return {
        line.symbol: plan.after.weights.get(line.symbol, ZERO) - line.target
        for line in plan.before.lines
    }


def has_grown(known: Mapping[Symbol, Decimal], now: DriftReport, growth: Decimal | None) -> bool:
    """Whether a line beyond its band lies further off than people know, by ``growth`` points or more.

    A drift to the other side, or of a line that was not there, is counted from the target. ``growth`` None: never.
    """
    if growth is None:
        return False
    return any(
        abs(line.drift) - _same_side(known.get(line.symbol, ZERO), line.drift) >= growth
        for line in now.breached
    )


def _same_side(known: Decimal, now: Decimal) -> Decimal:
    """How far off a line was known to be in the direction in which it is off now."""
    return abs(known) if (known > ZERO) == (now > ZERO) else ZERO


def spare_cash(report: DriftReport, policy: Policy, cash: Decimal | None = None) -> Decimal:
    """The money beyond the CASH target and the reserve that purchases could use; of ``cash`` where it is given."""
    line = next((line for line in report.lines if line.symbol == CASH), None)
    if line is None:
        return ZERO
    target = report.total * line.target / HUNDRED
    held = line.value if cash is None else cash
    return max(held - max(target, policy.cash_reserve.of(report.total)), ZERO)


def known_spare(proposal: Proposal, policy: Policy) -> Decimal:
    """The spare cash that people know of: what lay there when they were asked, or what a plan carried out has left."""
    plan = proposal.revision.plan
    return spare_cash(
        plan.before, policy, plan.after.cash if proposal.state in CARRIED_OUT else None
    )


def has_new_cash(report: DriftReport, policy: Policy) -> bool:
    """Whether so much money lies spare that it alone is a reason to buy (policy ``new_cash``)."""
    return policy.new_cash is not None and spare_cash(report, policy) >= policy.new_cash
