"""Resolve: a person says what became of an order that the broker could not tell us about.

What a person says is held against the broker first: a claim that it contradicts is refused, and its answer taken over.
That an order is not there is held against what the account holds too, because a broker can forget what it has filled.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.application.access import proposal_for, require_role
from core.application.broker_faults import as_refusal
from core.application.desk import Desk, Grant, release_account, renew, take_idle_accounts
from core.application.send_order import DENIED, adopt, is_ours
from core.application.show_proposal import ProposalView, load_view
from core.application.tell import refresh_copies
from core.domain.ids import AccountId, OrderId, ProposalId
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.order import Order, OrderState
from core.domain.permissions import Act, require
from core.domain.plan import Side
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import ProposalState
from core.domain.refusals import (
    ClaimBelied,
    ClaimContradicted,
    NothingInDoubt,
    ProposalNotOpen,
    StillAtWork,
)
from core.ports.broker import BrokerError, BrokerOrder, Brokers
from core.ports.store import AuditEvent, UnitOfWork

log = logging.getLogger(__name__)

DOUBTFUL = frozenset({OrderState.FROZEN, OrderState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class _Case:
    managed: ManagedPortfolio
    brokers: Brokers
    grants: Mapping[AccountId, Grant]
    member: Member
    orders: tuple[Order, ...]


async def check_again(desk: Desk, *, member: Member, proposal_id: ProposalId) -> ProposalView:
    """Ask the broker again about every order in doubt; raises BrokerDown where it does not answer."""
    async with _opened(desk, member, proposal_id) as case:
        for order in case.orders:
            found = await _find(desk, case, order)
            if found is not None:
                await _take_over(desk, case, order, found)
        await _go_on(desk, proposal_id)
    return await load_view(desk.store, proposal_id)


async def say_at_broker(
    desk: Desk, *, member: Member, proposal_id: ProposalId, order_id: OrderId
) -> ProposalView:
    """Say that an order is at the broker; raises ClaimContradicted where the broker does not have it."""
    async with _opened(desk, member, proposal_id) as case:
        order = _named(case, proposal_id, order_id)
        found = await _find(desk, case, order)
        if found is None:
            raise ClaimContradicted(order.symbol, is_there=False)
        await _take_over(desk, case, order, found)
        await _go_on(desk, proposal_id)
    return await load_view(desk.store, proposal_id)


async def say_not_at_broker(
    desk: Desk,
    *,
    member: Member,
    proposal_id: ProposalId,
    order_id: OrderId,
    was_looked_at: bool = False,
) -> ProposalView:
    """Say that an order never reached the broker; raises ClaimContradicted where the broker has it.

    Raises ClaimBelied where the account's holdings look as if it had been filled, unless the person has heard of that
    and says so all the same.
    """
    async with _opened(desk, member, proposal_id) as case:
        order = _named(case, proposal_id, order_id)
        found = await _find(desk, case, order)
        if found is not None:
            await _take_over(desk, case, order, found)
            await _go_on(desk, proposal_id)
            raise ClaimContradicted(order.symbol, is_there=True)
        if not was_looked_at:
            await _require_as_before(desk, case, order)
        await _void(desk, case, order)
        await _go_on(desk, proposal_id)
    return await load_view(desk.store, proposal_id)


@asynccontextmanager
async def _opened(desk: Desk, member: Member, proposal_id: ProposalId) -> AsyncIterator[_Case]:
    """Hold the plan's accounts, and only then read what is in doubt: another tap may have cleared it up meanwhile.

    Raises StillAtWork where somebody is at work there, even in this process, or where a broker took so long that its
    account could not be held.
    """
    managed, accounts, _ = await _frozen(desk, member, proposal_id)
    grants = await take_idle_accounts(desk, accounts)
    if grants is None:
        raise StillAtWork(proposal_id)
    try:
        managed, _, doubtful = await _frozen(desk, member, proposal_id)
        held = {grant.account_id: grant for grant in grants}
        yield _Case(managed, desk.brokers, held, member, doubtful)
    except PermissionError as error:
        log.warning("proposal %s: %s", proposal_id, error)
        raise StillAtWork(proposal_id) from error
    finally:
        for grant in grants:
            await release_account(desk, grant)


async def _frozen(
    desk: Desk, member: Member, proposal_id: ProposalId
) -> tuple[ManagedPortfolio, tuple[AccountId, ...], tuple[Order, ...]]:
    """The portfolio of a frozen proposal, the accounts in which it trades, and its orders in doubt.

    For a member who may say what became of them.
    """
    async with desk.store.read() as work:
        proposal, role = await proposal_for(work, member, proposal_id)
        require(role, Act.RESOLVE_ORDER)
        if proposal.state is not ProposalState.FROZEN:
            raise ProposalNotOpen(proposal.id, proposal.state)
        managed = await work.portfolios.get(proposal.portfolio_id)
        orders = await work.orders.of_proposal(proposal_id)
    doubtful = tuple(order for order in orders if order.state in DOUBTFUL)
    return managed, proposal.revision.plan.traded_in, doubtful


def _named(case: _Case, proposal_id: ProposalId, order_id: OrderId) -> Order:
    for order in case.orders:
        if order.id == order_id:
            return order
    raise NothingInDoubt(proposal_id)


async def _find(desk: Desk, case: _Case, order: Order) -> BrokerOrder | None:
    """What the broker has of an order; another that bears its name is none of ours."""
    async with desk.store.begin() as work:
        await renew(work, desk, case.grants[order.account_id])
    account = case.managed.part(order.account_id).account
    try:
        found = await case.brokers.of(account).find_order(order.client_order_id)
    except BrokerError as error:
        raise as_refusal(error, account) from error
    return found if found is not None and is_ours(order, found) else None


async def _require_as_before(desk: Desk, case: _Case, order: Order) -> None:
    """Raise ClaimBelied where shares have moved as if an order had been filled, beyond what is known of the plan."""
    async with desk.store.begin() as work:
        await renew(work, desk, case.grants[order.account_id])
        proposal = await work.proposals.get(order.proposal_id)
        orders = await work.orders.of_proposal(order.proposal_id)
    if proposal is None:
        return
    account = case.managed.part(order.account_id).account
    try:
        held = (await case.brokers.of(account).holdings()).positions.get(order.symbol, ZERO)
    except BrokerError as error:
        raise as_refusal(error, account) from error
    before = proposal.revision.snapshot.of(account.id).holdings.positions
    ours = [o for o in orders if (o.account_id, o.symbol) == (account.id, order.symbol)]
    expected = before.get(order.symbol, ZERO) + sum((o.signed_filled for o in ours), ZERO)
    is_sale = order.side is Side.SELL
    moved = expected - held if is_sale else held - expected
    if moved > ZERO:
        raise ClaimBelied(order.symbol, moved, is_sale=is_sale)


async def _require_still(work: UnitOfWork, case: _Case) -> None:
    """Ask anew who says it: the broker may have taken its time to answer."""
    await require_role(work, case.member, case.managed.portfolio.id, Act.RESOLVE_ORDER)


async def _take_over(desk: Desk, case: _Case, order: Order, found: BrokerOrder) -> None:
    now, grant = desk.clock.now(), case.grants[order.account_id]
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, now)
        await _require_still(work, case)
        await adopt(work, desk.brokers, order, found, now)
        await work.log.record(
            AuditEvent(
                now,
                "order_found",
                case.member.id,
                case.managed.portfolio.id,
                order.proposal_id,
                order.client_order_id,
            )
        )


async def _void(desk: Desk, case: _Case, order: Order) -> None:
    now, grant = desk.clock.now(), case.grants[order.account_id]
    async with desk.store.begin() as work:
        await work.leases.require(grant.name, desk.holder, grant.fence, now)
        await _require_still(work, case)
        if order.state is OrderState.UNKNOWN:
            await work.orders.move(order.id, OrderState.UNKNOWN, OrderState.FROZEN)
        await work.orders.move(
            order.id,
            OrderState.FROZEN,
            OrderState.VOID,
            detail=_given_up(case.member, order),
        )
        await work.log.record(
            AuditEvent(
                now,
                "order_declared_void",
                case.member.id,
                case.managed.portfolio.id,
                order.proposal_id,
                order.client_order_id,
            )
        )


def _given_up(member: Member, order: Order) -> str:
    """Who said what; the executions that are known of a denied order stay known."""
    if order.detail == DENIED:
        return f"{member.name} said that the broker does not have it"
    return f"{member.name} said that it never reached the broker"


async def _go_on(desk: Desk, proposal_id: ProposalId) -> None:
    """Once nothing is in doubt any more, execution goes on to its end; the copies show the present state."""
    now = desk.clock.now()
    async with desk.store.begin() as work:
        orders = await work.orders.of_proposal(proposal_id)
        if not any(order.state in DOUBTFUL for order in orders):
            await work.proposals.move(proposal_id, ProposalState.FROZEN, ProposalState.EXECUTING)
        proposal = await work.proposals.get(proposal_id)
        if proposal is not None:
            await refresh_copies(work, proposal, now)
