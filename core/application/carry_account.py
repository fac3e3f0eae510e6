"""Carry an account: its part of a plan is done, sales first, then purchases from the account's own cash."""

from __future__ import annotations

import logging
from functools import partial

from core.application.desk import Desk
from core.application.dry_run import dry_run, is_dry_run
from core.application.post import Post, told
from core.application.propose import void_intents
from core.application.send_order import Stopped, require_in_time
from core.application.send_side import look_again, orders_of, send_side, settle_doubts
from core.application.tell import tell_deciders
from core.application.tell_waiting import tell_unanswered
from core.application.witness import hear_witness
from core.domain.ids import ProposalId
from core.domain.order import AT_BROKER, IN_DOUBT, TERMINAL, OrderState
from core.domain.outbox import MessageKind, Priority
from core.domain.plan import Side
from core.domain.portfolio import Account, ManagedPortfolio
from core.domain.refusals import BrokerDown, Refusal
from core.domain.report import WhyNot
from core.domain.risk import ApprovedPlan

log = logging.getLogger(__name__)


FINAL = frozenset({WhyNot.CLOSED, WhyNot.APPROVAL_AGED})
"""After these nothing can be sent again under the same approval: what is in doubt goes to a person."""


async def carry_account(
    desk: Desk, post: Post, managed: ManagedPortfolio, approved: ApprovedPlan
) -> bool:
    """Carry an account's orders out or on; True when all of them are at their end.

    Whatever goes wrong stays with this account: the others go on.
    """
    proposal_id = approved.proposal.id
    try:
        has_ended = await told(
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


async def _carry(desk: Desk, post: Post, managed: ManagedPortfolio, approved: ApprovedPlan) -> bool:
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


async def _are_at_end(desk: Desk, post: Post, proposal_id: ProposalId) -> bool:
    """Whether nothing is to be waited for in an account any more; what is in doubt is left to a person."""
    ended = TERMINAL | {OrderState.FROZEN, OrderState.UNKNOWN}
    placed = await orders_of(desk, proposal_id, post.account.id)
    return all(order.state in ended for order in placed)


async def _carry_on(
    desk: Desk, post: Post, managed: ManagedPortfolio, approved: ApprovedPlan
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


async def _must_wait(desk: Desk, post: Post, proposal_id: ProposalId, side: Side) -> bool:
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


async def _in_doubt(desk: Desk, post: Post, proposal_id: ProposalId) -> bool:
    placed = await orders_of(desk, proposal_id, post.account.id)
    return any(order.state in IN_DOUBT for order in placed)


async def _require_may_send(desk: Desk, post: Post, approved: ApprovedPlan) -> None:
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


async def _stop_sending(desk: Desk, post: Post, proposal_id: ProposalId, why: WhyNot) -> None:
    """Paused, or the approval is too old: nothing more is sent, and what is open is followed to its end."""
    grant = post.grant
    await look_again(desk, post.broker, grant, proposal_id)
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        await void_intents(work, proposal_id, why, grant.account_id)
    await settle_doubts(desk, post.broker, grant, proposal_id)


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
