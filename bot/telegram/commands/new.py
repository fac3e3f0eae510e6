"""``/new Name with spaces``: another portfolio, which this person owns."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Misunderstood, Words
from bot.telegram.context import Reaction, Turn
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
    return await choose_targets(turn, current, greeting="made")


COMMAND = Command("new", run, "make another portfolio", "/new Holiday money", moves=True)
