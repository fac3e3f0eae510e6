"""What a letter is written from, and what it comes to: the scene of an outbox item, and the letter."""

from __future__ import annotations

from dataclasses import dataclass

from bot.telegram.screen import Screen
from core.application.hide_amounts import amounts_hidden
from core.application.measured import number_of
from core.application.show_change import ChangeView, change_view
from core.application.show_proposal import ProposalView, view_of
from core.domain.hold import Hold
from core.domain.ids import AccountId, ChangeId, MemberId, UserId
from core.domain.membership import Role
from core.domain.outbox import Copy, MessageKind, OutboxItem
from core.domain.portfolio import ManagedAccount, ManagedPortfolio
from core.domain.proposal import Proposal
from core.ports.store import UnitOfWork


@dataclass(frozen=True, slots=True)
class Scene:
    """What the store knows about an item when it is about to be sent.

    ``reader`` is whose private chat it goes to, None in a group; ``role`` is theirs in the portfolio.
    ``veil`` is None where the chat may see amounts; else the bot's user name, for the way into the private chat.
    ``is_over``: it is about a check without a plan, and a later one has measured the portfolio.
    """

    view: ProposalView | None
    managed: ManagedPortfolio | None
    copies: tuple[Copy, ...]
    layout: str
    holds: tuple[Hold, ...] = ()
    change: ChangeView | None = None
    reader: MemberId | None = None
    role: Role | None = None
    veil: str | None = None
    is_over: bool = False

    @property
    def last_copy(self) -> int | None:
        """The id of the latest message in the chat that shows the proposal."""
        return max((copy.message_id for copy in self.copies), default=None)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to send: its screen, what it answers, and the proposal that it shows, if any."""

    screen: Screen
    reply_to: int | None = None
    shows: Proposal | None = None


async def read_scene(work: UnitOfWork, item: OutboxItem, username: str | None = None) -> Scene:
    """Gather what an item needs, inside a unit of work; ``username`` is the bot's, for links into its chat."""
    view: ProposalView | None = None
    copies: tuple[Copy, ...] = ()
    if item.proposal_id is not None:
        view = await view_of(work, item.proposal_id)
        copies = tuple(
            copy
            for copy in await work.proposals.copies(item.proposal_id)
            if copy.chat_id == item.chat_id
        )
    managed = view.managed if view else None
    if managed is None and item.portfolio_id is not None:
        managed = await work.portfolios.get(item.portfolio_id)
    member = await work.people.member_of_user(UserId(item.chat_id))
    holds: tuple[Hold, ...] = ()
    if managed is not None:
        standing = await work.holds.standing_in([managed.portfolio.id])
        holds = standing.get(managed.portfolio.id, ())
    veil = None
    if managed is not None and await amounts_hidden(work, managed.portfolio.id, item.chat_id):
        veil = username or ""
    return Scene(
        view,
        managed,
        copies,
        member.layout if member else "table",
        holds,
        await _change(work, item),
        member.id if member else None,
        await work.people.role(member.id, managed.portfolio.id) if member and managed else None,
        veil,
        is_over=await _is_over(work, item),
    )


async def _change(work: UnitOfWork, item: OutboxItem) -> ChangeView | None:
    """The change that an item is about, if it is about one."""
    number = item.data.get("change")
    return None if number is None else await change_view(work, ChangeId(int(number)))


async def _is_over(work: UnitOfWork, item: OutboxItem) -> bool:
    """Whether the trouble of a check is over by now: the latest one has measured a value."""
    if item.kind is not MessageKind.CHECK_REFUSED or item.portfolio_id is None:
        return False
    last = await work.checks.last(item.portfolio_id)
    return last is not None and number_of(last, "total") is not None


def part_of(item: OutboxItem, managed: ManagedPortfolio) -> ManagedAccount:
    """The account that an item is about; one that names none is of when there was only one."""
    number = item.data.get("account")
    return managed.parts[0] if number is None else managed.part(AccountId(int(number)))
