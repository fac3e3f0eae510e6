"""Decide: a member approves, rejects, reopens or puts off a proposal. The tap itself changes only the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.application.access import proposal_for
from core.application.gate import CLOSED, Gate, require_approvable
from core.application.hold_account import require_not_held
from core.application.market import Market, Moment
from core.application.one_time_codes import NO_PROOF, Proof, check_code
from core.application.propose import void_intents
from core.application.tell import refresh_copies
from core.domain.ids import AccountId, ChatId, OrderId, ProposalId
from core.domain.ladder import LIVE_RUNGS
from core.domain.membership import Member
from core.domain.order import Order, client_order_id, collared_limit
from core.domain.permissions import Act, require
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import (
    Decision,
    DecisionKind,
    Proposal,
    ProposalState,
    require_decidable,
    require_first_approval,
)
from core.domain.refusals import (
    EndsBeforeOpen,
    OldRevision,
    PortfolioPaused,
    ProposalExpired,
    ProposalNotOpen,
    TooLateToCancel,
    UnknownProposal,
)
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

AFTER_OPEN = timedelta(minutes=5)
"""How long after the open a scheduled proposal starts, so that there are quotes of the day."""

UNDO = timedelta(seconds=10)
"""How long approved orders of real money wait, so that whoever tapped by mistake can take it back."""

SNOOZE = timedelta(hours=2)
"""How long a proposal is put off within a session; past the close it is the next session's opening."""


class Snooze(StrEnum):
    """For how long a proposal is put off in a chat: two hours, until the exchange opens again, or a week."""

    A_WHILE = "while"
    TO_OPEN = "open"
    A_WEEK = "week"


SENT = frozenset(
    {
        ProposalState.EXECUTING,
        ProposalState.DONE,
        ProposalState.PARTIAL,
        ProposalState.FAILED,
        ProposalState.FROZEN,
    }
)
"""Where an approval cannot be taken back any more: the first order has gone, or was about to."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A proposal after a decision: whether enough have approved, and the time if it waits for the open."""

    proposal: Proposal
    is_complete: bool = False
    scheduled_for: datetime | None = None


async def approve_proposal(  # noqa: PLR0913 - the ways in which a person approves
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    gate: Gate = CLOSED,
    proof: Proof = NO_PROOF,
    at_open: bool = False,
) -> Decided:
    """Record an approval; when it is the last one needed, commit the order intents with it.

    With ``at_open`` the orders wait for the exchange to open the next time (or EndsBeforeOpen).

    Raises NotAllowed, ProposalNotOpen, OldRevision, ProposalExpired, AlreadyApproved, PortfolioPaused or AccountHeld;
    and MayNotTrade or RiskLimit where the account or the plan would not pass the gate when the orders are about to go.
    Of a member with one-time codes who approves real money without a right one: CodeNeeded, BadCode, CodesLocked or
    CodesNeedKey; what was noted of a wrong code is kept.
    """
    moment = await market.moment()
    async with store.begin() as work:
        proposal = await _decidable(work, member, proposal_id, revision, moment, Act.APPROVE)
        require_first_approval(proposal, member.id)
        managed = await work.portfolios.get(proposal.portfolio_id)
        if managed.portfolio.is_paused:
            raise PortfolioPaused(managed.portfolio.name)
        if at_open and _next_open(market, moment) >= proposal.expires_at:
            raise EndsBeforeOpen(proposal.id, proposal.expires_at)
        await require_not_held(work, *proposal.revision.plan.traded_in)
        await require_approvable(work, gate, managed, proposal, moment, clock.now())
        is_real = _is_real(managed, proposal)
        refused = await check_code(
            work, proof, member=member, proposal=proposal, is_real=is_real, now=clock.now()
        )
        if refused is None:
            proposal = await _record(
                work, member, proposal, DecisionKind.APPROVE, clock.now(), moment
            )
            if proposal.is_complete:
                policy = gate.limits.clamp(managed.policy)
                starts_at = (
                    _next_open(market, moment)
                    if at_open
                    else _start_of(market, moment, is_real=is_real)
                )
                proposal = await _complete(work, proposal, policy, starts_at)
            await refresh_copies(work, proposal, clock.now())
    if refused is not None:
        raise refused
    is_scheduled = proposal.state is ProposalState.SCHEDULED
    return Decided(proposal, proposal.is_complete, proposal.scheduled_for if is_scheduled else None)


def _is_real(managed: ManagedPortfolio, proposal: Proposal) -> bool:
    """Whether a proposal trades real money in any account."""
    traded = proposal.revision.plan.traded_in
    return any(managed.part(each).account.rung in LIVE_RUNGS for each in traded)


def is_undoable(proposal: Proposal) -> bool:
    """Whether a scheduled proposal waits only for its undo, and not for the exchange to open."""
    last, starts_at = proposal.last_decision, proposal.scheduled_for
    if proposal.state is not ProposalState.SCHEDULED or last is None or starts_at is None:
        return False
    return starts_at - last.market_at <= UNDO


async def reject_proposal(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Reject an open proposal; it can be reopened until it expires."""
    moment = await market.moment()
    async with store.begin() as work:
        return await reject_within(
            work, clock, moment, member=member, proposal_id=proposal_id, revision=revision
        )


async def reject_within(
    work: UnitOfWork,
    clock: Clock,
    moment: Moment,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Reject an open proposal, inside the caller's unit of work."""
    proposal = await _decidable(work, member, proposal_id, revision, moment, Act.REJECT)
    proposal = await _record(work, member, proposal, DecisionKind.REJECT, clock.now(), moment)
    proposal = await _move(work, proposal, ProposalState.REJECTED)
    await refresh_copies(work, proposal, clock.now())
    return Decided(proposal)


async def reopen_proposal(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Take a rejection back before the proposal expires."""
    moment = await market.moment()
    async with store.begin() as work:
        proposal, role = await proposal_for(work, member, proposal_id)
        require(role, Act.REOPEN)
        if proposal.state is not ProposalState.REJECTED:
            raise ProposalNotOpen(proposal.id, proposal.state)
        if moment.now >= proposal.expires_at:
            raise ProposalExpired(proposal.id, proposal.expires_at)
        if revision != proposal.revision.number:
            raise OldRevision(proposal.id, revision, proposal.revision.number)
        proposal = await _record(work, member, proposal, DecisionKind.REOPEN, clock.now(), moment)
        proposal = await _move(work, proposal, ProposalState.OPEN)
        await refresh_copies(work, proposal, clock.now())
    return Decided(proposal)


async def cancel_proposal(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Take an approval back before the first order is sent; raises TooLateToCancel afterwards."""
    moment = await market.moment()
    async with store.begin() as work:
        proposal, role = await proposal_for(work, member, proposal_id)
        require(role, Act.TAKE_BACK)
        if proposal.state in SENT:
            raise TooLateToCancel(proposal.id, proposal.state)
        if proposal.state not in {ProposalState.SCHEDULED, ProposalState.APPROVED}:
            raise ProposalNotOpen(proposal.id, proposal.state)
        if revision != proposal.revision.number:
            raise OldRevision(proposal.id, revision, proposal.revision.number)
        proposal = await _record(work, member, proposal, DecisionKind.CANCEL, clock.now(), moment)
        await void_intents(work, proposal.id)
        proposal = await _move(work, proposal, ProposalState.CANCELLED)
        await refresh_copies(work, proposal, clock.now())
    return Decided(proposal)


async def snooze_proposal(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    chat_id: ChatId,
    how_long: Snooze = Snooze.A_WHILE,
) -> datetime:
    """Put a proposal off in one chat; returns the market time of the reminder, half an hour before its end at last."""
    moment = await market.moment()
    until = _snooze_until(market, moment, how_long)
    async with store.begin() as work:
        proposal = await _decidable(work, member, proposal_id, revision, moment, Act.PUT_OFF)
        until = min(until, proposal.expires_at - timedelta(minutes=30))
        await _record(work, member, proposal, DecisionKind.LATER, clock.now(), moment)
        await work.proposals.add_snooze(proposal_id, chat_id, until)
    return until


def _snooze_until(market: Market, moment: Moment, how_long: Snooze) -> datetime:
    later = moment.now + SNOOZE
    match how_long:
        case Snooze.A_WEEK:
            return moment.now + timedelta(weeks=1)
        case Snooze.A_WHILE if moment.session.is_open_at(later):
            return later
        case _:
            return _next_open(market, moment)


async def _decidable(
    work: UnitOfWork,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    moment: Moment,
    act: Act,
) -> Proposal:
    proposal, role = await proposal_for(work, member, proposal_id)
    require_decidable(proposal, role=role, revision=revision, market_now=moment.now, act=act)
    return proposal


async def _record(
    work: UnitOfWork,
    member: Member,
    proposal: Proposal,
    kind: DecisionKind,
    now: datetime,
    moment: Moment,
) -> Proposal:
    number, plan_hash = proposal.revision.number, proposal.revision.plan_hash
    decision = Decision(member.id, member.name, kind, number, plan_hash, now, moment.now)
    await work.proposals.add_decision(proposal.id, decision)
    await work.log.record(
        AuditEvent(now, f"decided_{kind}", member.id, proposal.portfolio_id, proposal.id, plan_hash)
    )
    return await _reload(work, proposal.id)


async def _reload(work: UnitOfWork, proposal_id: ProposalId) -> Proposal:
    proposal = await work.proposals.get(proposal_id)
    if proposal is None:
        raise UnknownProposal(proposal_id)
    return proposal


async def _move(
    work: UnitOfWork,
    proposal: Proposal,
    after: ProposalState,
    scheduled_for: datetime | None = None,
) -> Proposal:
    if not await work.proposals.move(
        proposal.id, proposal.state, after, scheduled_for=scheduled_for
    ):
        latest = await _reload(work, proposal.id)
        raise ProposalNotOpen(proposal.id, latest.state)
    return await _reload(work, proposal.id)


async def _complete(
    work: UnitOfWork,
    proposal: Proposal,
    policy: Policy,
    starts_at: datetime | None,
) -> Proposal:
    await void_intents(work, proposal.id)
    await work.orders.add(await intents(work, proposal, policy))
    if starts_at is None:
        return await _move(work, proposal, ProposalState.APPROVED)
    return await _move(work, proposal, ProposalState.SCHEDULED, scheduled_for=starts_at)


def _start_of(market: Market, moment: Moment, *, is_real: bool) -> datetime | None:
    """When approved orders may go: at once (None), when the exchange has opened, or when an undo has had its time.

    Where the exchange closes before the undo is over, they wait for its next session.
    """
    if not moment.is_open:
        return _next_open(market, moment)
    if not is_real:
        return None
    if moment.session.is_open_at(moment.now + UNDO):
        return moment.now + UNDO
    return _next_open(market, moment)


def _next_open(market: Market, moment: Moment) -> datetime:
    """When orders may go that wait for the exchange to open, with quotes of the day by then."""
    session = moment.session
    if moment.is_open:
        session = market.calendar.next_after(session.date)
    return session.opens_at + AFTER_OPEN


async def intents(work: UnitOfWork, proposal: Proposal, policy: Policy) -> Sequence[Order]:
    """Make the orders of a proposal's legs, sales first, each in its account.

    A leg that had orders before gets the next attempt.
    """
    install = await work.people.install_id()
    attempts: dict[int, int] = {}
    for order in await work.orders.of_proposal(proposal.id):
        attempts[order.leg] = max(attempts.get(order.leg, 0), order.attempt)
    orders = []
    for leg, trade in enumerate(proposal.revision.plan.trades, start=1):
        attempt = attempts.get(leg, 0) + 1
        orders.append(
            Order(
                id=OrderId(0),
                proposal_id=proposal.id,
                account_id=AccountId(int(trade.account)),
                leg=leg,
                attempt=attempt,
                client_order_id=client_order_id(install, proposal.id, leg, attempt),
                symbol=trade.symbol,
                side=trade.side,
                quantity=trade.quantity,
                limit_price=collared_limit(trade.side, trade.price, policy.collar),
            )
        )
    return orders
