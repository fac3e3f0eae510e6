"""Close: the last owner ends a portfolio for good. Nothing is checked, planned or sent for it any more.

What it did stays in the store as a trail; nobody can open it again, and its accounts stay as they are at their brokers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.application.access import managed_for
from core.application.let_go_of_keys import Going, let_go_of_keys
from core.application.propose import supersede
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member
from core.domain.order import TERMINAL, Order, OrderState
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.permissions import Act
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import ProposalState
from core.domain.refusals import OrdersUnderWay
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Closed:
    """A portfolio that was closed, the orders that the broker may still have, and the keys that were erased."""

    managed: ManagedPortfolio
    open_orders: tuple[Order, ...]
    keys: tuple[Going, ...]


async def close_portfolio(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> Closed:
    """End a portfolio; everybody else in it is told. Raises OrdersUnderWay while a plan is being carried out.

    An order that a person must look at does not keep it open: it is returned, to be looked at where the broker is.
    """
    async with store.begin() as work:
        await managed_for(work, member, portfolio_id, Act.CLOSE)
        return await close_within(work, member, portfolio_id, clock.now())


async def close_within(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, now: datetime
) -> Closed:
    """End a portfolio inside the caller's unit of work."""
    managed = await work.portfolios.get(portfolio_id)
    if await work.proposals.in_states([ProposalState.EXECUTING], portfolio_id):
        raise OrdersUnderWay(managed.portfolio.slug)
    await supersede(work, portfolio_id, now)
    still_open = await _open_orders(work, managed)
    keys: list[Going] = []
    for each in await work.people.memberships(portfolio_id):
        keys += await let_go_of_keys(work, each.member.id, managed.accounts, now, is_told=False)
        if each.member.id != member.id:
            await _tell(work, each.member, member, portfolio_id, now)
    for account in managed.accounts:
        await work.ladder.end_confirmation(account.id, now)
    await work.portfolios.close(portfolio_id, now)
    await work.checks.drop_unfinished(portfolio_id)
    await work.log.record(AuditEvent(now, "closed", member.id, portfolio_id))
    return Closed(managed, still_open, tuple(each for each in keys if each.is_in_use))


async def _open_orders(work: UnitOfWork, managed: ManagedPortfolio) -> tuple[Order, ...]:
    """Orders that may be at a broker still."""
    states = [state for state in OrderState if state not in {*TERMINAL, OrderState.INTENDED}]
    return tuple(
        [
            order
            for account in managed.accounts
            for order in await work.orders.of_account(account.id, states)
        ]
    )


async def _tell(
    work: UnitOfWork, person: Member, by: Member, portfolio_id: PortfolioId, now: datetime
) -> None:
    item = OutboxItem(
        MessageKind.CLOSED,
        ChatId(person.user_id),
        f"{MessageKind.CLOSED}:{portfolio_id}:{person.user_id}",
        portfolio_id,
        data={"member_name": by.name},
    )
    await enqueue(work, [item], now)
