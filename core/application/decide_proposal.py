"""Decide: a member approves, rejects, reopens or puts off a proposal. The tap itself changes only the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from core.application.access import proposal_for
from core.application.ask_first import ask_the_rest, not_asked
from core.application.decisions import (
    Decided,
    decidable,
    move,
    record,
    require_unsent,
    tell_objected,
)
from core.application.gate import CLOSED, Gate, require_approvable, roles_in
from core.application.hold_account import require_not_held
from core.application.lose_approvals import lapse_lost
from core.application.market import Market, Moment
from core.application.one_time_codes import NO_PROOF, Proof, Subject, check_code
from core.application.propose import void_intents
from core.application.sending_time import next_open, sends_at
from core.application.tell import pushes, refresh_copies, tell_deciders
from core.application.tell_channels import enqueue
from core.domain.harvest import SwitchState
from core.domain.ids import AccountId, ChatId, OrderId, ProposalId
from core.domain.ladder import LIVE_RUNGS
from core.domain.membership import Member
from core.domain.order import Order, client_order_id, collared_limit
from core.domain.outbox import MessageKind, Priority
from core.domain.permissions import Act, require
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import (
    DecisionKind,
    Proposal,
    ProposalState,
    require_first_approval,
)
from core.domain.refusals import (
    EndsBeforeOpen,
    EndsBeforeSending,
    OldRevision,
    PortfolioPaused,
    ProposalExpired,
    ProposalNotOpen,
)
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork

SNOOZE = timedelta(hours=2)
"""How long a proposal is put off within a session; past the close it is the next session's opening."""


class Snooze(StrEnum):
    """For how long a proposal is put off in a chat: two hours, until the exchange opens again, or a week."""

    A_WHILE = "while"
    TO_OPEN = "open"
    A_WEEK = "week"


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

    Only approvals of people who may approve now make it complete. With ``at_open`` the orders wait for the exchange to
    open the next time (or EndsBeforeOpen); with a time for objections until that is over (or EndsBeforeSending).

    Raises NotAllowed, ProposalNotOpen, OldRevision, ProposalExpired, AlreadyApproved, PortfolioPaused or AccountHeld;
    and MayNotTrade or RiskLimit where the account or the plan would not pass the gate when the orders are about to go.
    Of a member with one-time codes who approves real money without a right one: CodeNeeded, BadCode, CodesLocked or
    CodesNeedKey; what was noted of a wrong code is kept.
    """
    moment = await market.moment()
    async with store.begin() as work:
        proposal = await decidable(work, member, proposal_id, revision, moment, Act.APPROVE)
        require_first_approval(proposal, member.id)
        managed = await work.portfolios.get(proposal.portfolio_id)
        if managed.portfolio.is_paused:
            raise PortfolioPaused(managed.portfolio.name)
        is_real = _is_real(managed, proposal)
        starts_at = sends_at(
            market, moment, at_open=at_open, is_real=is_real, veto=proposal.revision.need.veto
        )
        _require_in_time(proposal, starts_at, at_open=at_open)
        await require_not_held(work, *proposal.revision.plan.traded_in)
        await require_approvable(work, gate, managed, proposal, moment, clock.now())
        refused = await check_code(
            work,
            proof,
            member=member,
            about=Subject(proposal.portfolio_id, proposal.id),
            is_real=is_real,
            now=clock.now(),
        )
        if refused is None:
            managed = replace(managed, policy=gate.limits.clamp(managed.policy))
            proposal = await _approve(work, clock, moment, member, managed, proposal, starts_at)
    if refused is not None:
        raise refused
    is_scheduled = proposal.state is ProposalState.SCHEDULED
    is_complete = is_scheduled or proposal.state is ProposalState.APPROVED
    return Decided(proposal, is_complete, proposal.scheduled_for if is_scheduled else None)


async def _approve(
    work: UnitOfWork,
    clock: Clock,
    moment: Moment,
    member: Member,
    managed: ManagedPortfolio,
    proposal: Proposal,
    starts_at: datetime | None,
) -> Proposal:
    """Record the approval; complete the proposal with it, or see that the others are asked who are needed still."""
    now = clock.now()
    roles = await roles_in(work, proposal)
    proposal = await lapse_lost(work, proposal, roles, now, moment.now)
    proposal = await record(work, member, proposal, DecisionKind.APPROVE, now, moment)
    if not proposal.is_complete_by(roles):
        await ask_the_rest(work, managed, proposal, now)
    else:
        proposal = await _complete(work, proposal, managed.policy, starts_at)
        if proposal.revision.need.veto:
            await _let_object(work, managed, proposal, now)
    await refresh_copies(work, proposal, now)
    return proposal


async def _let_object(
    work: UnitOfWork, managed: ManagedPortfolio, proposal: Proposal, now: datetime
) -> None:
    """Let everybody who may object know of it, those too who were not asked."""
    await enqueue(work, pushes(proposal, await not_asked(work, managed, proposal)), now)
    await tell_deciders(
        work,
        managed.portfolio,
        proposal,
        MessageKind.MAY_OBJECT,
        f"d{len(proposal.decisions)}",
        now,
        priority=Priority.DECISION,
    )


def _require_in_time(proposal: Proposal, starts_at: datetime | None, *, at_open: bool) -> None:
    """Raise EndsBeforeOpen or EndsBeforeSending where the orders could go only after the proposal's end."""
    if starts_at is None or starts_at < proposal.expires_at:
        return
    if at_open:
        raise EndsBeforeOpen(proposal.id, proposal.expires_at)
    raise EndsBeforeSending(proposal.id, proposal.expires_at, starts_at)


def _is_real(managed: ManagedPortfolio, proposal: Proposal) -> bool:
    """Whether a proposal trades real money in any account."""
    traded = proposal.revision.plan.traded_in
    return any(managed.part(each).account.rung in LIVE_RUNGS for each in traded)


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
    kind: DecisionKind = DecisionKind.REJECT,
) -> Decided:
    """Reject an open proposal, inside the caller's unit of work; those who had approved it are told.

    ``kind`` is what is recorded, where that is more than a rejection.
    """
    before = await decidable(work, member, proposal_id, revision, moment, Act.REJECT)
    proposal = await record(work, member, before, kind, clock.now(), moment)
    had = [each.member_id for each in before.approvals if each.member_id != member.id]
    proposal = await move(work, proposal, ProposalState.REJECTED)
    await refresh_copies(work, proposal, clock.now())
    if had:
        await tell_objected(work, proposal, member, clock.now())
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
    """Take a rejection back before the proposal expires; what was to stay is then offered as before."""
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
        proposal = await record(work, member, proposal, DecisionKind.REOPEN, clock.now(), moment)
        await _no_longer_stay(work, proposal.id)
        proposal = await move(work, proposal, ProposalState.OPEN)
        await refresh_copies(work, proposal, clock.now())
    return Decided(proposal)


async def _no_longer_stay(work: UnitOfWork, proposal_id: ProposalId) -> None:
    """Let the ways back wait again that somebody had ended with this proposal."""
    offered = await work.harvests.offered_by(proposal_id)
    stayed = [each.id for each in offered if each.state is SwitchState.STAYED]
    if stayed:
        await work.harvests.settle(stayed, SwitchState.WAITING)


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
        require_unsent(proposal, revision)
        proposal = await record(work, member, proposal, DecisionKind.CANCEL, clock.now(), moment)
        await void_intents(work, proposal.id)
        proposal = await move(work, proposal, ProposalState.CANCELLED)
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
        proposal = await decidable(work, member, proposal_id, revision, moment, Act.PUT_OFF)
        until = min(until, proposal.expires_at - timedelta(minutes=30))
        await record(work, member, proposal, DecisionKind.LATER, clock.now(), moment)
        await work.proposals.add_snooze(proposal_id, chat_id, until)
        managed = await work.portfolios.get(proposal.portfolio_id)
        await ask_the_rest(work, managed, proposal, clock.now(), declined_by=member.id)
    return until


def _snooze_until(market: Market, moment: Moment, how_long: Snooze) -> datetime:
    later = moment.now + SNOOZE
    match how_long:
        case Snooze.A_WEEK:
            return moment.now + timedelta(weeks=1)
        case Snooze.A_WHILE if moment.session.is_open_at(later):
            return later
        case _:
            return next_open(market, moment)


async def _complete(
    work: UnitOfWork,
    proposal: Proposal,
    policy: Policy,
    starts_at: datetime | None,
) -> Proposal:
    await void_intents(work, proposal.id)
    await work.orders.add(await intents(work, proposal, policy))
    if starts_at is None:
        return await move(work, proposal, ProposalState.APPROVED)
    return await move(work, proposal, ProposalState.SCHEDULED, scheduled_for=starts_at)


async def intents(work: UnitOfWork, proposal: Proposal, policy: Policy) -> Sequence[Order]:
    """Make the orders of a proposal's legs, in the order of the plan, each in its account.

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
