"""``/history``: what was proposed, decided by whom, and what was changed."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.views.history import history_screen
from core.application.list_proposals import history


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the latest entries."""
    current = await turn.current(words.slug)
    found = await history(
        turn.runtime.store, member=turn.member, portfolio_id=current.portfolio.portfolio.id
    )
    return say(history_screen(current, found))


COMMAND = Command("history", run, "what was decided, by whom", "/history")
