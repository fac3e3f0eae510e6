"""One side of a plan: price and size its orders, send them, and follow them to their end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from core.application.desk import Desk, Grant, renew, take_account
from core.application.follow_harvest import in_step
from core.application.send_order import NOT_THERE, Stopped, look_up, send_order
from core.application.show_proposal import current_orders
from core.application.take_snapshot import drift_of, take_snapshot
from core.application.tell import refresh_copies
from core.domain.ids import AccountId, ProposalId
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, IN_DOUBT, Order, OrderState, collared_limit
from core.domain.plan import Side, net_cash
from core.domain.policy import Policy, whole_shares
from core.domain.portfolio import AccountSnapshot, ManagedPortfolio, Snapshot, holding_changes
from core.domain.proposal import Revision
from core.domain.report import WhyNot
from core.domain.risk import ApprovedPlan, price_moves
from core.domain.sizing import FRACTION, Purchase, fit_purchases
from core.ports.broker import Broker, BrokerError

log = logging.getLogger(__name__)

LATENESS = timedelta(seconds=10)
"""For how long an order that was sent, and is not found, is looked for before it is given up."""


async def orders_of(
    desk: Desk, proposal_id: ProposalId, account_id: AccountId | None = None
) -> tuple[Order, ...]:
    """The last attempt of each leg of the current revision; of one account alone where it is named."""
    async with desk.store.read() as work:
        orders = await current_orders(work, proposal_id)
    return tuple(order for order in orders if account_id in {None, order.account_id})


async def settle_doubts(desk: Desk, broker: Broker, grant: Grant, proposal_id: ProposalId) -> None:
    """Look up every order of an account that was on its way or at the broker when we last looked."""
    for order in await orders_of(desk, proposal_id, grant.account_id):
        if order.state in IN_DOUBT | AT_BROKER:
            await look_up(desk, broker, grant, order)


async def look_again(desk: Desk, broker: Broker, grant: Grant, proposal_id: ProposalId) -> None:
    """Before orders are given up, look for those that were sent and not found: a broker may show them late."""
    end = desk.clock.monotonic() + LATENESS.total_seconds()
    while missing := [
        o for o in await orders_of(desk, proposal_id, grant.account_id) if _is_missing(o)
    ]:
        for order in missing:
            async with desk.store.begin() as work:
                await renew(work, desk, grant)
                await work.orders.move(order.id, OrderState.INTENDED, OrderState.SUBMITTING)
                await work.orders.move(order.id, OrderState.SUBMITTING, OrderState.UNKNOWN)
            await look_up(desk, broker, grant, order)
        if desk.clock.monotonic() >= end:
            return
        await desk.clock.sleep(desk.poll.total_seconds())


def _is_missing(order: Order) -> bool:
    return order.state is OrderState.INTENDED and order.detail == NOT_THERE


async def send_side(
    desk: Desk,
    broker: Broker,
    grant: Grant,
    managed: ManagedPortfolio,
    approved: ApprovedPlan,
    side: Side,
) -> None:
    """Send one side's intended orders of an account, then wait until they have ended or the deadline is over.

    Where a person carries them out nobody waits: that broker itself ends what has no answer in time.

    An order that was sent before, and not found, goes first and exactly as it was: should the broker have it after all,
    then it has that one, and its money or shares are bound already.
    """
    proposal_id = approved.proposal.id
    for order in await _intended(desk, grant, proposal_id, side):
        if order.detail == NOT_THERE:
            await send_order(desk, broker, grant, approved, order)
    if any(
        order.state in IN_DOUBT or order.detail == NOT_THERE
        for order in await _of(desk, grant, proposal_id, side)
    ):
        return
    waiting = await _intended(desk, grant, proposal_id, side)
    if waiting:
        priced = _priced_for(broker, managed)
        await _prepare(desk, broker, grant, priced, approved, waiting)
    for order in await _intended(desk, grant, proposal_id, side):
        await send_order(desk, broker, grant, approved, order)
    if not broker.traits.fills_by_hand:
        await _await_side(desk, broker, grant, proposal_id, side)


async def _of(desk: Desk, grant: Grant, proposal_id: ProposalId, side: Side) -> list[Order]:
    placed = await orders_of(desk, proposal_id, grant.account_id)
    return [order for order in placed if order.side is side]


async def _intended(desk: Desk, grant: Grant, proposal_id: ProposalId, side: Side) -> list[Order]:
    placed = await _of(desk, grant, proposal_id, side)
    return [order for order in placed if order.state is OrderState.INTENDED]


def _priced_for(broker: Broker, managed: ManagedPortfolio) -> ManagedPortfolio:
    """A person is told the price of now: room beyond it would make their sales look poorer than they are."""
    if not broker.traits.fills_by_hand:
        return managed
    return replace(managed, policy=replace(managed.policy, collar=ZERO))


async def _prepare(
    desk: Desk,
    broker: Broker,
    grant: Grant,
    managed: ManagedPortfolio,
    approved: ApprovedPlan,
    orders: Sequence[Order],
) -> None:
    """Price orders by quotes of now; purchases are fitted into the cash that is there, and dropped where none is.

    Dropped are as well a sale of what was bought with money that has not settled, and whatever costs by now more or
    less than what was approved, by more than the tolerance: a broker that was away may have let minutes pass. Raises
    Stopped where the account, of which nothing was traded yet, holds something else than what was approved.
    """
    revision = approved.proposal.revision
    snapshot = await look_for(desk, grant, managed, revision, orders)
    own = snapshot.of(grant.account_id)
    if await _is_untouched(desk, grant, approved.proposal.id) and holding_changes(
        revision.snapshot.of(grant.account_id), own
    ):
        raise Stopped(WhyNot.HOLDINGS_CHANGED)
    moved = _moved(approved, orders, snapshot, managed)
    held = [order for order in orders if order not in moved]
    if orders[0].side is Side.SELL:
        sized = limit_sales(held, own, snapshot, managed.policy)
    else:
        cash = await _read_cash(broker)
        cash = own.holdings.cash if cash is None else cash
        held = await _in_step(desk, broker, managed, approved, snapshot, own, held)
        kept = reserve_of(grant.account_id, snapshot, managed, revision)
        sized = fit_orders(held, own, snapshot, managed.policy, cash, kept) if held else []
    async with desk.store.begin() as work:
        await renew(work, desk, grant)
        for order in moved:
            why = WhyNot.PRICE_MOVED
            await work.orders.move(order.id, OrderState.INTENDED, OrderState.VOID, detail=why)
        for order, quantity, limit in sized:
            if quantity > ZERO:
                await work.orders.prepare(order.id, quantity=quantity, limit_price=limit)
            else:
                await work.orders.move(
                    order.id,
                    OrderState.INTENDED,
                    OrderState.VOID,
                    detail=why_dropped(order),
                )


async def _in_step(
    desk: Desk,
    broker: Broker,
    managed: ManagedPortfolio,
    approved: ApprovedPlan,
    snapshot: Snapshot,
    own: AccountSnapshot,
    orders: Sequence[Order],
) -> list[Order]:
    """Purchases that replace what is sold, as many as were: of a sale that was not filled nothing is replaced.

    Where a person carries them out both are handed over together.
    """
    if broker.traits.fills_by_hand:
        return list(orders)
    async with desk.store.read() as work:
        every = await work.orders.of_proposal(approved.proposal.id)
    whole = whole_shares(managed.policy, snapshot.quotes, own.fractionable)
    return [
        replace(
            order,
            quantity=in_step(
                approved.proposal,
                every,
                order,
                Decimal(1) if order.symbol in whole else FRACTION,
            ),
        )
        for order in orders
    ]


async def look_for(
    desk: Desk,
    grant: Grant,
    managed: ManagedPortfolio,
    revision: Revision,
    orders: Sequence[Order],
) -> Snapshot:
    """What is true now for an account's orders: prices, and what the account holds.

    The other accounts are taken to be as they were approved: their brokers, which may hang, are not asked.
    """
    known = [each for each in revision.snapshot.accounts if each.account_id != grant.account_id]
    return await take_snapshot(
        desk.store,
        desk.brokers,
        desk.market,
        managed,
        await desk.market.moment(),
        traded=[order.symbol for order in orders],
        known=known,
    )


def reserve_of(
    account_id: AccountId, snapshot: Snapshot, managed: ManagedPortfolio, revision: Revision
) -> Decimal:
    """The part of the cash reserve that an account must keep: what the others do not, as the plan leaves them."""
    reserve = managed.policy.cash_reserve.of(drift_of(managed, snapshot).total)
    elsewhere = sum(
        (
            max(each.remaining.cash + net_cash(revision.plan.in_account(each.account_id)), ZERO)
            for each in revision.snapshot.accounts
            if each.account_id != account_id
        ),
        ZERO,
    )
    return max(reserve - elsewhere, ZERO)


async def _is_untouched(desk: Desk, grant: Grant, proposal_id: ProposalId) -> bool:
    """Whether nothing of a plan was ever sent in an account: what it holds must then be what was approved."""
    return all(
        order.state is OrderState.INTENDED and order.detail != NOT_THERE
        for order in await orders_of(desk, proposal_id, grant.account_id)
    )


def _moved(
    approved: ApprovedPlan,
    orders: Sequence[Order],
    snapshot: Snapshot,
    managed: ManagedPortfolio,
) -> list[Order]:
    """The orders whose symbols left the tolerance since the plan was approved."""
    moves = price_moves(
        [approved.trades[order.leg - 1] for order in orders],
        snapshot.quotes,
        managed.policy,
        across_close=approved.proposal.revision.snapshot.session != snapshot.session,
    )
    symbols = {move.symbol for move in moves}
    return [order for order in orders if order.symbol in symbols]


async def _read_cash(broker: Broker) -> Decimal | None:
    try:
        return (await broker.account()).cash
    except BrokerError:
        return None


def limit_sales(
    orders: Sequence[Order], own: AccountSnapshot, snapshot: Snapshot, policy: Policy
) -> list[tuple[Order, Decimal, Decimal]]:
    """Sales in full (none of shares that may not be sold yet), each with its limit: the quote, less the collar."""
    collar, held = policy.collar, own.settlement.held
    return [
        (
            order,
            ZERO if order.symbol in held else order.quantity,
            collared_limit(Side.SELL, snapshot.prices[order.symbol], collar),
        )
        for order in orders
    ]


def why_dropped(order: Order) -> WhyNot:
    """Why nothing is sent of an order for which no share is left."""
    if order.side is Side.SELL:
        return WhyNot.UNSETTLED
    return WhyNot.NO_CASH if order.quantity else WhyNot.SALE_MISSED


def fit_orders(
    orders: Sequence[Order],
    own: AccountSnapshot,
    snapshot: Snapshot,
    policy: Policy,
    cash: Decimal,
    reserve: Decimal,
) -> list[tuple[Order, Decimal, Decimal]]:
    """Purchases fitted into the cash (0 shares: none is left for it), each with its limit."""
    whole = whole_shares(policy, snapshot.quotes, own.fractionable)
    purchases = [
        Purchase(
            order.leg,
            order.quantity,
            snapshot.prices[order.symbol],
            Decimal(1) if order.symbol in whole else FRACTION,
        )
        for order in orders
    ]
    fitted = fit_purchases(purchases, cash, policy, reserve)
    by_leg = {sized.leg: sized for sized in fitted}
    return [(order, by_leg[order.leg].quantity, by_leg[order.leg].limit_price) for order in orders]


async def _await_side(
    desk: Desk, broker: Broker, grant: Grant, proposal_id: ProposalId, side: Side
) -> None:
    """Follow orders to their end; where that takes longer than a moment, the people who wait see where they are."""
    end = desk.clock.monotonic() + desk.deadline.total_seconds()
    is_shown = False
    while open_orders := [
        order
        for order in await _of(desk, grant, proposal_id, side)
        if order.state in IN_DOUBT | AT_BROKER
    ]:
        for order in open_orders:
            await look_up(desk, broker, grant, order)
        if not is_shown:
            is_shown = await _show_unended(desk, grant, proposal_id, side)
        if desk.clock.monotonic() >= end:
            await _cancel_open(desk, broker, grant, proposal_id, side)
            return
        await desk.clock.sleep(desk.poll.total_seconds())
        await take_account(desk, grant.account_id)


async def _show_unended(desk: Desk, grant: Grant, proposal_id: ProposalId, side: Side) -> bool:
    """Where an order is still at the broker: have the messages say so, which were written before it was sent."""
    now = desk.clock.now()
    async with desk.store.begin() as work:
        proposal = await work.proposals.get(proposal_id)
        orders = await current_orders(work, proposal_id)
        ours = [o for o in orders if o.side is side and o.account_id == grant.account_id]
        if proposal is None or not any(order.state in AT_BROKER for order in ours):
            return False
        await work.leases.require(grant.name, desk.holder, grant.fence, now)
        await refresh_copies(work, proposal, now)
    return True


async def _cancel_open(
    desk: Desk, broker: Broker, grant: Grant, proposal_id: ProposalId, side: Side
) -> None:
    """The deadline is over: ask for cancellation, and take over whatever the broker then says."""
    for order in await _of(desk, grant, proposal_id, side):
        if order.state not in AT_BROKER:
            continue
        try:
            await broker.cancel(order.client_order_id)
        except BrokerError as error:
            log.warning("order %s: cancelling failed (%s)", order.client_order_id, error)
        await look_up(desk, broker, grant, order)
