"""Tell: a person says what they traded of an approved plan, where its broker has no interface to ask."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.application.access import proposal_for
from core.application.desk import Desk
from core.application.hand_kept import hand_kept
from core.application.send_order import adopt
from core.application.show_proposal import ProposalView, view_of
from core.application.tell import refresh_copies
from core.domain.ids import ProposalId
from core.domain.lots import Lot
from core.domain.membership import Member
from core.domain.money import ZERO
from core.domain.order import AT_BROKER, Order
from core.domain.permissions import Act, require
from core.domain.portfolio import ManagedAccount
from core.domain.proposal import ProposalState
from core.domain.refusals import BadNumber, BrokerDown, ChecklistClosed, UnknownLeg
from core.ports.broker import BrokerError, BrokerOrder
from core.ports.hand_kept import HandKept
from core.ports.store import AuditEvent


@dataclass(frozen=True, slots=True)
class _Line:
    managed: ManagedAccount
    account: HandKept
    order: Order
    lots: tuple[Lot, ...]


async def tell_fill(
    desk: Desk,
    *,
    member: Member,
    proposal_id: ProposalId,
    leg: int,
    key: str,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
) -> ProposalView:
    """Take down that a leg was traded: all that is left of it at the price shown, or as said; once per key.

    An answer to what has its answer changes nothing. Raises ChecklistClosed once the proposal has ended, UnknownLeg,
    or BadNumber.
    """
    if price is not None and price <= ZERO:
        raise BadNumber("the price", f"{price:f}", "a price above 0, such as 251.30")
    line = await _line(desk, member, proposal_id, leg)
    try:
        found = await line.account.tell_fill(
            line.order.client_order_id,
            key=key,
            quantity=quantity,
            price=price,
            lots=line.lots,
        )
    except BrokerError as error:
        raise BrokerDown(line.managed.account.broker, str(error)) from error
    return await _take_down(desk, member, line, found, "fill_told")


async def tell_not_done(
    desk: Desk,
    *,
    member: Member,
    proposal_id: ProposalId,
    leg: int,
) -> ProposalView:
    """Take down that a leg, or what is left of it, is not going to be traded."""
    line = await _line(desk, member, proposal_id, leg)
    broker = desk.brokers.of(line.managed.account)
    try:
        await broker.cancel(line.order.client_order_id)
        found = await broker.find_order(line.order.client_order_id)
    except BrokerError as error:
        raise BrokerDown(line.managed.account.broker, str(error)) from error
    if found is None:
        raise UnknownLeg(proposal_id, leg)
    return await _take_down(desk, member, line, found, "not_done_told")


async def _line(desk: Desk, member: Member, proposal_id: ProposalId, leg: int) -> _Line:
    async with desk.store.read() as work:
        proposal, role = await proposal_for(work, member, proposal_id)
        require(role, Act.ANSWER_CHECKLIST)
        view = await view_of(work, proposal_id)
    if proposal.state is not ProposalState.EXECUTING:
        raise ChecklistClosed(proposal_id)
    for order in view.orders:
        if order.leg == leg:
            managed = view.managed.part(order.account_id)
            taken = proposal.revision.plan.lots_of(order.account_id, order.symbol, order.side)
            lots = tuple(sale.lot for sale in taken)
            return _Line(managed, hand_kept(desk.brokers, managed.account), order, lots)
    raise UnknownLeg(proposal_id, leg)


async def _take_down(
    desk: Desk, member: Member, line: _Line, found: BrokerOrder, kind: str
) -> ProposalView:
    """What the book has of an order is taken over at once; execution sees the rest to its end."""
    now = desk.clock.now()
    async with desk.store.begin() as work:
        latest = await work.orders.get(line.order.id)
        if latest is not None and latest.state in AT_BROKER:
            await adopt(work, desk.brokers, latest, found, now)
            await work.log.record(
                AuditEvent(
                    now,
                    kind,
                    member.id,
                    line.managed.portfolio.id,
                    latest.proposal_id,
                    latest.client_order_id,
                )
            )
        view = await view_of(work, line.order.proposal_id)
        await refresh_copies(work, view.proposal, now)
    return view
