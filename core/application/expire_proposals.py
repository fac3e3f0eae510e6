"""Time passes: proposals end, and reminders come: those that were asked for, and one shortly before the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from core.application.market import Market
from core.application.propose import void_intents
from core.application.tell import deciders_of, refresh_copies
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.proposal import Proposal, ProposalState
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

ENDS_BY_TIME = frozenset({ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.APPROVED})
"""What time ends: everything of which no order was sent yet."""


LAST_CALL = timedelta(hours=2)
"""So long before its end by the market's time, those who may decide hear of an open proposal once more."""


async def expire_proposals(store: Store, market: Market, clock: Clock) -> int:
    """End every proposal whose market time is over, and return how many."""
    market_now = await market.clock.now()
    now = clock.now()
    count = 0
    async with store.begin() as work:
        for proposal in await work.proposals.in_states(ENDS_BY_TIME):
            if market_now < proposal.expires_at:
                continue
            if await work.proposals.move(proposal.id, proposal.state, ProposalState.EXPIRED):
                await void_intents(work, proposal.id)
                await refresh_copies(work, proposal, now)
                await work.log.record(
                    AuditEvent(now, "expired", None, proposal.portfolio_id, proposal.id)
                )
                count += 1
    return count


async def send_reminders(store: Store, market: Market, clock: Clock) -> int:
    """Put the reminders that have come due into the outbox, and return how many."""
    market_now = await market.clock.now()
    now = clock.now()
    async with store.begin() as work:
        due = await _asked_for(work, market_now) + await _last_calls(work, market_now)
        return await enqueue(work, due, now)


async def _asked_for(work: UnitOfWork, market_now: datetime) -> list[OutboxItem]:
    items = []
    for proposal_id, chat_id in await work.proposals.take_due_snoozes(market_now):
        proposal = await work.proposals.get(proposal_id)
        if proposal is not None and proposal.state is ProposalState.OPEN:
            items.append(_put_off(proposal, chat_id, market_now))
    return items


def _put_off(proposal: Proposal, chat_id: ChatId, market_now: datetime) -> OutboxItem:
    """The reminder that a chat asked for; shortly before the end it is the last call as well."""
    if market_now < proposal.expires_at - LAST_CALL:
        return _reminder(proposal, chat_id, market_now.isoformat())
    return _last_call(proposal, chat_id)


async def _last_calls(work: UnitOfWork, market_now: datetime) -> list[OutboxItem]:
    """One for each revision that ends soon; a tap may have been lost, or the message overlooked.

    A chat that has put it off hears of it when it wished to: half an hour before the end at the latest.
    """
    ending = [
        proposal
        for proposal in await work.proposals.in_states({ProposalState.OPEN})
        if proposal.expires_at - LAST_CALL <= market_now < proposal.expires_at
    ]
    managed = await work.portfolios.many([proposal.portfolio_id for proposal in ending])
    running = [each.portfolio for each in managed if not each.portfolio.is_paused]
    chats = await deciders_of(work, running)
    snoozed = await work.proposals.snoozed([proposal.id for proposal in ending])
    return [
        _last_call(proposal, chat)
        for proposal in ending
        for chat in chats.get(proposal.portfolio_id, ())
        if (proposal.id, chat) not in snoozed
    ]


def _last_call(proposal: Proposal, chat: ChatId) -> OutboxItem:
    mark = f"end:r{proposal.revision.number}"
    return replace(_reminder(proposal, chat, mark), data={"why": "end"})


def _reminder(proposal: Proposal, chat: ChatId, mark: str) -> OutboxItem:
    return OutboxItem(
        MessageKind.REMINDER,
        chat,
        f"reminder:{proposal.id}:{mark}:{chat}",
        proposal.portfolio_id,
        proposal.id,
        Priority.DECISION,
    )
