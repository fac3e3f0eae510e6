"""``/new Name with spaces``: another portfolio, which this person owns; ``by hand`` behind it: at no interface."""

from __future__ import annotations

import re

from bot.telegram.commands import holdings
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, shown_name
from bot.telegram.context import Misunderstood, Reaction, Turn
from bot.telegram.setup import choose_targets
from core.application.create_portfolio import BY_HAND, create_portfolio
from core.domain.permissions import Act

_BY_HAND = re.compile(r"(.+?)[\s,·–-]+(?:by hand|manual)", re.IGNORECASE)


async def run(turn: Turn, words: Words) -> Reaction:
    """Make it, and go on to its targets."""
    if not words.raw:
        raise Misunderstood("Give the new portfolio a name.", "/new Holiday money")
    by_hand = _BY_HAND.fullmatch(words.raw)
    runtime = turn.runtime
    current = await create_portfolio(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        name=by_hand[1] if by_hand else words.raw,
        chat=turn.chat,
        broker=BY_HAND if by_hand else runtime.settings.broker,
    )
    if by_hand:
        return await holdings.begin(turn, current)
    made = f"{bold(shown_name(current.portfolio.portfolio.name))} is made, and this chat is about it now."
    return await choose_targets(turn, current, greeting=made)


COMMAND = Command(
    "new", run, "make another portfolio", "/new Holiday money", Act.MAKE_PORTFOLIO, moves=True
)
