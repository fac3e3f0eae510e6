"""Time passes: proposals end, and reminders come: those that were asked for, and one shortly before the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.application.ask_first import chats_of, not_asked
from core.application.market import Market
from core.application.propose import void_intents
from core.application.tell import deciders, deciders_of, pushes, refresh_copies, tell_deciders
from core.application.tell_channels import enqueue
from core.domain.approval import rule_of
from core.domain.ids import ChatId, ProposalId
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.portfolio import ManagedPortfolio
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
                await _tell_missing(work, proposal, now)
                await work.log.record(
                    AuditEvent(now, "expired", None, proposal.portfolio_id, proposal.id)
                )
                count += 1
    return count


async def _tell_missing(work: UnitOfWork, proposal: Proposal, now: datetime) -> None:
    """Say who was still needed, where somebody had approved what ends now."""
    if proposal.state is not ProposalState.OPEN or not proposal.approvals:
        return
    managed = await work.portfolios.get(proposal.portfolio_id)
    mark = f"r{proposal.revision.number}"
    await tell_deciders(work, managed.portfolio, proposal, MessageKind.APPROVALS_MISSING, mark, now)


async def send_reminders(store: Store, market: Market, clock: Clock) -> int:
    """Put the reminders that have come due into the outbox, and return how many."""
    market_now = await market.clock.now()
    now = clock.now()
    async with store.begin() as work:
        asked_for = await _asked_for(work, market_now)
        waiting = [
            proposal
            for proposal in await work.proposals.in_states({ProposalState.OPEN})
            if market_now < proposal.expires_at
        ]
        last_calls = await _last_calls(work, waiting, market_now)
        due = [*asked_for, *last_calls, *await _unanswered(work, waiting, now)]
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


async def _last_calls(
    work: UnitOfWork, waiting: Sequence[Proposal], market_now: datetime
) -> list[OutboxItem]:
    """One for each revision that ends soon; a tap may have been lost, or the message overlooked.

    A chat that has put it off hears of it when it wished to: half an hour before the end at the latest.
    """
    ending = [each for each in waiting if each.expires_at - LAST_CALL <= market_now]
    managed = await work.portfolios.many([proposal.portfolio_id for proposal in ending])
    running = [each.portfolio for each in managed if not each.portfolio.is_paused]
    chats = await deciders_of(work, running)
    snoozed = await work.proposals.snoozed([proposal.id for proposal in ending])
    answered = await _answered(work, ending)
    return [
        _last_call(proposal, chat)
        for proposal in ending
        for chat in chats.get(proposal.portfolio_id, ())
        if (proposal.id, chat) not in snoozed | answered
    ]


async def _answered(
    work: UnitOfWork, proposals: Sequence[Proposal]
) -> frozenset[tuple[ProposalId, ChatId]]:
    """In which private chats nothing more is asked, because their members have approved."""
    members = await work.people.memberships_of([p.portfolio_id for p in proposals if p.approvals])
    return frozenset(
        (proposal.id, chat)
        for proposal in proposals
        for chat in chats_of(
            [each.member_id for each in proposal.approvals],
            members.get(proposal.portfolio_id, ()),
        )
    )


async def _unanswered(
    work: UnitOfWork, waiting: Sequence[Proposal], now: datetime
) -> list[OutboxItem]:
    """For each revision that has waited as long as its rule says: the others are asked, the first ones reminded.

    How long people had is told by the wall's clock: it is theirs.
    """
    managed = await work.portfolios.many([proposal.portfolio_id for proposal in waiting])
    reminding = {
        each.portfolio.id: each
        for each in managed
        if each.policy.remind_after and not each.portfolio.is_paused
    }
    items: list[OutboxItem] = []
    for proposal in waiting:
        asker = reminding.get(proposal.portfolio_id)
        if asker is not None:
            since = proposal.revision.created_at + rule_of(asker.policy).remind_after
            items += await _ask_again(work, asker, proposal) if since <= now else []
    return items


async def _ask_again(
    work: UnitOfWork, managed: ManagedPortfolio, proposal: Proposal
) -> list[OutboxItem]:
    new = await not_asked(work, managed, proposal)
    silent = await work.proposals.snoozed([proposal.id]) | await _answered(work, [proposal])
    mark = f"missing:r{proposal.revision.number}"
    again = [
        replace(_reminder(proposal, chat, mark), data={"why": "missing"})
        for chat in await deciders(work, managed.portfolio)
        if chat not in new and (proposal.id, chat) not in silent
    ]
    return [*pushes(proposal, new), *again]


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
