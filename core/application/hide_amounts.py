"""Hide amounts: in a group everybody reads along, so amounts stay hidden there until an owner shows them."""

from __future__ import annotations

from datetime import datetime

from core.application.access import require_role
from core.application.tell import refresh_copies
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

SHOWN_AGAIN = 20
"""So many of a portfolio's latest proposals are looked through for messages that show their amounts."""


async def amounts_hidden(work: UnitOfWork, portfolio_id: PortfolioId, chat_id: ChatId) -> bool:
    """Whether a chat must not show a portfolio's amounts: a group where no owner has allowed it."""
    return chat_id < 0 and not await work.conversation.shows_amounts(portfolio_id, chat_id)


async def show_amounts(
    store: Store,
    clock: Clock,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    chat_id: ChatId,
    shown: bool,
) -> None:
    """Let everybody in a group read a portfolio's amounts, or no longer; what stands there is edited accordingly."""
    now = clock.now()
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.SHOW_AMOUNTS)
        await work.conversation.show_amounts(portfolio_id, chat_id, shown=shown)
        await _edit_messages(work, portfolio_id, chat_id, now)
        kind = "amounts_shown" if shown else "amounts_hidden"
        await work.log.record(AuditEvent(now, kind, member.id, portfolio_id, data=str(chat_id)))


async def _edit_messages(
    work: UnitOfWork, portfolio_id: PortfolioId, chat_id: ChatId, now: datetime
) -> None:
    for proposal in await work.proposals.recent(portfolio_id, SHOWN_AGAIN):
        copies = await work.proposals.copies(proposal.id)
        if any(copy.chat_id == chat_id for copy in copies):
            await refresh_copies(work, proposal, now)
