"""Commands whose capability this version does not have: each says so, and what can be done instead."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Run, Words
from bot.telegram.commands.notes import escape, note
from bot.telegram.context import Reaction, Turn, say
from bot.words.refusals import refusal_sentence
from core.domain.permissions import Act
from core.domain.refusals import NotBuiltYet

MISSING = {
    "export": ("Exporting files", "/history and /orders show the same in the chat."),
}


def _say_so(what: str, instead: str) -> Run:
    async def run(_turn: Turn, _words: Words) -> Reaction:
        return say(note(escape(f"{refusal_sentence(NotBuiltYet(what))} {instead}")))

    return run


COMMANDS = tuple(
    Command(
        name, _say_so(what, instead), f"{what.lower()}: not built yet", f"/{name}", Act.GET_HELP
    )
    for name, (what, instead) in MISSING.items()
)
