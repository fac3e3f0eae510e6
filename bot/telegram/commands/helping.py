"""``/help``: what the bot can do, in the order in which one needs it."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.views.help import help_screen
from core.domain.permissions import Act


async def run(_turn: Turn, _words: Words) -> Reaction:
    """Show the commands."""
    return say(help_screen())


COMMAND = Command("help", run, "what I can do", "/help", Act.GET_HELP)
