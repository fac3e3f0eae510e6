"""Risk: the last look before money moves. Only this module can make an ``ApprovedPlan``, and only that is executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from core.domain.ids import Symbol
from core.domain.money import HUNDRED, ZERO
from core.domain.order import Order
from core.domain.plan import Plan, Trade
from core.domain.policy import Policy
from core.domain.portfolio import HoldingChange, Holdings, holding_changes
from core.domain.proposal import PriceMove, Proposal, ProposalState
from core.domain.quote import Quote, moved_percent
from core.domain.refusals import ProposalNotOpen, RiskLimit

APPROVAL_LIFETIME = timedelta(minutes=15)
"""How long a completed approval is good without being asked again."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the installation, which chat cannot raise: legs per plan, turnover in percent of the managed total."""

    max_legs: int = 100
    max_turnover: Decimal = Decimal(200)


class _Seal:
    """A private token without which no ApprovedPlan is made."""


_SEAL = _Seal()


@dataclass(frozen=True, slots=True)
class ApprovedPlan:
    """A plan that enough members approved and that still holds: the only thing that can be executed.

    Made by ``approve_plan`` alone; constructing one elsewhere raises TypeError.
    """

    proposal: Proposal
    trades: tuple[Trade, ...]
    seal: _Seal

    def __post_init__(self) -> None:
        """Refuse to exist outside of risk."""
        if self.seal is not _SEAL:
            message = "an ApprovedPlan is made by core.domain.risk.approve_plan alone"
            raise TypeError(message)

    def require_covers(self, order: Order) -> None:
        """Raise RiskLimit unless an order is one of the approved legs, not enlarged."""
        if not 1 <= order.leg <= len(self.trades):
            raise RiskLimit("leg", Decimal(order.leg), Decimal(len(self.trades)))
        trade = self.trades[order.leg - 1]
        is_leg = (order.symbol, order.side) == (trade.symbol, trade.side)
        if not is_leg or order.quantity > trade.quantity or order.proposal_id != self.proposal.id:
            raise RiskLimit("shares", order.quantity, trade.quantity if is_leg else ZERO)


@dataclass(frozen=True, slots=True)
class Recheck:
    """What is different now from what was approved; empty where the approval still holds."""

    moves: tuple[PriceMove, ...] = ()
    changes: tuple[HoldingChange, ...] = ()
    approval_aged: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing stands against executing."""
        return not (self.moves or self.changes or self.approval_aged)


def recheck(
    proposal: Proposal,
    *,
    holdings: Holdings,
    quotes: Mapping[Symbol, Quote],
    policy: Policy,
    across_close: bool,
    market_now: datetime,
) -> Recheck:
    """Hold an approved proposal against what is true now: prices within tolerance, same holdings, fresh approval."""
    tolerance = policy.tolerance_across_close if across_close else policy.tolerance
    revision = proposal.revision
    moves = tuple(
        PriceMove(trade.symbol, trade.price, quotes[trade.symbol].price)
        for trade in revision.plan.trades
        if moved_percent(quotes[trade.symbol].price, trade.price) > tolerance
    )
    return Recheck(
        moves=moves,
        changes=holding_changes(revision.snapshot.holdings, holdings),
        approval_aged=_is_aged(proposal, market_now),
    )


def _is_aged(proposal: Proposal, market_now: datetime) -> bool:
    completed = max((decision.market_at for decision in proposal.approvals), default=None)
    if completed is None:
        return True
    start = max(completed, proposal.scheduled_for or completed)
    return market_now - start > APPROVAL_LIFETIME


def require_within_limits(plan: Plan, limits: Limits) -> None:
    """Raise RiskLimit when a plan breaks a limit of the installation."""
    if len(plan.trades) > limits.max_legs:
        raise RiskLimit("orders in one plan", Decimal(len(plan.trades)), Decimal(limits.max_legs))
    total = plan.before.total
    turnover = plan.turnover / total * HUNDRED if total > ZERO else ZERO
    if turnover > limits.max_turnover:
        raise RiskLimit("turnover in percent", turnover, limits.max_turnover)


def approve_plan(proposal: Proposal, check: Recheck, limits: Limits) -> ApprovedPlan:
    """Make the approved plan; raises when the approval is not complete, no longer holds, or breaks a limit."""
    if proposal.state is not ProposalState.APPROVED or not proposal.is_complete or not check.holds:
        raise ProposalNotOpen(proposal.id, proposal.state)
    require_within_limits(proposal.revision.plan, limits)
    return ApprovedPlan(proposal, proposal.revision.plan.trades, _SEAL)


def resume_plan(proposal: Proposal) -> ApprovedPlan:
    """Make the approved plan again of a proposal whose execution had begun: it was approved and re-checked then."""
    if proposal.state is not ProposalState.EXECUTING or not proposal.is_complete:
        raise ProposalNotOpen(proposal.id, proposal.state)
    return ApprovedPlan(proposal, proposal.revision.plan.trades, _SEAL)
