"""``/changes``: the changes of a live portfolio that wait for agreement or for their time."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.views.changes import changes_screen
from core.application.show_change import list_changes
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Show what waits."""
    current = await turn.current(words.slug)
    views = await list_changes(
        turn.runtime.store, member=turn.member, portfolio_id=current.portfolio.portfolio.id
    )
    return say(changes_screen(current, views, turn.runtime.clock.now()))


COMMAND = Command(
    "changes", run, "changes of a live portfolio that wait", "/changes", Act.SEE_CHANGES
)
