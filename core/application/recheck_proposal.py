"""Re-check: before anything is sent, hold the approval against prices and holdings as they are now."""

from __future__ import annotations

import logging
from dataclasses import replace
from decimal import Decimal

from core.application.desk import Desk
from core.application.gate import approvers_remain, rooms_today
from core.application.keep_aside import keep_aside, there_already
from core.application.lose_approvals import back_to_open
from core.application.market import Moment
from core.application.plan_again import PAIRED_CAUSES, plan_again
from core.application.plan_within import plan_within
from core.application.proposal_record import recheck_event
from core.application.propose import void_intents
from core.application.show_proposal import ended_document
from core.application.take_snapshot import drift_of, plan_request, take_snapshot
from core.application.tell import refresh_copies, tell_deciders, tell_proposal
from core.application.widen_bands import widening_again, with_bands
from core.domain.approval import need_for
from core.domain.ids import AccountId
from core.domain.outbox import MessageKind
from core.domain.plan import Plan
from core.domain.policy import Direction
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.domain.proposal import Cause, Proposal, ProposalState, Revision, RevisionCause
from core.domain.refusals import Refusal, RiskLimit
from core.domain.report import WhyEnded
from core.domain.risk import (
    ApprovedPlan,
    Limits,
    Recheck,
    approve_plan,
    recheck,
    rooms_of,
)
from core.planning.taxes import blocks, realise
from core.ports.store import AuditEvent, UnitOfWork

log = logging.getLogger(__name__)


async def recheck_proposal(
    desk: Desk, managed: ManagedPortfolio, proposal: Proposal, moment: Moment
) -> ApprovedPlan | None:
    """Return what may be executed now; otherwise revise, supersede or cancel the proposal, and return None.

    Where those who approved it may not do so any more, it is open again.

    Prices or a broker that cannot be read raise their refusal: nothing is concluded from silence.
    """
    async with desk.store.read() as work:
        may_go_on = await approvers_remain(work, proposal)
    if not may_go_on:
        async with desk.store.begin() as work:
            await back_to_open(work, proposal, desk.clock.now(), moment.now)
        return None
    traded = [trade.symbol for trade in proposal.revision.plan.trades]
    snapshot = await take_snapshot(
        desk.store,
        desk.brokers,
        desk.market,
        managed,
        moment,
        traded=traded,
        set_aside=to_raise(proposal),
    )
    check = recheck(
        proposal,
        snapshot=snapshot,
        policy=managed.policy,
        across_close=proposal.revision.snapshot.session != moment.session.date,
        market_now=moment.now,
    )
    async with desk.store.begin() as work:
        now = desk.clock.now()
        await work.log.record(recheck_event(proposal, snapshot, moment, now))
    is_washed = _washes(managed, proposal, snapshot)
    if check.holds and not is_washed:
        return await _within_limits(desk, managed, proposal, check, moment)
    cause = RevisionCause.WASHED if check.holds else _cause(check)
    await _ask_again(desk, managed, proposal, snapshot, check, cause, moment)
    return None


async def _within_limits(
    desk: Desk, managed: ManagedPortfolio, proposal: Proposal, check: Recheck, moment: Moment
) -> ApprovedPlan | None:
    """A plan beyond the installation's limits would be so for ever: it ends here."""
    async with desk.store.read() as work:
        rooms = await rooms_today(work, managed, moment)
    try:
        return approve_plan(proposal, check, desk.limits, rooms)
    except RiskLimit as refusal:
        log.warning("proposal %s is cancelled: %s", proposal.id, refusal)
        await _end(desk, managed, proposal, WhyEnded.OVER_LIMIT)
        return None


async def _end(
    desk: Desk,
    managed: ManagedPortfolio,
    proposal: Proposal,
    why: WhyEnded,
    seen: Snapshot | None = None,
) -> None:
    """End a proposal, and tell everybody why.

    Where it was to raise money that is there already by what was ``seen``, that is set aside.
    """
    now = desk.clock.now()
    is_over = why is WhyEnded.OVER_LIMIT
    state = ProposalState.CANCELLED if is_over else ProposalState.SUPERSEDED
    async with desk.store.begin() as work:
        earmark = None if seen is None else await there_already(work, proposal, seen)
        why = why if earmark is None else WhyEnded.MONEY_IS_THERE
        ended = ended_document(why)
        if not await work.proposals.move(proposal.id, proposal.state, state, outcome=ended):
            return
        if earmark is not None:
            await keep_aside(work, earmark, now)
        await void_intents(work, proposal.id)
        await refresh_copies(work, proposal, now)
        kind, mark = MessageKind.REPORT, f"{why}:{proposal.revision.number}"
        await tell_deciders(work, managed.portfolio, proposal, kind, mark, now)
        await work.log.record(AuditEvent(now, str(state), None, proposal.portfolio_id, proposal.id))


async def _ask_again(
    desk: Desk,
    managed: ManagedPortfolio,
    proposal: Proposal,
    snapshot: Snapshot,
    check: Recheck,
    cause: RevisionCause,
    moment: Moment,
) -> None:
    widening = await widening_again(desk.store, desk.market, moment, proposal)
    managed = with_bands(managed, widening)
    snapshot = snapshot.choosing(proposal.revision.snapshot.chosen)
    plan = _replan(managed, proposal, snapshot, desk.limits)
    if plan is None or not plan.trades:
        why = WhyEnded.NO_PLAN if plan is None else WhyEnded.NOT_NEEDED
        await _end(desk, managed, proposal, why, snapshot)
        return
    now = desk.clock.now()
    old = proposal.revision
    number = old.number
    async with desk.store.begin() as work:
        present = await work.portfolios.get(proposal.portfolio_id)
        revision = Revision(
            number + 1,
            plan,
            snapshot,
            cause,
            now,
            dropped=old.dropped,
            moves=check.moves,
            changes=check.changes,
            need=need_for(present, plan, old.need.authors),
            widening=widening,
        )
        if not await work.proposals.move(proposal.id, proposal.state, ProposalState.OPEN):
            return
        await work.proposals.add_revision(proposal.id, revision, after=number)
        await void_intents(work, proposal.id)
        await _push_again(work, desk, managed, proposal)


async def _push_again(
    work: UnitOfWork, desk: Desk, managed: ManagedPortfolio, proposal: Proposal
) -> None:
    now = desk.clock.now()
    latest = await work.proposals.get(proposal.id)
    if latest is None:
        return
    mark = f"r{latest.revision.number}"
    await refresh_copies(work, latest, now)
    await tell_deciders(work, managed.portfolio, latest, MessageKind.RECHECK, mark, now)
    await tell_proposal(work, managed.portfolio, latest, now)
    await work.log.record(
        AuditEvent(
            now,
            f"revised_{latest.revision.cause}",
            None,
            proposal.portfolio_id,
            proposal.id,
            latest.revision.plan_hash,
        )
    )


def to_raise(proposal: Proposal) -> dict[AccountId, Decimal] | None:
    """The money that a withdrawal's plan raises, for as long as it is not there; None for every other plan."""
    if proposal.cause is not Cause.WITHDRAWAL:
        return None
    return {each.account_id: each.set_aside for each in proposal.revision.snapshot.accounts}


def _cause(check: Recheck) -> RevisionCause:
    if check.changes:
        return RevisionCause.HOLDINGS_CHANGED
    if check.moves:
        return RevisionCause.PRICES_MOVED
    return RevisionCause.APPROVAL_AGED


def _washes(managed: ManagedPortfolio, proposal: Proposal, snapshot: Snapshot) -> bool:
    """Whether what happened in the household since would have this plan wash a loss that it was not to wash."""
    plan = proposal.revision.plan
    request = plan_request(managed, snapshot)
    if any(blocks(request, trade.symbol) for trade in plan.buys):
        return True
    is_paired = proposal.cause in PAIRED_CAUSES
    return is_paired and any(each.washed for each in realise(request, plan.trades))


def _replan(
    managed: ManagedPortfolio, proposal: Proposal, snapshot: Snapshot, limits: Limits
) -> Plan | None:
    """Plan again on the same sides; a leg that a person dropped stays dropped."""
    old = proposal.revision
    rooms = rooms_of(managed.accounts)
    sides = {trade.side for trade in old.plan.trades}
    direction = None if len(sides) > 1 else Direction(f"{next(iter(sides))}_only")
    try:
        request = plan_request(managed, snapshot, direction=direction, force=True)
        again = plan_again(proposal)
        plan = plan_within(replace(request, caps=again.caps), rooms, limits, again.planner)
        caps = {trade.key: trade.quantity for trade in plan.trades}
        if old.dropped.isdisjoint(caps):
            return plan
        kept = {key: cap for key, cap in caps.items() if key not in old.dropped}
        if not kept:
            return None
        return plan_within(replace(request, caps=kept), rooms, limits, again.planner)
    except Refusal:
        return None


def drift_left(managed: ManagedPortfolio, snapshot: Snapshot) -> Decimal | None:
    """The portfolio drift of a snapshot in points; None where it has no weights."""
    try:
        return drift_of(managed, snapshot).portfolio_drift
    except Refusal:
        return None
