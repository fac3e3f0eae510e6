"""Object: somebody who may approve stops what enough others have approved, before its first order goes."""

from __future__ import annotations

from core.application.access import proposal_for
from core.application.decide_proposal import reject_within
from core.application.decisions import Decided, move, record, require_unsent, tell_objected
from core.application.market import Market
from core.application.propose import void_intents
from core.application.tell import refresh_copies
from core.domain.ids import ProposalId
from core.domain.membership import Member
from core.domain.permissions import Act, require
from core.domain.proposal import DecisionKind, ProposalState
from core.ports.clock import Clock
from core.ports.store import Store


async def object_to_proposal(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Reject an approved proposal of which nothing was sent; it can be reopened until it expires.

    All approvals are gone with it, and those who decide are told by whom. Of one that is open still it is a rejection.
    Raises TooLateToCancel once the first order may have gone.
    """
    moment = await market.moment()
    async with store.begin() as work:
        before, role = await proposal_for(work, member, proposal_id)
        require(role, Act.OBJECT)
        if before.state is ProposalState.OPEN:
            return await reject_within(
                work, clock, moment, member=member, proposal_id=proposal_id, revision=revision
            )
        require_unsent(before, revision)
        proposal = await record(work, member, before, DecisionKind.OBJECT, clock.now(), moment)
        await void_intents(work, proposal.id)
        proposal = await move(work, proposal, ProposalState.REJECTED)
        await refresh_copies(work, proposal, clock.now())
        await tell_objected(work, proposal, member, clock.now())
    return Decided(proposal)
