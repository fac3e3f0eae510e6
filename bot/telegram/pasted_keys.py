"""Pasted keys: a message that looks like a key or token is removed, and its writer told to revoke it.

Keys belong on the server; in a chat they have been read by Telegram and by everybody in it.
"""

from __future__ import annotations

import re
from contextlib import suppress

from telegram import Message
from telegram.error import TelegramError

from bot.telegram.commands.notes import note
from bot.telegram.screen import Screen

_KNOWN = re.compile(
    r"\b\d{6,12}:[A-Za-z0-9_-]{30,}"  # a Telegram bot's token
    r"|\b[PAC]K[A-Z0-9]{16,30}\b"  # an Alpaca key id
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}"
)
_WORD = re.compile(r"(?<![\w/+=.:-])[A-Za-z0-9/+_=-]{32,128}(?![\w/+=.:-])")
_MIXED = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"\d"))


def looks_like_a_key(text: str) -> bool:
    """Whether a text holds something that only a key, token or secret looks like."""
    if _KNOWN.search(text):
        return True
    return any(
        all(kind.search(word) for kind in _MIXED)
        for word in _WORD.findall(text)
        if "/" not in word[:1]
    )


async def remove(message: Message) -> Screen:
    """Delete the message where that is permitted, and return what its writer is told."""
    is_gone = False
    with suppress(TelegramError):
        is_gone = await message.delete()
    first = (
        "That looked like a key or a password, so I deleted your message."
        if is_gone
        else "That looked like a key or a password: delete your message now, I may not do it here."
    )
    return note(
        f"⚠ {first}",
        "Revoke it at once where you made it, and make a new one: what stood in a chat has been "
        "read. I never take keys here. They are entered on the server only, in its settings.",
    )
