"""What a command is, and how the words behind it are read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from operator import attrgetter

from bot.telegram.context import Reaction, Turn
from core.domain.permissions import Act

_HEAD = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+|$)", re.ASCII)
_ACCOUNT = re.compile(r"#([a-z0-9][a-z0-9-]*)", re.IGNORECASE | re.ASCII)
_SLUG = re.compile(r"@([a-z0-9][a-z0-9-]*)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """What stands behind a command's name.

    ``raw`` is everything as typed; ``text`` and ``items`` are without the last words ``@slug``, which names a
    portfolio, and ``#slug``, which names one of its accounts.
    """

    raw: str = ""

    @property
    def slug(self) -> str | None:
        """The portfolio named by one of the last words, if any, without the @."""
        return self._named(_SLUG)

    @property
    def account(self) -> str | None:
        """The account named by one of the last words, if any, without the #."""
        return self._named(_ACCOUNT)

    def _named(self, sign: re.Pattern[str]) -> str | None:
        for last in self._last:
            if match := sign.fullmatch(last):
                return match.group(1).lower()
        return None

    @property
    def _last(self) -> tuple[str, ...]:
        """The words at the end that name where: at most one of each kind, the very last first."""
        found: list[str] = []
        for word in reversed(self.raw.split()):
            is_where = _SLUG.fullmatch(word) or _ACCOUNT.fullmatch(word)
            if not is_where or any(word[0] == other[0] for other in found):
                break
            found.append(word)
        return tuple(found)

    @property
    def text(self) -> str:
        """The words as typed, without those that name where."""
        raw = self.raw.strip()
        for last in self._last:
            raw = raw.removesuffix(last).rstrip()
        return raw

    @property
    def items(self) -> tuple[str, ...]:
        """The single words, without those that name where."""
        return tuple(self.text.split())

    @property
    def flags(self) -> frozenset[str]:
        """The single words in lower case."""
        return frozenset(item.lower() for item in self.items)


ActOf = Callable[[Words], Act]
"""What a command's words ask for."""

Run = Callable[[Turn, Words], Awaitable[Reaction]]


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its name without the slash, what it does in a few words, and an example that works.

    ``act``: what is asked for, in the table of permissions; where words ask for more, what these words ask for.
    ``names``: the portfolio that the words name, if any.
    ``moves``: changes something, so an update that is delivered twice must be taken once. ``is_slow``: worth a
    typing indicator.
    """

    name: str
    run: Run
    summary: str
    example: str
    act: Act | ActOf
    moves: bool = False
    is_slow: bool = False
    names: Callable[[Words], str | None] = attrgetter("slug")

    def act_of(self, words: Words) -> Act:
        """What is asked for with these words."""
        return self.act if isinstance(self.act, Act) else self.act(words)


def with_words(bare: Act, more: Act) -> ActOf:
    """The act of a command that shows something, and changes it where words stand behind it."""
    return lambda words: more if words.items else bare


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
