"""``/leave``: leave a portfolio; ``/leave everything``: leave for good, and have all that is kept of oneself erased."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.export import export_of
from bot.telegram.commands.notes import bold, note, shown_name
from bot.telegram.context import Misunderstood, Reaction, Turn, alert, put, say
from bot.telegram.views.leaving import (
    close_question,
    closed_screen,
    forget_question,
    forgotten_screen,
    leave_question,
)
from core.application.close_portfolio import close_portfolio
from core.application.leave_for_good import forget_member, look_at_leaving, look_at_leaving_all
from core.application.members import leave_portfolio
from core.domain.ids import PortfolioId
from core.domain.permissions import Act

EVERYTHING = "everything"

PRIVATELY = "That is between us: send /leave to me privately."


def act_of(words: Words) -> Act:
    """Leaving for good is everybody's own."""
    return Act.FORGET_ME if words.flags == {EVERYTHING} else Act.LEAVE


async def run(turn: Turn, words: Words) -> Reaction:
    """Say what stops, and ask."""
    if words.flags == {EVERYTHING}:
        if not turn.is_private:
            return say(note(PRIVATELY))
        every = await look_at_leaving_all(turn.runtime.store, member=turn.member)
        return say(forget_question(every, is_sure=False))
    if words.items:
        raise Misunderstood(
            "Alone it leaves this portfolio; “everything” erases all about you.",
            "/leave everything",
        )
    portfolio_id = (await turn.current(words.slug)).portfolio.portfolio.id
    leaving = await look_at_leaving(
        turn.runtime.store, member=turn.member, portfolio_id=portfolio_id
    )
    return say(leave_question(leaving))


async def leave(turn: Turn, portfolio_id: int) -> Reaction:
    """Leaving was confirmed."""
    name = (await turn.of_id(portfolio_id)).portfolio.portfolio.name
    await leave_portfolio(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    turn.wake()
    return put(note(f"You have left {bold(shown_name(name))}."))


async def ask_to_close(turn: Turn, portfolio_id: int) -> Reaction:
    """[Close it for good]: ask once more."""
    leaving = await look_at_leaving(
        turn.runtime.store, member=turn.member, portfolio_id=PortfolioId(portfolio_id)
    )
    return put(close_question(leaving))


async def close(turn: Turn, portfolio_id: int) -> Reaction:
    """Closing was confirmed: the file first, then the end."""
    if not turn.is_private:
        return alert(PRIVATELY)
    file = await export_of(turn)
    closed = await close_portfolio(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    turn.wake()
    return say(file, closed_screen(closed))


async def ask_again(turn: Turn) -> Reaction:
    """[Go on] with leaving for good: ask the second time."""
    every = await look_at_leaving_all(turn.runtime.store, member=turn.member)
    return put(forget_question(every, is_sure=True))


async def forget(turn: Turn) -> Reaction:
    """It was confirmed twice: the file first, then everything is erased."""
    if not turn.is_private:
        return alert(PRIVATELY)
    file = await export_of(turn)
    closed = await forget_member(turn.runtime.store, turn.runtime.clock, member=turn.member)
    turn.wake()
    return say(file, forgotten_screen(closed))


COMMAND = Command("leave", run, "leave a portfolio, or for good", "/leave", act_of)
