"""Lose a home: a group cannot be written to any more, so what went there goes to private chats again."""

from __future__ import annotations

from datetime import datetime

from core.application.hold_account import owners
from core.application.tell import tell_proposal
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.portfolio import Portfolio
from core.domain.proposal import ProposalState
from core.ports.store import AuditEvent, UnitOfWork


async def lose_home(work: UnitOfWork, chat_id: ChatId, now: datetime) -> int:
    """Let every portfolio leave a group that is lost, and tell its owners, once; returns how many had lived there.

    Open proposals are put to each approver anew, as nobody can decide about them in the group any more.
    """
    homeless = await work.portfolios.at_home(chat_id)
    for portfolio in homeless:
        await work.portfolios.set_home_chat(portfolio.id, None)
        await work.log.record(
            AuditEvent(now, "home_chat_lost", None, portfolio.id, data=str(chat_id))
        )
        await enqueue(work, await _notices(work, portfolio, chat_id, now), now)
        moved = (await work.portfolios.get(portfolio.id)).portfolio
        waiting = (await work.proposals.blocking([portfolio.id])).get(portfolio.id, ())
        for proposal in waiting:
            if proposal.state is ProposalState.OPEN:
                await tell_proposal(work, moved, proposal, now)
    return len(homeless)


async def _notices(
    work: UnitOfWork, portfolio: Portfolio, chat_id: ChatId, now: datetime
) -> list[OutboxItem]:
    kind = MessageKind.HOME_LOST
    return [
        OutboxItem(
            kind, chat, f"{kind}:{portfolio.id}:{chat_id}:{now.isoformat()}:{chat}", portfolio.id
        )
        for chat in await owners(work, portfolio)
    ]
