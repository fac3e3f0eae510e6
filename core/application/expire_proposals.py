"""Time passes: proposals end, and reminders that were asked for come."""

from __future__ import annotations

from core.application.market import Market
from core.application.propose import void_intents
from core.application.tell import refresh_copies
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.proposal import ProposalState
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store

ENDS_BY_TIME = frozenset({ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.APPROVED})
"""What time ends: everything of which no order was sent yet."""


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
    count = 0
    async with store.begin() as work:
        for proposal_id, chat_id in await work.proposals.take_due_snoozes(market_now):
            proposal = await work.proposals.get(proposal_id)
            if proposal is None or proposal.state is not ProposalState.OPEN:
                continue
            item = OutboxItem(
                MessageKind.REMINDER,
                chat_id,
                f"reminder:{proposal_id}:{market_now.isoformat()}:{chat_id}",
                proposal.portfolio_id,
                proposal_id,
                Priority.DECISION,
            )
            count += await work.conversation.enqueue([item], now)
    return count
