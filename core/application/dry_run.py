"""Dry run: everything but the send, on live data: priced and sized as the orders would have gone, and then void."""

from __future__ import annotations

from decimal import Decimal

from core.application.desk import Desk, Grant, renew
from core.application.gate import gate_of, ruling_of
from core.application.send_order import NOT_THERE
from core.application.send_side import (
    fit_orders,
    limit_sales,
    look_for,
    orders_of,
    reserve_of,
    why_dropped,
)
from core.domain.ids import ProposalId
from core.domain.ladder import Verdict
from core.domain.money import ZERO, half_spread, sale_proceeds
from core.domain.order import Order, OrderState
from core.domain.plan import Side
from core.domain.policy import Policy
from core.domain.portfolio import Account, ManagedPortfolio, Snapshot
from core.domain.proposal import Proposal
from core.domain.report import WhyNot


async def is_dry_run(desk: Desk, grant: Grant, account: Account, proposal_id: ProposalId) -> bool:
    """Whether an account's part of a plan is carried out without a send: it is a dry run, and none was ever sent.

    What was sent before its account was taken down to a dry run is followed to its end like any other order.
    """
    async with desk.store.read() as work:
        ruling = await ruling_of(
            work, gate_of(desk), account, said=grant.said, now=desk.clock.now()
        )
    if ruling.verdict is not Verdict.DRY_RUN:
        return False
    unsent = {OrderState.INTENDED, OrderState.VOID}
    orders = await orders_of(desk, proposal_id, grant.account_id)
    return all(order.state in unsent and order.detail != NOT_THERE for order in orders)


async def dry_run(desk: Desk, grant: Grant, managed: ManagedPortfolio, proposal: Proposal) -> None:
    """Price and size an account's orders by what is true now, keep that, and end them without a send. Safe to repeat.

    Purchases are paid from the cash that is there and from what the sales would have brought.
    """
    placed = await orders_of(desk, proposal.id, grant.account_id)
    orders = [order for order in placed if order.state is OrderState.INTENDED]
    if not orders:
        return
    snapshot = await look_for(desk, grant, managed, proposal.revision, orders)
    own = snapshot.of(grant.account_id)
    sells = [order for order in orders if order.side is Side.SELL]
    buys = [order for order in orders if order.side is Side.BUY]
    cash = own.holdings.cash + sum(
        (_proceeds(order, snapshot, managed.policy) for order in sells), ZERO
    )
    sized = limit_sales(sells, own, snapshot, managed.policy)
    kept = reserve_of(grant.account_id, snapshot, managed, proposal.revision)
    sized += fit_orders(buys, own, snapshot, managed.policy, cash, kept) if buys else []
    async with desk.store.begin() as work:
        await renew(work, desk, grant)
        for order, quantity, limit in sized:
            why = WhyNot.DRY_RUN if quantity > ZERO else why_dropped(order)
            if quantity > ZERO:
                await work.orders.prepare(order.id, quantity=quantity, limit_price=limit)
            await work.orders.move(order.id, OrderState.INTENDED, OrderState.VOID, detail=why)


def _proceeds(order: Order, snapshot: Snapshot, policy: Policy) -> Decimal:
    """What a sale would bring: the quote less half the spread, and the commission."""
    price = snapshot.prices[order.symbol]
    each = price - half_spread(price, policy.spread_bps)
    return sale_proceeds(order.quantity, each) - policy.commission
