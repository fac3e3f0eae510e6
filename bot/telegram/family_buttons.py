"""The buttons of a family: undo a joining, share with the household, hand over, accept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.telegram.commands import invite, members
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Reaction, Turn, alert, put
from bot.telegram.views.members import offer_question, takers_screen
from bot.words.labels import article, role_label
from bot.words.numbers import count
from core.application.hand_over import (
    accept_ownership,
    decline_ownership,
    offer_ownership,
    take_offer_back,
)
from core.application.households import share_portfolio
from core.application.invite_member import undo_joining
from core.application.members import list_members
from core.domain.ids import PortfolioId, UserId


async def undo(turn: Turn, portfolio_id: int, user_id: int, mark: str) -> Reaction:
    """[Undo] under the news that somebody has joined."""
    undone = await undo_joining(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        user_id=UserId(user_id),
        mark=mark,
    )
    turn.wake()
    name = bold(shown_name(undone.member.name))
    async with turn.runtime.store.read() as work:
        role = await work.people.role(undone.member.id, PortfolioId(portfolio_id))
    left = f"is {article(role_label(role))} {role_label(role)} again" if role else "is out again"
    rows = ((tap("👪 Members", "members", portfolio_id),),)
    return put(note(f"Undone: {name} {left}.", rows=rows), toast="Undone.")


async def share(turn: Turn, portfolio_id: int, wanted: int) -> Reaction:
    """[Share with the whole household], [Share it no more]."""
    come = await share_portfolio(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        shared=bool(wanted),
    )
    toast = "Nobody comes in by themselves any more."
    if wanted:
        toast = (
            f"Shared: {count(come, 'viewer has', 'viewers have')} come in." if come else "Shared."
        )
    return put(await members.everybody(turn, await turn.of_id(portfolio_id)), toast=toast)


async def ask_whom(turn: Turn, portfolio_id: int) -> Reaction:
    """[Hand over]: ask to whom."""
    current = await turn.of_id(portfolio_id)
    everybody = await list_members(
        turn.runtime.store, member=turn.member, portfolio_id=PortfolioId(portfolio_id)
    )
    return put(takers_screen(current, everybody))


async def ask_surely(turn: Turn, portfolio_id: int, user_id: int) -> Reaction:
    """Somebody was chosen: ask once more."""
    current = await turn.of_id(portfolio_id)
    return put(offer_question(current, await members.one(turn, current, user_id)))


async def offer(turn: Turn, portfolio_id: int, user_id: int) -> Reaction:
    """[Offer it]."""
    taker = await offer_ownership(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        user_id=UserId(user_id),
    )
    turn.wake()
    name = taker.member.name[:40]
    screen = await members.everybody(turn, await turn.of_id(portfolio_id))
    return put(screen, toast=f"{name} is asked, and has a day to accept.")


async def take_back(turn: Turn, portfolio_id: int) -> Reaction:
    """[Take the offer back]."""
    await take_offer_back(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    screen = await members.everybody(turn, await turn.of_id(portfolio_id))
    return put(screen, toast="Taken back: nobody is asked any more.")


async def accept(turn: Turn, portfolio_id: int) -> Reaction:
    """[Accept]: the portfolio is theirs."""
    done = await accept_ownership(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    turn.wake()
    name = bold(shown_name(done.portfolio.name))
    rows = ((tap("👪 Members", "members", portfolio_id),),)
    words = f"You own {name} now."
    if done.waits:
        words = (
            f"Accepted. {name} trades real money: everybody hears of it now, and it is yours in a day if enough "
            "have agreed."
        )
    return put(note(words, rows=rows), toast="Accepted.")


async def decline(turn: Turn, portfolio_id: int) -> Reaction:
    """[No]."""
    await decline_ownership(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    return alert("Declined.", note("You have declined: nothing changes."))


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "reinvite": invite.again,
    "uninvite": invite.take_back,
    "unjoin": undo,
    "share": share,
    "own_give": ask_whom,
    "own_to": ask_surely,
    "own_yes": offer,
    "own_back": take_back,
    "own_accept": accept,
    "own_decline": decline,
}
"""What each of them does."""
