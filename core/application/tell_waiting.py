"""Tell: what was approved waits, because its broker or its prices do not answer; once, and until when it is tried."""

from __future__ import annotations

from core.application.desk import Desk, Grant
from core.application.send_order import NOT_THERE
from core.application.tell import tell_deciders
from core.domain.ids import ProposalId
from core.domain.order import IN_DOUBT, Order, OrderState
from core.domain.outbox import MessageKind, Priority
from core.domain.portfolio import ManagedAccount
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import (
    BrokerDown,
    ClocksDisagree,
    ClosedUnexpectedly,
    PriceSourceDown,
    PricesRefused,
    Refusal,
)
from core.domain.risk import good_until
from core.domain.told_faults import write_faults

_WAITS_FOR = (BrokerDown, PriceSourceDown, PricesRefused, ClocksDisagree, ClosedUnexpectedly)


async def tell_refused(
    desk: Desk, managed: ManagedAccount, proposal_id: ProposalId, refusal: Refusal
) -> None:
    """Say that nothing could be done in an account, where it is tried again by itself."""
    if isinstance(refusal, _WAITS_FOR):
        faults = refusal.faults if isinstance(refusal, PricesRefused) else ()
        await _tell(desk, managed, proposal_id, type(refusal).__name__, faults)


async def tell_unanswered(
    desk: Desk, grant: Grant, managed: ManagedAccount, proposal_id: ProposalId
) -> None:
    """Say that execution stands still in an account, where it does so because the broker does not answer."""
    if desk.brokers.of(managed.account).traits.fills_by_hand:
        return
    async with desk.store.read() as work:
        orders = await work.orders.of_proposal(proposal_id)
    own = [order for order in orders if order.account_id == grant.account_id]
    if grant.said is None or any(is_unanswered(order) for order in own):
        await _tell(desk, managed, proposal_id, BrokerDown.__name__)


def is_unanswered(order: Order) -> bool:
    """Whether an order is in doubt, or could not be sent; one that was not found goes again at once."""
    was_not_sent = order.state is OrderState.INTENDED and order.detail not in {"", NOT_THERE}
    return was_not_sent or order.state in IN_DOUBT


async def _tell(
    desk: Desk,
    managed: ManagedAccount,
    proposal_id: ProposalId,
    code: str,
    faults: tuple[object, ...] = (),
) -> None:
    moment = await desk.market.moment()
    now = desk.clock.now()
    async with desk.store.begin() as work:
        proposal = await work.proposals.get(proposal_id)
        if proposal is None or not _is_under_way(proposal):
            return
        until = good_until(proposal) or now
        if moment.is_open:
            until = min(until, moment.session.closes_at)
        await tell_deciders(
            work,
            managed.portfolio,
            proposal,
            MessageKind.WAITING,
            f"{proposal.state}:r{proposal.revision.number}",
            now,
            priority=Priority.DECISION,
            data={
                "code": code,
                "until": until.isoformat(),
                "account": f"{managed.account.id}",
                **({"faults": write_faults(faults)} if faults else {}),
            },
        )


def _is_under_way(proposal: Proposal) -> bool:
    return proposal.state in {ProposalState.APPROVED, ProposalState.EXECUTING}
