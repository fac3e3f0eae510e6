"""Telegram's HTML: escaping what people typed, and splitting what is too long for one message."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

TEXT_LIMIT = 4096
"""The most characters of one message, after its markup is read."""

CAPTION_LIMIT = 1024
"""The most characters under a picture."""

NAME_LIMIT = 40

_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
_HIDDEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0")
_HIDDEN = frozenset({"Cf", "Cc", "Cs", "Cn", "Co"})
_ATOM = re.compile(r"<[^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[a-zA-Z]+);|.", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")


def neutral(text: str) -> str:
    """Somebody else's text on one line, without characters that hide or reverse what stands there.

    Direction marks, zero-width, control and unassigned characters go; line breaks become spaces.
    """
    spaced = "".join(" " if char in _SPACES else char for char in text)
    return "".join(
        char
        for char in spaced
        if char not in _HIDDEN_LETTERS and unicodedata.category(char) not in _HIDDEN
    )


def escape(text: str) -> str:
    """Somebody else's text so that Telegram shows it as it is."""
    return html.escape(neutral(text), quote=False)


def shown_name(text: str) -> str:
    """A name, cut and escaped; one in which nothing can be seen is ``(no name)``."""
    name = " ".join(neutral(text[: NAME_LIMIT * 4]).split())
    cut = name if len(name) <= NAME_LIMIT else f"{name[: NAME_LIMIT - 1]}…"
    return html.escape(cut, quote=False) or "(no name)"


def bold(markup: str) -> str:
    """Markup in bold."""
    return f"<b>{markup}</b>"


def code(text: str) -> str:
    """A text to be typed as it is; a tap copies it."""
    return f"<code>{escape(text)}</code>"


def link(markup: str, url: str) -> str:
    """Words that open a page."""
    return f'<a href="{escape(url)}">{markup}</a>'


def pre(lines: list[str]) -> str:
    """A table: monospaced lines."""
    return f"<pre>{html.escape(chr(10).join(lines), quote=False)}</pre>"


def plain(markup: str) -> str:
    """The text that markup shows."""
    return html.unescape(_TAG.sub("", markup))


def shown_length(markup: str) -> int:
    """How long Telegram finds a text: UTF-16 code units of what it shows."""
    return _units(plain(markup))


def split_html(markup: str, limit: int = TEXT_LIMIT) -> list[str]:
    """Cut a long text at its line breaks (a line that is too long: anywhere) into messages.

    Tags open at a cut are closed there, and opened again in the next part.
    """
    if shown_length(markup) <= limit:
        return [markup]
    parts: list[str] = []
    part = _Part(limit)
    for line in _lines(markup, limit):
        if not part.takes(line):
            parts.append(part.closed())
            part = _Part(limit, part.open_tags)
        part.add(line)
    parts.append(part.closed())
    return [text for text in parts if plain(text).strip()]


@dataclass(slots=True)
class _Part:
    """One message being filled line by line."""

    limit: int
    open_tags: tuple[str, ...] = ()
    length: int = 0
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.text.extend(self.open_tags)

    def takes(self, line: str) -> bool:
        return self.length + shown_length(line) <= self.limit

    def add(self, line: str) -> None:
        if not self.length and not plain(line).strip():
            line = "".join(_TAG.findall(line))  # no message begins with empty lines
        self.text.append(line)
        self.length += shown_length(line)
        for tag in _TAG.findall(line):
            self.open_tags = _after_tag(self.open_tags, tag)

    def closed(self) -> str:
        ends = "".join(f"</{_tag_name(tag)}>" for tag in reversed(self.open_tags))
        return "".join(self.text).rstrip("\n") + ends


def _after_tag(open_tags: tuple[str, ...], tag: str) -> tuple[str, ...]:
    return open_tags[:-1] if tag.startswith("</") else (*open_tags, tag)


def _tag_name(tag: str) -> str:
    return tag.strip("<>/ ").split()[0]


def _lines(markup: str, limit: int) -> Iterator[str]:
    """The lines with their breaks; one that is longer than a message in pieces."""
    for line in markup.splitlines(keepends=True):
        if shown_length(line) <= limit:
            yield line
        else:
            yield from _pieces(line, limit)


def _pieces(line: str, limit: int) -> Iterator[str]:
    piece: list[str] = []
    length = 0
    for atom in _ATOM.findall(line):
        size = 0 if atom.startswith("<") and atom.endswith(">") else _units(html.unescape(atom))
        if length + size > limit:
            yield "".join(piece)
            piece, length = [], 0
        piece.append(atom)
        length += size
    yield "".join(piece)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
