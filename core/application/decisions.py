"""Decisions: what every tap on a proposal does in its transaction: look, record, move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.application.access import proposal_for
from core.application.market import Moment
from core.application.tell import tell_deciders
from core.domain.ids import ProposalId
from core.domain.membership import Member
from core.domain.outbox import MessageKind, Priority
from core.domain.permissions import Act
from core.domain.proposal import (
    Decision,
    DecisionKind,
    Proposal,
    ProposalState,
    require_decidable,
)
from core.domain.refusals import OldRevision, ProposalNotOpen, TooLateToCancel, UnknownProposal
from core.ports.store import AuditEvent, UnitOfWork

SENT = frozenset(
    {
        ProposalState.EXECUTING,
        ProposalState.DONE,
        ProposalState.PARTIAL,
        ProposalState.FAILED,
        ProposalState.FROZEN,
    }
)
"""Where an approval cannot be taken back any more: the first order has gone, or was about to."""

COMPLETE = frozenset({ProposalState.SCHEDULED, ProposalState.APPROVED})
"""Where enough have approved, and nothing was sent yet."""


def require_unsent(proposal: Proposal, revision: int) -> None:
    """Raise TooLateToCancel, ProposalNotOpen or OldRevision unless this revision is approved and nothing has gone."""
    if proposal.state in SENT:
        raise TooLateToCancel(proposal.id, proposal.state)
    if proposal.state not in COMPLETE:
        raise ProposalNotOpen(proposal.id, proposal.state)
    if revision != proposal.revision.number:
        raise OldRevision(proposal.id, revision, proposal.revision.number)


@dataclass(frozen=True, slots=True)
class Decided:
    """A proposal after a decision: whether enough have approved, and the time if its orders wait."""

    proposal: Proposal
    is_complete: bool = False
    scheduled_for: datetime | None = None


async def decidable(
    work: UnitOfWork,
    member: Member,
    proposal_id: ProposalId,
    revision: int,
    moment: Moment,
    act: Act,
) -> Proposal:
    """The open proposal that a member may decide now; raises the refusal that the tap earns."""
    proposal, role = await proposal_for(work, member, proposal_id)
    require_decidable(proposal, role=role, revision=revision, market_now=moment.now, act=act)
    return proposal


async def record(
    work: UnitOfWork,
    member: Member,
    proposal: Proposal,
    kind: DecisionKind,
    now: datetime,
    moment: Moment,
) -> Proposal:
    """Record what a member decides about the current revision, and return the proposal with it."""
    number, plan_hash = proposal.revision.number, proposal.revision.plan_hash
    decision = Decision(member.id, member.name, kind, number, plan_hash, now, moment.now)
    await work.proposals.add_decision(proposal.id, decision)
    await work.log.record(
        AuditEvent(now, f"decided_{kind}", member.id, proposal.portfolio_id, proposal.id, plan_hash)
    )
    return await reload(work, proposal.id)


async def reload(work: UnitOfWork, proposal_id: ProposalId) -> Proposal:
    """The proposal as it is now; raises UnknownProposal."""
    proposal = await work.proposals.get(proposal_id)
    if proposal is None:
        raise UnknownProposal(proposal_id)
    return proposal


async def move(
    work: UnitOfWork,
    proposal: Proposal,
    after: ProposalState,
    scheduled_for: datetime | None = None,
) -> Proposal:
    """Change the state and return the proposal; raises ProposalNotOpen where somebody was faster."""
    if not await work.proposals.move(
        proposal.id, proposal.state, after, scheduled_for=scheduled_for
    ):
        latest = await reload(work, proposal.id)
        raise ProposalNotOpen(proposal.id, latest.state)
    return await reload(work, proposal.id)


async def tell_objected(
    work: UnitOfWork, proposal: Proposal, member: Member, now: datetime
) -> None:
    """Say who objected to a proposal that others had approved."""
    managed = await work.portfolios.get(proposal.portfolio_id)
    await tell_deciders(
        work,
        managed.portfolio,
        proposal,
        MessageKind.OBJECTED,
        f"d{len(proposal.decisions)}",
        now,
        priority=Priority.DECISION,
        data={"member_name": member.name},
    )
