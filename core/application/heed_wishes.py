"""Heed wishes: how a message that is about to be sent comes to its member, by what that member wants by now.

Asked when it is sent, not when it is written, so that a change of mind in between counts. A group follows no member's
wishes. Nothing that has become untrue while it waited is sent: every message is made from what is true then.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.ids import ChatId, UserId
from core.domain.membership import Member
from core.domain.notices import ASKS, Loudness, Treatment, notice_kind, treat
from core.domain.outbox import OutboxItem, QueuedItem
from core.domain.permissions import Act, may
from core.domain.proposal import Cause, Proposal, ProposalState
from core.ports.store import UnitOfWork


async def member_in(work: UnitOfWork, chat_id: ChatId) -> Member | None:
    """The member whose private chat this is; None for a group."""
    return await work.people.member_of_user(UserId(chat_id)) if chat_id > 0 else None


async def treatment_of(
    work: UnitOfWork, item: OutboxItem, now: datetime, market_now: datetime
) -> Treatment:
    """How a message comes: aloud, silently, not at all, or not before its member's quiet hours end.

    A member's channel has sounds of its own: what would come silently before the quiet hours end waits there too.
    """
    member = await member_in(work, item.chat_id)
    if member is None:
        return Treatment(Loudness.ON)
    preferences = member.preferences
    quiet_until = preferences.quiet_until(now)
    if not preferences.wishes and quiet_until is None:
        return Treatment(Loudness.ON)
    proposal = None
    if item.kind in ASKS and item.proposal_id is not None:
        proposal = await work.proposals.get(item.proposal_id)
    kind = notice_kind(item.kind, is_by_schedule=_is_by_schedule(proposal))
    treatment = treat(
        item.kind,
        preferences.wish(kind),
        quiet_until,
        now,
        is_needed=proposal is not None and await _is_needed(work, member, proposal),
        ends_in=None if proposal is None else _ends_in(proposal, market_now),
    )
    if item.channel_id is not None and treatment.loudness is Loudness.SILENT:
        return Treatment(Loudness.SILENT, quiet_until)
    return treatment


def _is_by_schedule(proposal: Proposal | None) -> bool:
    return proposal is not None and proposal.cause is Cause.SCHEDULED


def _ends_in(proposal: Proposal, market_now: datetime) -> timedelta | None:
    """How long a proposal still waits: for a decision, or for objections before it is carried out."""
    if proposal.state is ProposalState.OPEN:
        return proposal.expires_at - market_now
    if proposal.state is ProposalState.SCHEDULED and proposal.scheduled_for is not None:
        return proposal.scheduled_for - market_now
    return None


async def _is_needed(work: UnitOfWork, member: Member, proposal: Proposal) -> bool:
    """Whether those who may decide, and are told of it, are too few without this member."""
    kinds = {notice_kind(kind, is_by_schedule=_is_by_schedule(proposal)) for kind in ASKS}
    others = [
        each
        for each in await work.people.memberships(proposal.portfolio_id)
        if each.member.id != member.id
        and each.member.is_reachable
        and may(each.role, Act.APPROVE)
        and all(each.member.preferences.wish(kind) is not Loudness.OFF for kind in kinds)
    ]
    role = await work.people.role(member.id, proposal.portfolio_id)
    need = proposal.revision.need
    return may(role, Act.APPROVE) and not need.is_met_by([each.member.id for each in others])


async def hold_back(
    work: UnitOfWork, queued: QueuedItem, treatment: Treatment, now: datetime
) -> None:
    """Keep a message for the end of quiet hours, or, where it is not wanted, for good."""
    if treatment.until is not None:
        await work.outbox.keep_quiet(queued.id, treatment.until)
    else:
        await work.outbox.mark_unwanted(queued.id, now)
