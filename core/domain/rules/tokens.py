"""Tokens: a rule's text cut into words, signs and parentheses, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """What a token is by its letters alone; what a word means depends on where it stands."""

    WORD = "word"
    OPERATOR = "operator"
    OPENING = "opening"
    CLOSING = "closing"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: ``text`` begins at place ``at``, counted from 0."""

    kind: TokenKind
    text: str
    at: int

    @property
    def lower(self) -> str:
        """The word in small letters, as the language's own words are compared."""
        return self.text.lower()


_PIECE = re.compile(
    r"(?P<operator>[<>=!≤≥≠]+)|(?P<opening>\()|(?P<closing>\))|(?P<word>[^\s<>=!≤≥≠()]+)"
)


def cut(text: str) -> list[Token]:
    """Cut any text into tokens; only white space is dropped, and the last token is the end."""
    tokens = [
        Token(TokenKind(match.lastgroup or ""), match[0], match.start())
        for match in _PIECE.finditer(text)
    ]
    return [*tokens, Token(TokenKind.END, "", len(text))]
