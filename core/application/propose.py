"""Propose: freeze a plan, number it, supersede what it replaces, and push it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from core.application.market import Market, Moment
from core.application.tell import refresh_copies, tell_proposal
from core.domain.ids import ChatId, CheckId, MemberId, PortfolioId, ProposalId
from core.domain.order import OrderState
from core.domain.plan import Plan
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.domain.proposal import Cause, Proposal, ProposalState, Revision, RevisionCause
from core.ports.store import AuditEvent, UnitOfWork

REPLACEABLE = frozenset({ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.REJECTED})


def expiry(market: Market, moment: Moment, sessions: int) -> datetime:
    """When a proposal made now expires: the close of the given session, today's (or the next) being the first."""
    session = moment.session
    for _ in range(max(sessions, 1) - 1):
        session = market.calendar.next_after(session.date)
    return session.closes_at


def same_trades(proposal: Proposal, plan: Plan) -> bool:
    """Whether a plan would trade the same sides of the same symbols as a proposal already does."""
    shown = {(trade.symbol, trade.side) for trade in proposal.revision.plan.trades}
    return shown == {(trade.symbol, trade.side) for trade in plan.trades}


async def propose(  # noqa: PLR0913 - a proposal is made of each of these
    work: UnitOfWork,
    managed: ManagedPortfolio,
    plan: Plan,
    snapshot: Snapshot,
    *,
    cause: Cause,
    now: datetime,
    expires_at: datetime,
    check_id: CheckId | None,
    by: MemberId | None = None,
    also: Collection[ChatId] = (),
) -> Proposal:
    """Store a new proposal and push it, inside the caller's unit of work; older open ones are superseded."""
    await supersede(work, managed.portfolio.id, now)
    revision = Revision(1, plan, snapshot, RevisionCause.FIRST, now, by)
    proposal = await work.proposals.add(
        managed.portfolio.id,
        cause=cause,
        revision=revision,
        created_at=now,
        expires_at=expires_at,
        approvals_needed=managed.policy.approvals,
        check_id=check_id,
    )
    await tell_proposal(work, managed.portfolio, proposal, now, also)
    await work.log.record(
        AuditEvent(now, "proposed", by, managed.portfolio.id, proposal.id, data=revision.plan_hash)
    )
    return proposal


async def supersede(
    work: UnitOfWork, portfolio_id: PortfolioId, now: datetime
) -> tuple[ProposalId, ...]:
    """End every proposal of a portfolio that has not been sent: something newer has taken its place."""
    ended = []
    for proposal in await work.proposals.in_states(REPLACEABLE, portfolio_id):
        if await work.proposals.move(proposal.id, proposal.state, ProposalState.SUPERSEDED):
            await void_intents(work, proposal.id)
            await refresh_copies(work, proposal, now)
            ended.append(proposal.id)
    return tuple(ended)


async def void_intents(work: UnitOfWork, proposal_id: ProposalId) -> None:
    """Void the orders of a proposal that were never sent."""
    for order in await work.orders.of_proposal(proposal_id):
        if order.state is OrderState.INTENDED:
            await work.orders.move(order.id, OrderState.INTENDED, OrderState.VOID)


def is_cooling_down(market: Market, settled: date | None, today: date, sessions: int) -> bool:
    """Whether fewer than the given sessions have passed since the last proposal was settled."""
    if settled is None or sessions <= 0:
        return False
    return len(market.calendar.between(settled, today)) - 1 < sessions
