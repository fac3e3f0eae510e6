"""Ask first: a portfolio may have some of its people asked before the others.

The others are asked once one of the first puts it off or takes an approval back, once all of the first have approved
and more people are needed, or after the time that the rule gives them. In a portfolio with a home chat all read the
same message, so nobody is asked before anybody else.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from core.application.tell import deciders, deciders_of, pushes
from core.application.tell_channels import enqueue
from core.domain.approval import able
from core.domain.ids import ChatId, MemberId, PortfolioId
from core.domain.membership import Membership
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.ports.store import UnitOfWork


async def first_asked(
    work: UnitOfWork, portfolios: Collection[ManagedPortfolio]
) -> dict[PortfolioId, tuple[ChatId, ...]]:
    """Where each portfolio's new proposals are pushed: to those who are asked first, or else to all who decide."""
    chats = await deciders_of(work, [each.portfolio for each in portfolios])
    choosy = [each for each in portfolios if _is_choosy(each)]
    if not choosy:
        return chats
    members = await work.people.memberships_of([each.portfolio.id for each in choosy])
    for managed in choosy:
        portfolio_id = managed.portfolio.id
        of_first = chats_of(first_of(managed, members.get(portfolio_id, ())), members[portfolio_id])
        reached = tuple(chat for chat in chats[portfolio_id] if chat in of_first)
        chats[portfolio_id] = reached or chats[portfolio_id]
    return chats


def _is_choosy(managed: ManagedPortfolio) -> bool:
    return bool(managed.policy.ask_first) and managed.portfolio.home_chat_id is None


def first_of(
    managed: ManagedPortfolio, memberships: Collection[Membership]
) -> tuple[MemberId, ...]:
    """Those who are asked first and may approve now."""
    may_approve = able(memberships)
    return tuple(each for each in managed.policy.ask_first if each in may_approve)


def chats_of(
    members: Collection[MemberId], memberships: Collection[Membership]
) -> frozenset[ChatId]:
    """The private chats of some members."""
    return frozenset(ChatId(m.member.user_id) for m in memberships if m.member.id in members)


async def ask_the_rest(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    proposal: Proposal,
    now: datetime,
    *,
    declined_by: MemberId | None = None,
) -> None:
    """Ask those who were not asked first, where one of the first has declined, or all of them have approved."""
    if not _is_choosy(managed):
        return
    first = first_of(managed, await work.people.memberships(managed.portfolio.id))
    given = {decision.member_id for decision in proposal.approvals}
    if declined_by not in first and not given.issuperset(first):
        return
    await enqueue(work, pushes(proposal, await not_asked(work, managed, proposal)), now)


async def not_asked(
    work: UnitOfWork, managed: ManagedPortfolio, proposal: Proposal
) -> tuple[ChatId, ...]:
    """Where decisions are asked for and no message shows the proposal yet."""
    shown = {copy.chat_id for copy in await work.proposals.copies(proposal.id)}
    return tuple(chat for chat in await deciders(work, managed.portfolio) if chat not in shown)
