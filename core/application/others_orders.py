"""Others' orders: what somebody else has open at a broker, on which no plan is made."""

from __future__ import annotations

from collections.abc import Collection

from core.application.broker_faults import as_refusal
from core.domain.ids import Symbol
from core.domain.plan import Plan
from core.domain.portfolio import Account, ManagedAccount
from core.domain.refusals import ForeignOrder
from core.ports.broker import BrokerError, Brokers
from core.ports.store import Store


async def require_nobody_else(
    store: Store, brokers: Brokers, managed: ManagedAccount, plan: Plan
) -> None:
    """Raise ForeignOrder where an order that is not ours is open on a symbol that a plan would trade in the account.

    Only where others can trade at all; raises BrokerDown where the broker does not say.
    """
    if not plan.in_account(managed.account.id):
        return
    broker = brokers.of(managed.account)
    if not broker.traits.others_trade:
        return
    try:
        orders = await broker.open_orders()
    except BrokerError as error:
        raise as_refusal(error, managed.account) from error
    named = {order.client_order_id: order.symbol for order in orders}
    async with store.read() as work:
        ours = await work.orders.known(named)
    refuse_foreign({s for name, s in named.items() if name not in ours}, managed.account, plan)


def refuse_foreign(foreign: Collection[Symbol], account: Account, plan: Plan) -> None:
    """Raise ForeignOrder where a plan trades one of these symbols in the account."""
    traded = {trade.symbol for trade in plan.in_account(account.id)}
    if crossing := traded & set(foreign):
        raise ForeignOrder(tuple(sorted(crossing)))
