"""``/cancel``: end what was begun in this chat."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import note
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.dialogues import end_dialogue
from core.domain.permissions import Act


async def run(turn: Turn, _words: Words) -> Reaction:
    """End the dialogue, if there is one."""
    if await end_dialogue(turn):
        return say(note("Cancelled. Nothing was changed by what you had begun."))
    return say(
        note(
            "There is nothing to cancel. To decide about a proposal, use its buttons: /proposals "
            "shows what is open."
        )
    )


COMMAND = Command("cancel", run, "end what you had begun", "/cancel", Act.GET_HELP)
