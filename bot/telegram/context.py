"""Context: what a member asks for in a chat, and what the bot does in answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from telegram import Bot

from bot.runtime import Runtime
from bot.telegram.screen import Screen
from core.application.choose_portfolio import (
    Current,
    current_portfolio,
    my_portfolios,
    portfolio_by_id,
)
from core.application.hide_amounts import amounts_hidden
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member
from core.domain.proposal import Proposal
from core.domain.refusals import NoPortfolio
from core.ports.store import Chat


class Misunderstood(Exception):
    """Words that a command cannot read; says what was wrong, in plain text, with an example that works."""

    def __init__(self, sentence: str, example: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.example = example


class AmountsHidden(Exception):
    """A group in which a portfolio's amounts are hidden: what would show them is opened in private instead."""

    def __init__(self, portfolio_id: PortfolioId) -> None:
        super().__init__(f"amounts of portfolio {portfolio_id} are hidden here")
        self.portfolio_id = portfolio_id


@dataclass(frozen=True, slots=True)
class Turn:
    """One member's message or tap: who, where, and everything that is needed to serve it.

    ``mark`` is the request's number (``identity.request_mark``), ``place`` the name of the message.
    ``message_id`` is the typed message, or the one whose button was tapped (``is_on_picture``: it shows one).
    ``is_amountless``: what is asked for shows no amounts, so it is answered in a group where those are hidden too.
    """

    runtime: Runtime
    bot: Bot
    member: Member
    chat: Chat
    message_id: int
    mark: int
    place: str = ""
    is_on_picture: bool = False
    is_amountless: bool = False

    @property
    def key(self) -> str:
        """A name for this request that stays the same when Telegram delivers it twice."""
        return f"update:{self.mark}"

    @property
    def tap_key(self) -> str:
        """A name for the tap on this message's button: tapped twice, it is the same."""
        return f"tap:{self.place}"

    @property
    def is_private(self) -> bool:
        """Whether nobody else reads this chat."""
        return self.chat.kind == "private"

    @property
    def asks_from(self) -> ChatId | None:
        """The chat to which a plan that is asked for is pushed; None in a topic, where it is answered with the plan."""
        return None if self.chat.topic_id else self.chat.id

    async def current(self, slug: str | None = None) -> Current:
        """The portfolio that is meant: the one named, else the chat's; raises NoPortfolio or UnknownPortfolio.

        A group never gets to see another portfolio than its own because somebody in it has one; raises AmountsHidden
        where it may not see the amounts either, and what is asked for would show them.
        """
        if slug is None and not self.is_private:
            slug = await self._of_group()
        found = await current_portfolio(
            self.runtime.store,
            member=self.member,
            chat_id=self.chat.id,
            topic_id=self.chat.topic_id,
            slug=slug,
        )
        await self.require_shown(found.portfolio.portfolio.id)
        return found

    async def hides(self, portfolio_id: PortfolioId) -> bool:
        """Whether this chat must not show a portfolio's amounts."""
        if self.is_private:
            return False
        async with self.runtime.store.read() as work:
            return await amounts_hidden(work, portfolio_id, self.chat.id)

    async def require_shown(self, portfolio_id: PortfolioId) -> None:
        """Raise AmountsHidden where this chat must not show a portfolio's amounts, and an answer would."""
        if not self.is_amountless and await self.hides(portfolio_id):
            raise AmountsHidden(portfolio_id)

    async def _of_group(self) -> str:
        """The short name of this group's portfolio, or of the only one that the member has."""
        mine = await my_portfolios(self.runtime.store, member=self.member)
        if not mine:
            raise NoPortfolio
        async with self.runtime.store.read() as work:
            chat = await work.conversation.chat(self.chat.id, self.chat.topic_id)
        chosen = chat.portfolio_id if chat else None
        slugs = {portfolio.id: portfolio.slug for portfolio, _ in mine}
        if chosen is None and len(slugs) > 1:
            raise Misunderstood(
                "Say which portfolio this group is about: an owner of it chooses it once.",
                f"/portfolio @{mine[0][0].slug}",
            )
        if chosen is not None and chosen not in slugs:
            raise Misunderstood("This group is about a portfolio that you do not belong to.")
        return slugs[chosen] if chosen is not None else mine[0][0].slug

    async def of_id(self, portfolio_id: int) -> Current:
        """One of the member's portfolios, by the number in a button; raises UnknownPortfolio or AmountsHidden."""
        found = await portfolio_by_id(
            self.runtime.store, member=self.member, portfolio_id=PortfolioId(portfolio_id)
        )
        await self.require_shown(found.portfolio.portfolio.id)
        return found

    async def portfolio_id(self, slug: str | None = None) -> PortfolioId:
        """The id of the portfolio that is meant."""
        return (await self.current(slug)).portfolio.portfolio.id

    def wake(self) -> None:
        """Let the scheduler see at once that there is something to send or to carry out."""
        self.runtime.work_arrived.set()


@dataclass(frozen=True, slots=True)
class Said:
    """A screen, and the proposal that it shows, if any: such a message is kept up to date afterwards."""

    screen: Screen
    shows: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """What the bot does in answer to a message or a tap.

    ``edit`` takes the place of the tapped message (after a command it is sent like ``says``). ``toast`` is the
    short plain text over the chat after a tap; an alert must be closed by hand. ``later`` is more to
    say once something has happened.
    """

    says: tuple[Said, ...] = ()
    edit: Said | None = None
    toast: str = ""
    is_alert: bool = False
    later: Callable[[], Awaitable[Reaction]] | None = None

    def after(self, later: Callable[[], Awaitable[Reaction]]) -> Reaction:
        """The same, with more to say later."""
        return replace(self, later=later)


NOTHING = Reaction()
"""Nothing to say: what was asked for comes by itself."""


def say(*screens: Screen) -> Reaction:
    """Answer with new messages."""
    return Reaction(says=tuple(Said(screen) for screen in screens))


def put(screen: Screen, proposal: Proposal | None = None, *, toast: str = "") -> Reaction:
    """Put a screen in the place of the tapped message."""
    return Reaction(edit=Said(screen, proposal), toast=toast)


def alert(text: str, screen: Screen | None = None, proposal: Proposal | None = None) -> Reaction:
    """Say something that must be closed by hand, and bring the tapped message to its present state."""
    edit = Said(screen, proposal) if screen is not None else None
    return Reaction(edit=edit, toast=text, is_alert=True)
