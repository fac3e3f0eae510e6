"""``/export``: everything that is kept about a member, as a file in the private chat."""

from __future__ import annotations

import asyncio

from bot.export_file import export_zip
from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import note
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.screen import Document, Screen
from core.application.gather_export import Export, gather_export
from core.domain.permissions import Act

PRIVATELY = (
    "This file has everything about you in it: ask for it in our private chat, with /export."
)
MOST_BYTES = 45_000_000
"""Telegram takes files of up to 50 MB from a bot."""

TOO_LARGE = (
    "The file would be larger than Telegram takes. Ask the operator for a copy of your data."
)


async def run(turn: Turn, _words: Words) -> Reaction:
    """Put the file together, or say where it may be asked for."""
    return say(await export_of(turn) if turn.is_private else note(PRIVATELY))


async def export_of(turn: Turn) -> Screen:
    """The file of whoever asks, or the sentence that it is too large."""
    runtime = turn.runtime
    export = await gather_export(runtime.store, runtime.clock, member=turn.member)
    content = await asyncio.to_thread(export_zip, export)
    if len(content) > MOST_BYTES:
        return note(TOO_LARGE)
    return export_screen(export, content)


def export_screen(export: Export, content: bytes) -> Screen:
    """The file, and in a few lines what is in it."""
    cut = any(each.is_cut for each in export.portfolios)
    text = note(
        "Here is what is kept about you, and of the portfolios that you see: everything in one JSON file, "
        "and orders, decisions, lots and values as tables.",
        "Keys of brokers and addresses of channels are not in it: they are kept sealed.",
        "The oldest entries of a long history are left out." if cut else "",
    ).text
    name = f"evenkeel-{export.at:%Y-%m-%d}.zip"
    return Screen(text, document=Document(name, content))


COMMAND = Command(
    "export", run, "your data as a file", "/export", Act.EXPORT, moves=True, is_slow=True
)
