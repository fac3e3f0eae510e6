"""Send: one order to the broker, and what is known of it afterwards.

The intent was committed before; ``submitting`` is committed before the call. Whatever cannot be known is never assumed:
the order is looked up by its client order id before it is ever sent again.
"""

from __future__ import annotations

import logging
from datetime import datetime

from core.application.desk import Desk, Grant, renew
from core.application.gate import approvers_remain, require_may_send
from core.application.hold_account import hold_account
from core.application.keep_lots import keep_lots
from core.application.market import Moment
from core.domain.hold import MORE, HoldReason, strange
from core.domain.order import AT_BROKER, IN_DOUBT, TERMINAL, Order, OrderState
from core.domain.refusals import MayNotTrade, Refusal, RiskLimit
from core.domain.report import WhyNot
from core.domain.risk import ApprovedPlan, is_aged
from core.ports.broker import (
    Broker,
    BrokerAmbiguous,
    BrokerError,
    BrokerOrder,
    Brokers,
    BrokerUnavailable,
    Dedup,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
)
from core.ports.store import AuditEvent, UnitOfWork

log = logging.getLogger(__name__)

NOT_THERE = "not at the broker"
"""The detail of an order that was sent once and not found: it goes again as it was, or not at all."""

DENIED = "the broker had it, and says now that it does not"
"""The detail of an order that its broker acknowledged and then denied: it is never sent again by itself."""


class Stopped(Refusal):
    """Nothing more may be sent of a plan that is being carried out, and why."""

    def __init__(self, why: WhyNot) -> None:
        self.why = why


def require_in_time(approved: ApprovedPlan, moment: Moment) -> None:
    """Raise Stopped while the exchange is closed, or once the approval has grown old."""
    if not moment.is_open:
        raise Stopped(WhyNot.CLOSED)
    if is_aged(approved.proposal, moment.now):
        raise Stopped(WhyNot.APPROVAL_AGED)


async def send_order(
    desk: Desk, broker: Broker, grant: Grant, approved: ApprovedPlan, order: Order
) -> None:
    """Send an intended order of an approved plan once; raises Stopped where no more may go."""
    approved.require_covers(order)
    if order.account_id != grant.account_id:
        raise PermissionError(f"{grant.name!r} is no grant for an order of {order.account_id}")
    if not await _claim(desk, grant, approved, order):
        return
    request = OrderRequest(
        order.client_order_id, order.symbol, order.side, order.quantity, order.limit_price
    )
    try:
        placed = await broker.submit(request)
    except OrderRefused as refused:
        await _refused(desk, broker, grant, order, str(refused))
    except BrokerUnavailable as error:
        # One that was sent before, and not found, may be there still: it stays marked.
        detail = NOT_THERE if order.detail == NOT_THERE else str(error)
        await _move(desk, grant, order, OrderState.SUBMITTING, OrderState.INTENDED, detail)
    except (BrokerAmbiguous, DuplicateClientOrderId) as error:
        log.warning("order %s: no clear answer (%s); looking it up", order.client_order_id, error)
        await _move(desk, grant, order, OrderState.SUBMITTING, OrderState.UNKNOWN, str(error))
        await look_up(desk, broker, grant, order)
    else:
        await _adopt(desk, grant, order, placed)


async def _refused(desk: Desk, broker: Broker, grant: Grant, order: Order, why: str) -> None:
    """The broker refuses an order: rejected, unless it was sent before and may still be on its way.

    What is said of a repeated send is not said of the first one: that is looked for again.
    """
    if order.detail != NOT_THERE:
        await _move(desk, grant, order, OrderState.SUBMITTING, OrderState.REJECTED, why)
        return
    log.warning("order %s: refused when sent again (%s)", order.client_order_id, why)
    await _move(desk, grant, order, OrderState.SUBMITTING, OrderState.UNKNOWN, why)
    await look_up(desk, broker, grant, order)


async def _claim(desk: Desk, grant: Grant, approved: ApprovedPlan, order: Order) -> bool:
    now = desk.clock.now()
    moment = await desk.market.moment()
    require_in_time(approved, moment)
    async with desk.store.begin() as work:
        await renew(work, desk, grant)
        proposal = await work.proposals.get(order.proposal_id)
        if proposal is not None:
            managed = await work.portfolios.get(proposal.portfolio_id)
            if managed.portfolio.is_paused:
                raise Stopped(WhyNot.PAUSED)
            if await work.holds.standing(order.account_id):
                raise Stopped(WhyNot.HELD)
            if not await approvers_remain(work, proposal):
                raise Stopped(WhyNot.APPROVER_GONE)
            try:
                account = managed.part(order.account_id).account
                await require_may_send(work, desk, grant, account, approved, order, moment)
            except (MayNotTrade, RiskLimit) as refusal:
                is_limit = isinstance(refusal, RiskLimit)
                log.warning("order %s is not sent: %s", order.client_order_id, refusal)
                raise Stopped(WhyNot.OVER_LIMIT if is_limit else WhyNot.BARRED) from refusal
        claimed = await work.orders.move(order.id, OrderState.INTENDED, OrderState.SUBMITTING)
        if claimed and proposal is not None:
            await work.log.record(
                AuditEvent(
                    now,
                    "order_sent",
                    None,
                    proposal.portfolio_id,
                    proposal.id,
                    order.client_order_id,
                )
            )
    return claimed


async def _move(
    desk: Desk, grant: Grant, order: Order, before: OrderState, after: OrderState, detail: str
) -> None:
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        await work.orders.move(order.id, before, after, detail=detail[:300])


async def look_up(desk: Desk, broker: Broker, grant: Grant, order: Order) -> None:
    """Ask the broker what it has of an order, and take that over.

    An order in doubt that the broker certainly does not have goes back to intended where ids are unique for ever;
    at any other broker it is frozen, and a person decides. So is one that the broker had acknowledged, once it has
    denied it for long enough. A broker that does not answer leaves all as it is.
    """
    async with desk.store.begin() as work:
        await renew(work, desk, grant)
    try:
        found = await broker.find_order(order.client_order_id)
    except BrokerError as error:
        log.warning("order %s: look-up failed (%s)", order.client_order_id, error)
        return
    if found is not None:
        await _adopt(desk, grant, order, found)
        return
    await _not_found(desk, broker, grant, order)


async def _not_found(desk: Desk, broker: Broker, grant: Grant, order: Order) -> None:
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        latest = await work.orders.get(order.id)
        if latest is not None and latest.state in AT_BROKER:
            await _denied(work, latest, desk.clock.now())
        if latest is None or latest.state not in IN_DOUBT:
            return
        if broker.traits.dedup is Dedup.FOREVER:
            await work.orders.move(order.id, latest.state, OrderState.INTENDED, detail=NOT_THERE)
            return
        if latest.state is OrderState.SUBMITTING:
            await work.orders.move(order.id, OrderState.SUBMITTING, OrderState.UNKNOWN)
        await work.orders.move(
            order.id,
            OrderState.UNKNOWN,
            OrderState.FROZEN,
            detail="the broker cannot tell whether it has it",
        )


async def _denied(work: UnitOfWork, order: Order, now: datetime) -> None:
    """The broker had acknowledged it: remember the first denial, and freeze it once that has lasted."""
    if order.denied_at is None:
        await work.orders.deny(order.id, now)
        log.warning("order %s: the broker had it, and denies it now", order.client_order_id)
    elif order.is_denied_for_good(now):
        await work.orders.move(order.id, order.state, OrderState.FROZEN, detail=DENIED)


async def _adopt(desk: Desk, grant: Grant, order: Order, found: BrokerOrder) -> None:
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, desk.clock.now())
        latest = await work.orders.get(order.id)
        if latest is None:
            return
        if not is_ours(latest, found):
            await _freeze(work, latest)
            return
        await adopt(work, desk.brokers, latest, found, desk.clock.now())


def is_ours(order: Order, found: BrokerOrder) -> bool:
    """Whether what a broker has under an order's id is that order, and not another that bears its name."""
    return (found.symbol, found.side, found.quantity) == (order.symbol, order.side, order.quantity)


async def _freeze(work: UnitOfWork, order: Order) -> None:
    before = order.state
    if before is OrderState.SUBMITTING:
        await work.orders.move(order.id, before, OrderState.UNKNOWN)
        before = OrderState.UNKNOWN
    if before in {OrderState.UNKNOWN} | AT_BROKER:
        await work.orders.move(
            order.id, before, OrderState.FROZEN, detail="another order has this id at the broker"
        )


async def adopt(
    work: UnitOfWork, brokers: Brokers, order: Order, found: BrokerOrder, now: datetime
) -> None:
    """Take over what the broker says of an order: its id, its executions with the lots that they change, its state.

    More executions than were ordered are kept as they are, and hold the account.
    """
    state = order.state
    if order.denied_at is not None:
        await work.orders.clear_denial(order.id)
    if state in IN_DOUBT | {OrderState.FROZEN}:
        await work.orders.move(
            order.id, state, OrderState.SUBMITTED, broker_order_id=found.broker_order_id, detail=""
        )
        state = OrderState.SUBMITTED
    if await work.orders.add_fills(order.id, found.fills):
        await _follow_fills(work, brokers, order, found, now)
    if found.state is state or state in TERMINAL:
        return
    if state in AT_BROKER and found.state is not OrderState.SUBMITTED:
        await work.orders.move(order.id, state, found.state, detail=found.detail[:300] or None)


async def _follow_fills(
    work: UnitOfWork, brokers: Brokers, order: Order, found: BrokerOrder, now: datetime
) -> None:
    """Keep the lots that new executions open and close, and hold the account where they are more than was ordered."""
    latest = await work.orders.get(order.id)
    proposal = await work.proposals.get(order.proposal_id)
    if latest is None or proposal is None:
        return
    managed = (await work.portfolios.get(proposal.portfolio_id)).part(order.account_id)
    held = proposal.revision.snapshot.of(order.account_id)
    taken = proposal.revision.plan.lots_of(order.account_id, order.symbol, order.side)
    await keep_lots(work, brokers, managed, held, latest, found.fills, taken)
    if latest.filled_quantity <= latest.quantity:
        return
    detail = strange(MORE, [order.client_order_id])
    await hold_account(work, managed, HoldReason.STRANGE_FILL, detail, now)
