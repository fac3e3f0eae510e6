"""Lose approvals: whoever may not approve any longer has approved nothing that is still to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core.application.decisions import COMPLETE, reload
from core.application.gate import roles_in
from core.application.market import Market
from core.application.propose import void_intents
from core.application.tell import refresh_copies, tell_deciders, tell_proposal
from core.domain.approval import counted, roles_of
from core.domain.ids import MemberId
from core.domain.membership import Role
from core.domain.outbox import MessageKind, Priority
from core.domain.proposal import Decision, DecisionKind, Proposal, ProposalState
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def reopen_unapproved(store: Store, market: Market, clock: Clock) -> int:
    """Send every approved proposal back whose approvals are not enough any more; returns how many."""
    async with store.read() as work:
        complete = await work.proposals.in_states(COMPLETE)
        members = await work.people.memberships_of([p.portfolio_id for p in complete])
    short = [
        proposal
        for proposal in complete
        if not proposal.is_complete_by(roles_of(members.get(proposal.portfolio_id, ())))
    ]
    if not short:
        return 0
    market_now = await market.clock.now()
    async with store.begin() as work:
        return sum([await back_to_open(work, p, clock.now(), market_now) for p in short])


async def back_to_open(
    work: UnitOfWork, proposal: Proposal, now: datetime, market_now: datetime
) -> bool:
    """Send an approved proposal back where its approvals are not enough any more, and tell those who decide.

    Nothing of it is sent. False where they are enough after all, or where it has moved on.
    """
    latest = await reload(work, proposal.id)
    roles = await roles_in(work, latest)
    if latest.state not in COMPLETE or latest.is_complete_by(roles):
        return False
    if not await work.proposals.move(latest.id, latest.state, ProposalState.OPEN):
        return False
    await void_intents(work, latest.id)
    lost = [each.member_name for each in lost_approvals(latest, roles)]
    latest = await lapse_lost(work, latest, roles, now, market_now)
    managed = await work.portfolios.get(latest.portfolio_id)
    await refresh_copies(work, latest, now)
    await tell_deciders(
        work,
        managed.portfolio,
        latest,
        MessageKind.APPROVAL_LOST,
        f"d{len(latest.decisions)}",
        now,
        priority=Priority.DECISION,
        data={"member_names": "\n".join(lost)},
    )
    await tell_proposal(work, managed.portfolio, latest, now)
    return True


def lost_approvals(
    proposal: Proposal, roles: Mapping[MemberId, Role | None]
) -> tuple[Decision, ...]:
    """The approvals of people who may not approve by these roles."""
    givers = counted([each.member_id for each in proposal.approvals], roles)
    return tuple(each for each in proposal.approvals if each.member_id not in givers)


async def lapse_lost(
    work: UnitOfWork,
    proposal: Proposal,
    roles: Mapping[MemberId, Role | None],
    now: datetime,
    market_now: datetime,
) -> Proposal:
    """Note that lost approvals count no more, whatever becomes of their givers; returns the proposal with that."""
    lost = lost_approvals(proposal, roles)
    for approval in lost:
        lapse = replace(approval, kind=DecisionKind.LAPSE, at=now, market_at=market_now)
        await work.proposals.add_decision(proposal.id, lapse)
        event = AuditEvent(
            now,
            "approval_lost",
            None,
            proposal.portfolio_id,
            proposal.id,
            f"{approval.member_id}",
        )
        await work.log.record(event)
    return await reload(work, proposal.id) if lost else proposal
