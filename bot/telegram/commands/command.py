"""What a command is, and how the words behind it are read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.telegram.context import Reaction, Turn

_HEAD = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+|$)", re.ASCII)
_SLUG = re.compile(r"@([a-z0-9][a-z0-9-]*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """What stands behind a command's name.

    ``raw`` is everything as typed; ``text`` and ``items`` are without a last word ``@slug``, which names a portfolio.
    """

    raw: str = ""

    @property
    def slug(self) -> str | None:
        """The portfolio named by the last word, if any, without the @."""
        last = self.raw.split()[-1:]
        match = _SLUG.fullmatch(last[0]) if last else None
        return match.group(1).lower() if match else None

    @property
    def text(self) -> str:
        """The words as typed, without the portfolio's."""
        raw = self.raw.strip()
        return raw if self.slug is None else raw[: raw.rindex("@")].rstrip()

    @property
    def items(self) -> tuple[str, ...]:
        """The single words, without the portfolio's."""
        return tuple(self.text.split())

    @property
    def flags(self) -> frozenset[str]:
        """The single words in lower case."""
        return frozenset(item.lower() for item in self.items)


Run = Callable[[Turn, Words], Awaitable[Reaction]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name without the slash, what it does in a few words, and an example that works.

    ``moves``: changes something, so an update that is delivered twice must be taken once. ``is_slow``: worth a
    typing indicator.
    """

    name: str
    run: Run
    summary: str
    example: str
    moves: bool = False
    is_slow: bool = False


@dataclass(frozen=True, slots=True)
class Typed:
    """A typed command: its name in lower case, the bot it was addressed to, if any, and the words behind it."""

    name: str
    addressee: str | None
    words: Words


def read_command(text: str) -> Typed | None:
    """Read a message that begins with a slash; None for any other."""
    match = _HEAD.match(text.strip())
    if match is None:
        return None
    rest = text.strip()[match.end() :]
    return Typed(match.group(1).lower(), match.group(2), Words(rest.strip()))
