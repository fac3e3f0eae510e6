"""Take back: a member changes their mind about an approval while others are still needed."""

from __future__ import annotations

from core.application.ask_first import ask_the_rest
from core.application.decisions import Decided, decidable, record
from core.application.market import Market
from core.application.tell import refresh_copies
from core.domain.ids import ProposalId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.domain.proposal import DecisionKind, require_own_approval
from core.ports.clock import Clock
from core.ports.store import Store


async def take_back_approval(
    store: Store,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
) -> Decided:
    """Take one's own approval of an open proposal back; the others' stay, and one may approve again.

    Raises what a decision raises, and NotApproved.
    """
    moment = await market.moment()
    async with store.begin() as work:
        proposal = await decidable(work, member, proposal_id, revision, moment, Act.TAKE_BACK)
        require_own_approval(proposal, member.id)
        proposal = await record(work, member, proposal, DecisionKind.TAKE_BACK, clock.now(), moment)
        managed = await work.portfolios.get(proposal.portfolio_id)
        await ask_the_rest(work, managed, proposal, clock.now(), declined_by=member.id)
        await refresh_copies(work, proposal, clock.now())
    return Decided(proposal)
