"""Home: the group, or its topic, in which a portfolio's proposals are put, and not into private chats."""

from __future__ import annotations

from dataclasses import replace

from core.application.access import require_role
from core.domain.ids import PortfolioId
from core.domain.membership import Member
from core.domain.permissions import Act
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Chat, Store


async def set_home_chat(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, chat: Chat | None
) -> None:
    """Make a group, or a topic of it, the portfolio's home; None goes back to private chats.

    Commands typed there act on the portfolio from then on.
    """
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.CHOOSE_HOME)
        if chat is not None:
            await work.conversation.save_chat(replace(chat, portfolio_id=portfolio_id))
        await work.portfolios.set_home_chat(
            portfolio_id, chat.id if chat else None, chat.topic_id if chat else None
        )
        await work.log.record(
            AuditEvent(
                clock.now(),
                "home_chat_set",
                member.id,
                portfolio_id,
                data=str(chat.id) if chat else "",
            )
        )
