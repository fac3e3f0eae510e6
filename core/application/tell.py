"""Tell: put what must be said about a portfolio or proposal into the outbox, for everybody whom it concerns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from core.application.refresh_pinned import refresh_pinned
from core.application.tell_channels import enqueue
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.permissions import Act, may
from core.domain.portfolio import Portfolio
from core.domain.proposal import Proposal, ProposalState
from core.ports.store import UnitOfWork

_DECIDING = frozenset(role for role in Role if may(role, Act.APPROVE))


WAITS_FOR_PEOPLE = frozenset({ProposalState.OPEN, ProposalState.SCHEDULED, ProposalState.APPROVED})
"""The states of a proposal whose messages name who has approved and who may."""


async def deciders(work: UnitOfWork, portfolio: Portfolio) -> tuple[ChatId, ...]:
    """Where decisions are asked for: the portfolio's home chat, or else each reachable approver's private chat."""
    return (await deciders_of(work, [portfolio]))[portfolio.id]


async def deciders_of(
    work: UnitOfWork, portfolios: Collection[Portfolio]
) -> dict[PortfolioId, tuple[ChatId, ...]]:
    """The same for many portfolios."""
    return await chats_of(work, {each.id: each.home_chat_id for each in portfolios})


async def chats_of(
    work: UnitOfWork, homes: Mapping[PortfolioId, ChatId | None]
) -> dict[PortfolioId, tuple[ChatId, ...]]:
    """The same for portfolios of which only the home chat is known."""
    alone = [portfolio_id for portfolio_id, home in homes.items() if home is None]
    private = await work.people.chats_of(alone, _DECIDING) if alone else {}
    return {
        portfolio_id: private.get(portfolio_id, ()) if home is None else (home,)
        for portfolio_id, home in homes.items()
    }


async def tell_proposal(
    work: UnitOfWork,
    portfolio: Portfolio,
    proposal: Proposal,
    now: datetime,
    also: Collection[ChatId] = (),
) -> int:
    """Push a proposal's current revision to everybody who decides (and to the chat that asked)."""
    chats = (*await deciders(work, portfolio), *also)
    return await enqueue(work, pushes(proposal, chats), now)


def pushes(proposal: Proposal, chats: Collection[ChatId]) -> list[OutboxItem]:
    """A proposal's current revision as one message to each of these chats."""
    mark = f"r{proposal.revision.number}"
    return [
        _about(proposal, MessageKind.PROPOSAL, chat, mark, Priority.DECISION)
        for chat in dict.fromkeys(chats)
    ]


async def refresh_copies(work: UnitOfWork, proposal: Proposal, now: datetime) -> None:
    """Have every message that shows a proposal edited to what is true now."""
    chats = dict.fromkeys(copy.chat_id for copy in await work.proposals.copies(proposal.id))
    mark = (
        f"{proposal.state}:r{proposal.revision.number}:d{len(proposal.decisions)}:{now.isoformat()}"
    )
    items = [_about(proposal, MessageKind.REFRESH, chat, mark, Priority.REPORT) for chat in chats]
    await enqueue(work, items, now)
    await refresh_pinned(work, [proposal.portfolio_id], now)


async def refresh_undecided(work: UnitOfWork, portfolio_id: PortfolioId, now: datetime) -> None:
    """The same for all of a portfolio's proposals that wait for people: who may approve is not who it was."""
    for proposal in await work.proposals.in_states(WAITS_FOR_PEOPLE, portfolio_id):
        await refresh_copies(work, proposal, now)


async def tell_deciders(
    work: UnitOfWork,
    portfolio: Portfolio,
    proposal: Proposal,
    kind: MessageKind,
    mark: str,
    now: datetime,
    *,
    priority: Priority = Priority.REPORT,
    data: Mapping[str, str] | None = None,
) -> None:
    """Send a notice to everybody who decides and to every chat that shows the proposal.

    ``mark`` is what makes it one of its kind: the same mark is told once.
    """
    shown = [copy.chat_id for copy in await work.proposals.copies(proposal.id)]
    chats = dict.fromkeys((*await deciders(work, portfolio), *shown))
    items = [_about(proposal, kind, chat, mark, priority, data) for chat in chats]
    await enqueue(work, items, now)


def _about(
    proposal: Proposal,
    kind: MessageKind,
    chat: ChatId,
    mark: str,
    priority: Priority,
    data: Mapping[str, str] | None = None,
) -> OutboxItem:
    return OutboxItem(
        kind,
        chat,
        f"{kind}:{proposal.id}:{mark}:{chat}",
        proposal.portfolio_id,
        proposal.id,
        priority,
        data or {},
    )
