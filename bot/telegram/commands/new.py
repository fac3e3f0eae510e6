"""``/new Name with spaces``: another portfolio, which this person owns."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, shown_name
from bot.telegram.context import Misunderstood, Reaction, Turn
from bot.telegram.setup import choose_targets
from core.application.create_portfolio import create_portfolio


async def run(turn: Turn, words: Words) -> Reaction:
    """Make it, and go on to its targets."""
    if not words.raw:
        raise Misunderstood("Give the new portfolio a name.", "/new Holiday money")
    runtime = turn.runtime
    current = await create_portfolio(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        name=words.raw,
        chat=turn.chat,
        broker=runtime.settings.broker,
    )
    made = f"{bold(shown_name(current.portfolio.portfolio.name))} is made, and this chat is about it now."
    return await choose_targets(turn, current, greeting=made)


COMMAND = Command("new", run, "make another portfolio", "/new Holiday money", moves=True)
