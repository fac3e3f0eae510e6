"""Execute: what was approved, and nothing else: sales first, then purchases from the cash that is really there."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial

from core.application.desk import Desk, Grant, lapsed_alone, release_account, renew, take_account
from core.application.dry_run import dry_run, is_dry_run
from core.application.end_barred import is_barred
from core.application.follow_harvest import remember_switches
from core.application.follow_settlement import look_after, schedule
from core.application.gate import approvers_remain
from core.application.market import Moment
from core.application.propose import void_intents
from core.application.recheck_proposal import drift_left, recheck_proposal
from core.application.send_order import Stopped, require_in_time
from core.application.send_side import look_again, orders_of, send_side, settle_doubts
from core.application.show_proposal import outcome_document
from core.application.side_by_side import side_by_side
from core.application.take_snapshot import take_snapshot
from core.application.tell import refresh_copies, tell_deciders
from core.application.tell_waiting import tell_refused, tell_unanswered
from core.application.watch_accounts import require_calm
from core.application.witness import hear_witness
from core.domain.earmark import brought
from core.domain.ids import AccountId, ProposalId
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, IN_DOUBT, TERMINAL, Order, OrderState
from core.domain.outbox import MessageKind, Priority
from core.domain.plan import Side
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import BrokerDown, ClosedUnexpectedly, Refusal
from core.domain.report import WhyNot, outcome_of
from core.domain.risk import ApprovedPlan, resume_plan
from core.ports.broker import Broker, BrokerError
from core.ports.store import AuditEvent

log = logging.getLogger(__name__)

FINAL = frozenset({WhyNot.CLOSED, WhyNot.APPROVAL_AGED})
"""After these nothing can be sent again under the same approval: what is in doubt goes to a person."""


async def execute_approved(desk: Desk) -> int:
    """Carry out every approved proposal, go on with those under way, and return how many came to an end.

    Accounts are carried on side by side: a broker that hangs delays nobody but its own.
    """
    waiting = await waiting_accounts(desk)
    ended = await side_by_side([partial(execute_account, desk, ids) for ids in waiting.values()])
    return sum(ended)


async def waiting_accounts(desk: Desk) -> dict[AccountId, tuple[ProposalId, ...]]:
    """What there is to carry out or to go on with, by account, oldest first.

    While the exchange is closed nothing is sent: what is under way is only followed to its end.
    """
    moment = await desk.market.moment()
    await _wake_scheduled(desk, moment)
    states = {ProposalState.EXECUTING}
    if moment.is_open:
        states.add(ProposalState.APPROVED)
    async with desk.store.read() as work:
        waiting = await work.proposals.in_states(states)
        portfolios = await work.portfolios.many({p.portfolio_id for p in waiting})
    account_of = {managed.portfolio.id: managed.account.id for managed in portfolios}
    found: dict[AccountId, tuple[ProposalId, ...]] = {}
    for proposal in waiting:
        account_id = account_of[proposal.portfolio_id]
        found[account_id] = (*found.get(account_id, ()), proposal.id)
    return found


async def execute_account(desk: Desk, proposals: Sequence[ProposalId]) -> int:
    """Carry out an account's proposals one after another, and return how many came to an end.

    Whatever goes wrong with one stays with it.
    """
    ended = 0
    for proposal_id in proposals:
        try:
            ended += await _execute_one(desk, proposal_id)
        except Exception:
            log.exception("proposal %s could not be carried on", proposal_id)
    return ended


async def _wake_scheduled(desk: Desk, moment: Moment) -> None:
    """A scheduled proposal becomes approved when its time has come and the exchange is open."""
    if not moment.is_open:
        return
    async with desk.store.read() as work:
        scheduled = await work.proposals.in_states({ProposalState.SCHEDULED})
    due = [p for p in scheduled if p.scheduled_for is not None and p.scheduled_for <= moment.now]
    if not due:
        return
    async with desk.store.begin() as work:
        for proposal in due:
            await work.proposals.move(proposal.id, ProposalState.SCHEDULED, ProposalState.APPROVED)


async def _execute_one(desk: Desk, proposal_id: ProposalId) -> int:
    async with desk.store.read() as work:
        proposal = await work.proposals.get(proposal_id)
        managed = await work.portfolios.get(proposal.portfolio_id) if proposal else None
        holds = await work.holds.standing(managed.account.id) if managed else ()
    if proposal is None or managed is None:
        return 0
    is_stopped = managed.portfolio.is_paused or holds
    if is_stopped and proposal.state is ProposalState.APPROVED:
        return 0
    grant = await take_account(desk, managed.account.id)
    if grant is None:
        return 0
    try:
        return int(await _try_to(desk, grant, managed, proposal))
    except Refusal as refusal:
        log.warning("proposal %s waits: %s", proposal_id, refusal)
        return 0
    except PermissionError as error:
        log.warning("proposal %s is left to another process: %s", proposal_id, error)
        return 0
    finally:
        await release_account(desk, grant)


async def _try_to(desk: Desk, grant: Grant, managed: ManagedPortfolio, proposal: Proposal) -> bool:
    """Carry a plan out or on; people are told where it waits for a broker or for prices that do not answer."""
    grant = replace(grant, said=await _account_said(desk, managed))
    try:
        has_ended = await _within_lease(desk, grant, managed, proposal)
    except Refusal as refusal:
        await tell_refused(desk, managed, proposal.id, refusal)
        raise
    if not has_ended:
        await tell_unanswered(desk, grant, managed, proposal.id)
    return has_ended


async def _within_lease(
    desk: Desk, grant: Grant, managed: ManagedPortfolio, proposal: Proposal
) -> bool:
    """Carry a plan out or on; raises BrokerDown where an answer took longer than the account is held.

    Then nothing more was done, and it is tried again. PermissionError goes on where another process was at work there.
    """
    try:
        return await _carry_out(desk, grant, managed, proposal)
    except PermissionError as error:
        if not await lapsed_alone(desk, grant, managed.account.id):
            raise
        broker = managed.account.broker
        raise BrokerDown(broker, "it took longer to answer than the account is held") from error


async def _carry_out(
    desk: Desk, grant: Grant, managed: ManagedPortfolio, proposal: Proposal
) -> bool:
    """Carry a plan out or on, for a process that holds its account; True when it has come to an end."""
    managed = replace(managed, policy=desk.limits.clamp(managed.policy))
    approved = await _approved(desk, grant, managed, proposal)
    if approved is None:
        return False
    if await is_dry_run(desk, grant, managed, proposal.id):
        await dry_run(desk, grant, managed, proposal.id)
        return await _conclude(desk, grant, managed, proposal.id)
    return await _carry_on(desk, grant, managed, approved)


async def _account_said(desk: Desk, managed: ManagedPortfolio) -> str | None:
    """The account id that the broker names itself; None where it does not answer."""
    try:
        return (await desk.brokers.of(managed.account).account()).broker_account_id
    except BrokerError as error:
        log.warning("the broker of %s has not named its account: %s", managed.account.id, error)
        return None


async def _approved(
    desk: Desk, grant: Grant, managed: ManagedPortfolio, proposal: Proposal
) -> ApprovedPlan | None:
    """What may be executed: re-checked where nothing was sent yet, resumed where execution had begun."""
    if proposal.state is ProposalState.EXECUTING:
        return resume_plan(proposal)
    await require_calm(desk, managed, proposal.revision.plan)
    if await is_barred(desk, grant, managed, proposal):
        return None
    await _require_open(desk, managed)
    async with desk.store.begin() as work:
        await renew(work, desk, grant)
    approved = await recheck_proposal(desk, managed, proposal, await desk.market.moment())
    if approved is None or not await _begin(desk, grant, proposal):
        return None
    return approved


async def _begin(desk: Desk, grant: Grant, proposal: Proposal) -> bool:
    """Start executing; False where somebody was faster.

    Who approved may have been removed while the broker was asked: the next re-check cancels such a proposal.
    """
    now = desk.clock.now()
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, now)
        if not await approvers_remain(work, proposal) or not await work.proposals.move(
            proposal.id, ProposalState.APPROVED, ProposalState.EXECUTING
        ):
            return False
        await refresh_copies(work, proposal, now)
        await work.log.record(
            AuditEvent(
                now,
                "executing",
                None,
                proposal.portfolio_id,
                proposal.id,
                proposal.revision.plan_hash,
            )
        )
    return True


async def _carry_on(
    desk: Desk, grant: Grant, managed: ManagedPortfolio, approved: ApprovedPlan
) -> bool:
    """Do what is left to do; True when the proposal has come to an end. Safe to call again after any crash.

    Nothing is bought before every sale has come to its end, and nothing is sent under an approval that has grown old.
    """
    broker = desk.brokers.of(managed.account)
    proposal_id = approved.proposal.id
    await settle_doubts(desk, broker, grant, proposal_id)
    try:
        for side in (Side.SELL, Side.BUY):
            await _require_may_send(desk, managed, approved)
            _require_settled(approved, side)
            await send_side(desk, broker, grant, managed, approved, side)
            if await _must_wait(desk, broker, proposal_id, side):
                return False
    except Stopped as stopped:
        await _stop_sending(desk, broker, grant, proposal_id, stopped.why)
        if stopped.why not in FINAL and await _in_doubt(desk, proposal_id):
            return False
    return await _conclude(desk, grant, managed, proposal_id)


async def _must_wait(desk: Desk, broker: Broker, proposal_id: ProposalId, side: Side) -> bool:
    """Whether one side has an order whose end is still to come; raises Stopped where one is frozen.

    Sales that a person carries out hold nothing up: their purchases are handed over with them.
    """
    states = {order.state for order in await orders_of(desk, proposal_id) if order.side is side}
    if OrderState.FROZEN in states:
        raise Stopped(WhyNot.IN_DOUBT)
    unended = IN_DOUBT | {OrderState.INTENDED}
    return not states.isdisjoint(unended if broker.traits.fills_by_hand else unended | AT_BROKER)


async def _in_doubt(desk: Desk, proposal_id: ProposalId) -> bool:
    return any(order.state in IN_DOUBT for order in await orders_of(desk, proposal_id))


async def _require_may_send(desk: Desk, managed: ManagedPortfolio, approved: ApprovedPlan) -> None:
    """Raise Stopped unless the exchange is open, and orders may still be sent under this approval.

    While there is something to send, the broker's clock must bear ours out: raises ClocksDisagree, or BrokerDown.
    """
    orders = await orders_of(desk, approved.proposal.id)
    if not any(order.state is OrderState.INTENDED for order in orders):
        require_in_time(approved, await desk.market.moment())
        return
    try:
        witness = await hear_witness(desk, managed)
    except BrokerDown:
        require_in_time(approved, await desk.market.moment())
        raise
    require_in_time(approved, await desk.market.moment())
    if not witness.is_open:
        raise Stopped(WhyNot.CLOSED)


async def _require_open(desk: Desk, managed: ManagedPortfolio) -> None:
    """Before anything of a plan is done: raise ClosedUnexpectedly, or what is raised where no witness is heard."""
    witness = await hear_witness(desk, managed)
    if not witness.is_open:
        raise ClosedUnexpectedly(managed.account.broker, witness.next_open)


def _require_settled(approved: ApprovedPlan, side: Side) -> None:
    """Raise Stopped where the plan that was approved sells in this session and buys in a later one."""
    revision = approved.proposal.revision
    if side is Side.BUY and revision.plan.sells and revision.snapshot.settlement.buys_wait:
        raise Stopped(WhyNot.SETTLES_LATER)


async def _stop_sending(
    desk: Desk, broker: Broker, grant: Grant, proposal_id: ProposalId, why: WhyNot
) -> None:
    """Paused, or the approval is too old: nothing more is sent, and what is open is followed to its end."""
    await look_again(desk, broker, grant, proposal_id)
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        await void_intents(work, proposal_id, why)
    await settle_doubts(desk, broker, grant, proposal_id)


async def _conclude(
    desk: Desk, grant: Grant, managed: ManagedPortfolio, proposal_id: ProposalId
) -> bool:
    orders = await orders_of(desk, proposal_id)
    if any(
        order.state not in TERMINAL | {OrderState.FROZEN, OrderState.UNKNOWN} for order in orders
    ):
        if desk.brokers.of(managed.account).traits.fills_by_hand:
            await _hand_over(desk, managed, proposal_id)
        return False
    outcome = outcome_of(orders)
    look = look_after(desk.market, managed, orders)
    await _fit_earmark(desk, grant, proposal_id, orders)
    drift = await _drift_now(desk, managed)
    now = desk.clock.now()
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, now)
        if not await work.proposals.move(
            proposal_id, ProposalState.EXECUTING, outcome, outcome=outcome_document(drift)
        ):
            return False
        proposal = await work.proposals.get(proposal_id)
        if proposal is None:
            return False
        if look is not None:
            await schedule(work, look)
        await remember_switches(work, proposal)
        await refresh_copies(work, proposal, now)
        kind = MessageKind.FROZEN if outcome is ProposalState.FROZEN else MessageKind.REPORT
        await tell_deciders(work, managed.portfolio, proposal, kind, str(outcome), now)
        await work.log.record(
            AuditEvent(now, f"ended_{outcome}", None, proposal.portfolio_id, proposal.id)
        )
    return True


async def _fit_earmark(
    desk: Desk, grant: Grant, proposal_id: ProposalId, orders: tuple[Order, ...]
) -> None:
    """No more is set aside than the sales have brought, as far as it is known by now."""
    async with desk.store.read() as work:
        earmark = await work.earmarks.of_proposal(proposal_id)
        proposal = await work.proposals.get(proposal_id)
    if earmark is None or proposal is None:
        return
    there = min(proposal.revision.snapshot.set_aside, brought(proposal, orders))
    if there > ZERO and there != earmark.amount:
        async with desk.store.begin() as work:
            await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
            await work.earmarks.resize(earmark.id, there)


async def _hand_over(desk: Desk, managed: ManagedPortfolio, proposal_id: ProposalId) -> None:
    """Give the people who decide the checklist of what they now carry out themselves; once."""
    async with desk.store.begin() as work:
        proposal = await work.proposals.get(proposal_id)
        if proposal is not None:
            await tell_deciders(
                work,
                managed.portfolio,
                proposal,
                MessageKind.CHECKLIST,
                "handed over",
                desk.clock.now(),
                priority=Priority.DECISION,
            )


async def _drift_now(desk: Desk, managed: ManagedPortfolio) -> Decimal | None:
    try:
        moment = await desk.market.moment()
        snapshot = await take_snapshot(desk.store, desk.brokers, desk.market, managed, moment)
    except Refusal:
        return None
    return drift_left(managed, snapshot)
