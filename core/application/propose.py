"""Propose: freeze a plan, number it, supersede what it replaces, and push it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from core.application.ask_first import first_asked
from core.application.market import Market, Moment
from core.application.tell import pushes, refresh_copies
from core.application.tell_channels import enqueue
from core.domain.approval import need_for
from core.domain.ids import (
    AccountId,
    ChatId,
    CheckId,
    MemberId,
    PortfolioId,
    ProposalId,
)
from core.domain.order import OrderState
from core.domain.plan import Plan
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.domain.proposal import Cause, Proposal, ProposalState, Revision, RevisionCause
from core.domain.refusals import EndOfHistory
from core.domain.report import WhyNot
from core.domain.rules import Widening
from core.ports.store import AuditEvent, UnitOfWork

REPLACEABLE = frozenset(
    {
        ProposalState.OPEN,
        ProposalState.SCHEDULED,
        ProposalState.APPROVED,
        ProposalState.REJECTED,
    }
)
"""What something newer may still replace: nothing of it has been sent."""


def expiry(market: Market, moment: Moment, sessions: int) -> datetime:
    """When a proposal made now expires: the close of the given session, today's (or the next) being the first.

    Where the calendar ends sooner, it is the close of its last session.
    """
    session = moment.session
    with contextlib.suppress(EndOfHistory):
        for _ in range(max(sessions, 1) - 1):
            session = market.calendar.next_after(session.date)
    return session.closes_at


def same_trades(proposal: Proposal, plan: Plan) -> bool:
    """Whether a plan would trade the same sides of the same symbols in the same accounts as a proposal already does."""
    shown = {trade.key for trade in proposal.revision.plan.trades}
    return shown == {trade.key for trade in plan.trades}


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that is about to be put: to whom ``also``, asked ``by`` whom, from which check, by how wide bands."""

    managed: ManagedPortfolio
    plan: Plan
    snapshot: Snapshot
    cause: Cause
    expires_at: datetime
    check_id: CheckId | None
    by: MemberId | None = None
    also: tuple[ChatId, ...] = ()
    widening: Widening | None = None


async def propose(work: UnitOfWork, draft: Draft, now: datetime) -> Proposal:
    """Store a new proposal and push it, inside the caller's unit of work; older open ones are superseded."""
    (proposal,) = await propose_many(work, [draft], now)
    return proposal


async def propose_many(
    work: UnitOfWork, drafts: Sequence[Draft], now: datetime
) -> tuple[Proposal, ...]:
    """The same for the drafts of many portfolios, with few questions to the store.

    Who must approve is asked of the policies as they are now: one may have changed since the prices were asked for.
    """
    drafts = await _under_present_rules(work, drafts)
    older = await work.proposals.of_portfolios(
        [d.managed.portfolio.id for d in drafts], REPLACEABLE
    )
    chats = await first_asked(work, [draft.managed for draft in drafts])
    made, messages, events = [], [], []
    for draft in drafts:
        portfolio_id = draft.managed.portfolio.id
        await end_unsent(work, older.get(portfolio_id, ()), now)
        proposal = await _store(work, draft, now)
        messages += pushes(proposal, (*chats[portfolio_id], *draft.also))
        plan_hash = proposal.revision.plan_hash
        events.append(
            AuditEvent(now, "proposed", draft.by, portfolio_id, proposal.id, data=plan_hash)
        )
        made.append(proposal)
    await enqueue(work, messages, now)
    await work.log.record_many(events)
    return tuple(made)


async def _under_present_rules(work: UnitOfWork, drafts: Sequence[Draft]) -> list[Draft]:
    present = await work.portfolios.many([draft.managed.portfolio.id for draft in drafts])
    by_id = {each.portfolio.id: each for each in present}
    return [replace(draft, managed=by_id[draft.managed.portfolio.id]) for draft in drafts]


async def _store(work: UnitOfWork, draft: Draft, now: datetime) -> Proposal:
    need = need_for(draft.managed, draft.plan, [draft.by])
    revision = Revision(
        1,
        draft.plan,
        draft.snapshot,
        RevisionCause.FIRST,
        now,
        draft.by,
        need=need,
        widening=draft.widening,
    )
    return await work.proposals.add(
        draft.managed.portfolio.id,
        cause=draft.cause,
        revision=revision,
        created_at=now,
        expires_at=draft.expires_at,
        check_id=draft.check_id,
    )


async def supersede(
    work: UnitOfWork, portfolio_id: PortfolioId, now: datetime
) -> tuple[ProposalId, ...]:
    """End every proposal of a portfolio that has not been sent: something newer has taken its place."""
    older = await work.proposals.in_states(REPLACEABLE, portfolio_id)
    return await end_unsent(work, older, now)


async def end_unsent(
    work: UnitOfWork, older: Sequence[Proposal], now: datetime
) -> tuple[ProposalId, ...]:
    """End these proposals, of which nothing has been sent, as superseded; returns those that were still as given."""
    ended = []
    for proposal in older:
        if await work.proposals.move(proposal.id, proposal.state, ProposalState.SUPERSEDED):
            await void_intents(work, proposal.id)
            await refresh_copies(work, proposal, now)
            ended.append(proposal.id)
    return tuple(ended)


async def void_intents(
    work: UnitOfWork,
    proposal_id: ProposalId,
    why: WhyNot | None = None,
    account_id: AccountId | None = None,
) -> None:
    """Void the orders of a proposal that were never sent, and keep why; of one account alone where it is named."""
    for order in await work.orders.of_proposal(proposal_id):
        is_meant = account_id in {None, order.account_id}
        if is_meant and order.state is OrderState.INTENDED:
            await work.orders.move(order.id, OrderState.INTENDED, OrderState.VOID, detail=why)


def is_cooling_down(market: Market, settled: date | None, today: date, sessions: int) -> bool:
    """Whether fewer than the given sessions have passed since the last proposal was settled.

    What was settled before the calendar begins is long over.
    """
    if settled is None or sessions <= 0:
        return False
    try:
        return len(market.calendar.between(settled, today)) - 1 < sessions
    except EndOfHistory:
        return False
