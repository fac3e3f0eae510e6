"""Execute: what was approved, and nothing else: in each account sales first, then purchases from its own cash.

One process holds all accounts in which a plan trades, re-checks the whole, and begins once. Then each account's orders
go to its own broker, beside the others': one that hangs, or leaves something in doubt, holds up nobody else's. The
proposal ends when the orders of every account are at their end.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

from core.application.desk import (
    Desk,
    Grant,
    lapsed_alone,
    release_account,
    renew,
    require_alone,
    take_accounts,
)
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
from core.domain.ids import PortfolioId, ProposalId
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, IN_DOUBT, TERMINAL, Order, OrderState
from core.domain.outbox import MessageKind, Priority
from core.domain.plan import Side
from core.domain.portfolio import Account, ManagedAccount, ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import BrokerDown, ClosedUnexpectedly, Refusal
from core.domain.report import WhyNot, outcome_of
from core.domain.risk import ApprovedPlan, resume_plan
from core.ports.broker import Broker, BrokerError
from core.ports.store import AuditEvent

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")

FINAL = frozenset({WhyNot.CLOSED, WhyNot.APPROVAL_AGED})
"""After these nothing can be sent again under the same approval: what is in doubt goes to a person."""


async def execute_approved(desk: Desk) -> int:
    """Carry out every approved proposal, go on with those under way, and return how many came to an end.

    Portfolios are carried on side by side: a broker that hangs delays nobody but its own.
    """
    waiting = await waiting_proposals(desk)
    jobs = [partial(execute_in_turn, desk, numbers) for numbers in waiting.values()]
    return sum(await side_by_side(jobs))


async def waiting_proposals(desk: Desk) -> dict[PortfolioId, tuple[ProposalId, ...]]:
    """What there is to carry out or to go on with, by portfolio, oldest first.

    While the exchange is closed nothing is sent: what is under way is only followed to its end.
    """
    moment = await desk.market.moment()
    await _wake_scheduled(desk, moment)
    states = {ProposalState.EXECUTING}
    if moment.is_open:
        states.add(ProposalState.APPROVED)
    async with desk.store.read() as work:
        waiting = await work.proposals.in_states(states)
    found: dict[PortfolioId, tuple[ProposalId, ...]] = {}
    for proposal in waiting:
        found[proposal.portfolio_id] = (*found.get(proposal.portfolio_id, ()), proposal.id)
    return found


async def execute_in_turn(desk: Desk, proposals: Sequence[ProposalId]) -> int:
    """Carry out a portfolio's proposals one after another, and return how many came to an end.

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


@dataclass(frozen=True, slots=True)
class _Post:
    """One account of a plan that is being carried out: its broker, and the grant under which its orders go."""

    managed: ManagedAccount
    broker: Broker
    grant: Grant

    @property
    def account(self) -> Account:
        """The account itself."""
        return self.managed.account


async def _execute_one(desk: Desk, proposal_id: ProposalId) -> int:
    """Carry on with a proposal, for a process that holds all accounts in which it trades; 1 where it came to an end."""
    async with desk.store.read() as work:
        proposal = await work.proposals.get(proposal_id)
        managed = await work.portfolios.get(proposal.portfolio_id) if proposal else None
        traded = proposal.revision.plan.traded_in if proposal else ()
        holds = [hold for each in traded for hold in await work.holds.standing(each)]
    if proposal is None or managed is None:
        return 0
    is_stopped = managed.portfolio.is_paused or holds
    if is_stopped and proposal.state is ProposalState.APPROVED:
        return 0
    grants = await take_accounts(desk, traded)
    if grants is None:
        return 0
    try:
        return int(await _try_to(desk, grants, managed, proposal))
    except Refusal as refusal:
        log.warning("proposal %s waits: %s", proposal_id, refusal)
        return 0
    except PermissionError as error:
        log.warning("proposal %s is left to another process: %s", proposal_id, error)
        return 0
    finally:
        for grant in grants:
            await release_account(desk, grant)


async def _try_to(
    desk: Desk, grants: Sequence[Grant], managed: ManagedPortfolio, proposal: Proposal
) -> bool:
    """Carry a plan out or on, each account beside the others; True when all of them have come to their end."""
    managed = replace(managed, policy=desk.limits.clamp(managed.policy))
    posts = await side_by_side([partial(_post, desk, managed, grant) for grant in grants])
    approved = await _approved(desk, posts, managed, proposal)
    if approved is None:
        return False
    ended = await side_by_side(
        [partial(_carry_account, desk, post, managed, approved) for post in posts]
    )
    return all(ended) and await _conclude(desk, posts, managed, approved.proposal)


async def _post(desk: Desk, managed: ManagedPortfolio, grant: Grant) -> _Post:
    part = managed.part(grant.account_id)
    said = await _account_said(desk, part.account)
    return _Post(part, desk.brokers.of(part.account), replace(grant, said=said))


async def _account_said(desk: Desk, account: Account) -> str | None:
    """The account id that the broker names itself; None where it does not answer."""
    try:
        return (await desk.brokers.of(account).account()).broker_account_id
    except BrokerError as error:
        log.warning("the broker of %s has not named its account: %s", account.id, error)
        return None


# --- before anything is sent ---------------------------------------------------------------------


async def _approved(
    desk: Desk, posts: Sequence[_Post], managed: ManagedPortfolio, proposal: Proposal
) -> ApprovedPlan | None:
    """What may be executed: re-checked where nothing was sent yet, resumed where execution had begun.

    People are told where it waits for a broker or for prices that do not answer.
    """
    if proposal.state is ProposalState.EXECUTING:
        return resume_plan(proposal)
    for post in posts:
        if not await _told(desk, post, proposal.id, partial(_is_free, desk, post, proposal)):
            return None
    renewing = partial(_recheck, desk, posts, managed, proposal)
    return await _told(desk, posts[0], proposal.id, renewing)


async def _told(
    desk: Desk, post: _Post, proposal_id: ProposalId, act: Callable[[], Awaitable[_Result]]
) -> _Result:
    """Do something of which people are told where it has to wait; raises what it raises.

    Raises BrokerDown where an answer took longer than the account is held, and nobody else was at work there.
    """
    try:
        return await _within_lease(desk, post, act)
    except Refusal as refusal:
        await tell_refused(desk, post.managed, proposal_id, refusal)
        raise


async def _within_lease(desk: Desk, post: _Post, act: Callable[[], Awaitable[_Result]]) -> _Result:
    try:
        return await act()
    except PermissionError as error:
        if not await lapsed_alone(desk, post.grant):
            raise
        broker = post.account.broker
        raise BrokerDown(broker, "it took longer to answer than the account is held") from error


async def _is_free(desk: Desk, post: _Post, proposal: Proposal) -> bool:
    """Whether nothing stands against beginning in an account; where its ladder bars it, the plan is ended.

    Raises AccountHeld, ForeignOrder, BrokerDown, ClocksDisagree or ClosedUnexpectedly.
    """
    await require_calm(desk, post.managed, proposal.revision.plan)
    if await is_barred(desk, post.grant, post.managed, proposal):
        return False
    witness = await hear_witness(desk, post.managed)
    if not witness.is_open:
        raise ClosedUnexpectedly(post.account.broker, witness.next_open)
    return True


async def _recheck(
    desk: Desk, posts: Sequence[_Post], managed: ManagedPortfolio, proposal: Proposal
) -> ApprovedPlan | None:
    """Hold the whole plan against what is true in every account now, and begin; None where it may not."""
    async with desk.store.begin() as work:
        for post in posts:
            await renew(work, desk, post.grant)
    approved = await recheck_proposal(desk, managed, proposal, await desk.market.moment())
    if approved is None or not await _begin(desk, posts, proposal):
        return None
    return approved


async def _begin(desk: Desk, posts: Sequence[_Post], proposal: Proposal) -> bool:
    """Start executing; False where somebody was faster.

    Who approved may have been removed while the broker was asked: the next re-check cancels such a proposal.
    """
    now = desk.clock.now()
    async with desk.store.begin() as work:
        for post in posts:
            await work.leases.require(post.grant.name, desk.holder, post.grant.fence, now)
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


# --- one account ---------------------------------------------------------------------------------


async def _carry_account(
    desk: Desk, post: _Post, managed: ManagedPortfolio, approved: ApprovedPlan
) -> bool:
    """Carry an account's orders out or on; True when all of them are at their end.

    Whatever goes wrong stays with this account: the others go on.
    """
    proposal_id = approved.proposal.id
    try:
        has_ended = await _told(
            desk, post, proposal_id, partial(_carry, desk, post, managed, approved)
        )
        if not has_ended:
            await tell_unanswered(desk, post.grant, post.managed, proposal_id)
    except Refusal as refusal:
        log.warning("proposal %s waits for %s: %s", proposal_id, post.grant.name, refusal)
    except PermissionError as error:
        log.warning("proposal %s is left to another process: %s", proposal_id, error)
    except Exception:
        log.exception("proposal %s could not be carried on in %s", proposal_id, post.grant.name)
    else:
        return has_ended
    return False


async def _carry(
    desk: Desk, post: _Post, managed: ManagedPortfolio, approved: ApprovedPlan
) -> bool:
    proposal = approved.proposal
    if await is_dry_run(desk, post.grant, post.account, proposal.id):
        await dry_run(desk, post.grant, managed, proposal)
    elif not await _carry_on(desk, post, managed, approved):
        return False
    if await _are_at_end(desk, post, proposal.id):
        return True
    if post.broker.traits.fills_by_hand:
        await _hand_over(desk, managed, proposal.id)
    return False


async def _are_at_end(desk: Desk, post: _Post, proposal_id: ProposalId) -> bool:
    """Whether nothing is to be waited for in an account any more; what is in doubt is left to a person."""
    ended = TERMINAL | {OrderState.FROZEN, OrderState.UNKNOWN}
    placed = await orders_of(desk, proposal_id, post.account.id)
    return all(order.state in ended for order in placed)


async def _carry_on(
    desk: Desk, post: _Post, managed: ManagedPortfolio, approved: ApprovedPlan
) -> bool:
    """Do what is left to do in an account; True when no more will be sent there. Safe to call again after any crash.

    Nothing is bought before every sale of the account has come to its end, and nothing is sent under an approval that
    has grown old.
    """
    proposal_id = approved.proposal.id
    await settle_doubts(desk, post.broker, post.grant, proposal_id)
    try:
        for side in (Side.SELL, Side.BUY):
            await _require_may_send(desk, post, approved)
            _require_settled(approved, post.account, side)
            await send_side(desk, post.broker, post.grant, managed, approved, side)
            if await _must_wait(desk, post, proposal_id, side):
                return False
    except Stopped as stopped:
        await _stop_sending(desk, post, proposal_id, stopped.why)
        if stopped.why not in FINAL and await _in_doubt(desk, post, proposal_id):
            return False
    return True


async def _must_wait(desk: Desk, post: _Post, proposal_id: ProposalId, side: Side) -> bool:
    """Whether one side has an order whose end is still to come; raises Stopped where one is frozen.

    Sales that a person carries out hold nothing up: their purchases are handed over with them.
    """
    placed = await orders_of(desk, proposal_id, post.account.id)
    states = {order.state for order in placed if order.side is side}
    if OrderState.FROZEN in states:
        raise Stopped(WhyNot.IN_DOUBT)
    unended = IN_DOUBT | {OrderState.INTENDED}
    is_by_hand = post.broker.traits.fills_by_hand
    return not states.isdisjoint(unended if is_by_hand else unended | AT_BROKER)


async def _in_doubt(desk: Desk, post: _Post, proposal_id: ProposalId) -> bool:
    placed = await orders_of(desk, proposal_id, post.account.id)
    return any(order.state in IN_DOUBT for order in placed)


async def _require_may_send(desk: Desk, post: _Post, approved: ApprovedPlan) -> None:
    """Raise Stopped unless the exchange is open, and orders may still be sent under this approval.

    While there is something to send, the broker's clock must bear ours out: raises ClocksDisagree, or BrokerDown.
    """
    orders = await orders_of(desk, approved.proposal.id, post.account.id)
    if not any(order.state is OrderState.INTENDED for order in orders):
        require_in_time(approved, await desk.market.moment())
        return
    try:
        witness = await hear_witness(desk, post.managed)
    except BrokerDown:
        require_in_time(approved, await desk.market.moment())
        raise
    require_in_time(approved, await desk.market.moment())
    if not witness.is_open:
        raise Stopped(WhyNot.CLOSED)


def _require_settled(approved: ApprovedPlan, account: Account, side: Side) -> None:
    """Raise Stopped where the plan that was approved sells in this session and buys in a later one, in an account."""
    revision = approved.proposal.revision
    sells = [t for t in revision.plan.in_account(account.id) if t.side is Side.SELL]
    buys_wait = revision.snapshot.of(account.id).settlement.buys_wait
    if side is Side.BUY and sells and buys_wait:
        raise Stopped(WhyNot.SETTLES_LATER)


async def _stop_sending(desk: Desk, post: _Post, proposal_id: ProposalId, why: WhyNot) -> None:
    """Paused, or the approval is too old: nothing more is sent, and what is open is followed to its end."""
    grant = post.grant
    await look_again(desk, post.broker, grant, proposal_id)
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        await void_intents(work, proposal_id, why, grant.account_id)
    await settle_doubts(desk, post.broker, grant, proposal_id)


# --- the end -------------------------------------------------------------------------------------


async def _conclude(
    desk: Desk, posts: Sequence[_Post], managed: ManagedPortfolio, proposal: Proposal
) -> bool:
    """End a proposal whose orders are at their end in every account."""
    orders = await orders_of(desk, proposal.id)
    outcome = outcome_of(orders)
    if outcome is ProposalState.EXECUTING:
        return False
    look = look_after(desk.market, managed, orders)
    for post in posts:
        await _fit_earmark(desk, post.grant, proposal.id, orders)
    drift = await _drift_now(desk, managed)
    now = desk.clock.now()
    async with desk.store.begin() as work:
        for post in posts:
            await require_alone(work, desk, post.grant)
        if not await work.proposals.move(
            proposal.id, ProposalState.EXECUTING, outcome, outcome=outcome_document(drift)
        ):
            return False
        latest = await work.proposals.get(proposal.id)
        if latest is None:
            return False
        if look is not None:
            await schedule(work, look)
        await remember_switches(work, latest)
        await refresh_copies(work, latest, now)
        kind = MessageKind.FROZEN if outcome is ProposalState.FROZEN else MessageKind.REPORT
        await tell_deciders(work, managed.portfolio, latest, kind, str(outcome), now)
        await work.log.record(
            AuditEvent(now, f"ended_{outcome}", None, latest.portfolio_id, latest.id)
        )
    return True


async def _fit_earmark(
    desk: Desk, grant: Grant, proposal_id: ProposalId, orders: tuple[Order, ...]
) -> None:
    """No more is set aside than the sales have brought, as far as it is known by now."""
    async with desk.store.read() as work:
        earmark = await work.earmarks.of_proposal(proposal_id)
        proposal = await work.proposals.get(proposal_id)
    account_id = grant.account_id
    if earmark is None or proposal is None or earmark.account_id != account_id:
        return
    asked = proposal.revision.snapshot.of(account_id).set_aside
    there = min(asked, brought(proposal, account_id, orders))
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
