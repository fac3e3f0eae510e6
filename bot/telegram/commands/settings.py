"""``/settings layout table|list``, ``/settings picture light|dark``: how one likes to read."""

from __future__ import annotations

from dataclasses import replace

from bot.telegram.commands import channels
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, code, note, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.screen import Screen
from core.application.settings import set_layout, set_picture
from core.domain.membership import Member

EXAMPLE = "/settings layout list"
LAYOUTS = {"table": "tables", "list": "sentences"}
OTHERS = {"table": "list", "list": "table", "light": "dark", "dark": "light"}


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the settings, or change one."""
    match words.raw.split():
        case [word, *rest] if word.lower() == channels.WORD:
            return await channels.run(turn, rest)
    match [item.lower() for item in words.items]:
        case []:
            return say(_screen(turn.member))
        case ["layout", layout]:
            return await choose(turn, layout)
        case ["picture", picture]:
            return await choose_picture(turn, picture)
        case _:
            raise Misunderstood(
                "There are two settings: “layout” with the values “table” and “list”, and "
                "“picture” with “light” and “dark”; “channel” adds another way to reach you.",
                EXAMPLE,
            )


async def choose(turn: Turn, layout: str) -> Reaction:
    """Change the layout."""
    await set_layout(turn.runtime.store, member=turn.member, layout=layout)
    return say(_screen(replace(turn.member, layout=layout)))


async def choose_picture(turn: Turn, picture: str) -> Reaction:
    """Change the pictures."""
    await set_picture(turn.runtime.store, member=turn.member, picture=picture)
    return say(_screen(replace(turn.member, picture=picture)))


def _screen(member: Member) -> Screen:
    layout, picture = OTHERS[member.layout], OTHERS[member.picture]
    return note(
        f"You read {bold(LAYOUTS[member.layout])}, and pictures for {bold(member.picture)} chats. "
        "Sentences suit large type and screen readers.",
        f"Mail, push and others: {code('/settings channel')}",
        rows=(
            (tap(f"Show me {LAYOUTS[layout]} instead", "layout", layout),),
            (tap(f"Pictures for {picture} chats", "picture", picture),),
        ),
    )


COMMAND = Command("settings", run, "tables or sentences, light or dark", EXAMPLE)
