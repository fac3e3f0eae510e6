"""``/settings layout list|table``: how one likes to read."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.screen import Screen
from core.application.settings import set_layout

EXAMPLE = "/settings layout list"
NAMES = {"table": "tables", "list": "sentences"}


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the settings, or change one."""
    items = [item.lower() for item in words.items]
    if not items:
        return say(_screen(turn.member.layout))
    if items[0] != "layout" or len(items) != 2:  # noqa: PLR2004 - name and value
        raise Misunderstood(
            "The one setting is “layout”, with the values “table” and “list”.", EXAMPLE
        )
    return await choose(turn, items[1])


async def choose(turn: Turn, layout: str) -> Reaction:
    """Change the layout."""
    await set_layout(turn.runtime.store, member=turn.member, layout=layout)
    return say(_screen(layout))


def _screen(layout: str) -> Screen:
    other = "list" if layout == "table" else "table"
    return note(
        f"You read {bold(NAMES[layout])}. Sentences suit large type and screen readers.",
        rows=((tap(f"Show me {NAMES[other]} instead", "layout", other),),),
    )


COMMAND = Command("settings", run, "tables, or sentences", EXAMPLE)
