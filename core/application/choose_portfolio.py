"""Choose: which portfolio a chat's commands act on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.domain.ids import ChatId, PortfolioId, TopicId
from core.domain.membership import Member, Role
from core.domain.portfolio import ManagedPortfolio, Portfolio, under_own_names
from core.domain.refusals import NoPortfolio, UnknownPortfolio
from core.ports.store import Chat, Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class Current:
    """The portfolio that a command acts on, and what the member may do there."""

    portfolio: ManagedPortfolio
    role: Role


async def my_portfolios(store: Store, *, member: Member) -> tuple[tuple[Portfolio, Role], ...]:
    """Return the member's portfolios with the role in each."""
    async with store.read() as work:
        found = []
        for portfolio in await portfolios_of(work, member):
            role = await work.people.role(member.id, portfolio.id)
            if role is not None:
                found.append((portfolio, role))
        return tuple(found)


async def portfolios_of(work: UnitOfWork, member: Member) -> tuple[Portfolio, ...]:
    """The member's portfolios, each under a short name of its own: another household may use the same one."""
    return under_own_names(await work.portfolios.of_member(member.id))


async def current_portfolio(
    store: Store,
    *,
    member: Member,
    chat_id: ChatId,
    slug: str | None = None,
    topic_id: TopicId | None = None,
) -> Current:
    """Return the portfolio named by ``slug``, else the chat's current one, else the member's first.

    Raises NoPortfolio or UnknownPortfolio.
    """
    async with store.read() as work:
        chat = await work.conversation.chat(chat_id, topic_id)
        chosen = await _choose(work, member, chat, slug)
        return await _current(work, member, chosen)


async def portfolio_by_id(store: Store, *, member: Member, portfolio_id: PortfolioId) -> Current:
    """Return one of the member's portfolios by its number; raises UnknownPortfolio."""
    async with store.read() as work:
        for portfolio in await portfolios_of(work, member):
            if portfolio.id == portfolio_id:
                return await _current(work, member, portfolio)
    raise UnknownPortfolio(slug="")


async def choose_portfolio(store: Store, *, member: Member, chat: Chat, slug: str) -> Current:
    """Make a portfolio the chat's current one."""
    async with store.begin() as work:
        chosen = await _choose(work, member, None, slug)
        await work.conversation.save_chat(replace(chat, portfolio_id=chosen.id))
        return await _current(work, member, chosen)


async def _choose(
    work: UnitOfWork, member: Member, chat: Chat | None, slug: str | None
) -> Portfolio:
    mine = await portfolios_of(work, member)
    if not mine:
        raise NoPortfolio
    if slug is None:
        remembered = chat.portfolio_id if chat else None
        return next((p for p in mine if p.id == remembered), mine[0])
    wanted = slug.lstrip("@").casefold()
    for portfolio in mine:
        if portfolio.slug == wanted:
            return portfolio
    raise UnknownPortfolio(slug, tuple(p.slug for p in mine))


async def _current(work: UnitOfWork, member: Member, chosen: Portfolio) -> Current:
    role = await work.people.role(member.id, chosen.id)
    if role is None:
        raise NoPortfolio
    managed = await work.portfolios.get(chosen.id)
    return Current(replace(managed, portfolio=replace(managed.portfolio, slug=chosen.slug)), role)
