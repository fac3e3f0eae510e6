"""Text with its entities: lengths, trimming, and the links and commands found in it.

Telegram counts in UTF-16 code units, so every offset and length here does too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sandbox.model import JsonObject

_SPACE = " \n\r\t"
_FOUND = re.compile(
    r"(?P<url>(?:(?:https?|tg)://|(?<![\w.@/])t\.me/)[^\s<>\"']+[^\s<>\"'.,:;!?)\]])"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[\w.-]*\w)"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{2,31}\b)"
    r"|(?P<bot_command>(?<![\w/<])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
)


@dataclass(frozen=True, slots=True)
class FormattedText:
    """A text and what Telegram marks in it."""

    text: str
    entities: tuple[JsonObject, ...] = ()

    @property
    def length(self) -> int:
        """Its length in UTF-16 code units."""
        return utf16_length(self.text)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units the text has."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of a text that an entity marks."""
    units = text.encode("utf-16-le", "surrogatepass")[2 * offset : 2 * (offset + length)]
    return units.decode("utf-16-le", "replace")


def trimmed(formatted: FormattedText) -> FormattedText:
    """The text without white space at its ends, as Telegram stores it.

    White space at the start that an entity covers stays, as it does on Telegram.
    """
    text = formatted.text.rstrip(_SPACE)
    first = min((entity["offset"] for entity in formatted.entities), default=len(text))
    cut = 0
    while cut < min(first, len(text)) and text[cut] in _SPACE:
        cut += 1
    text = text[cut:]
    kept = _moved(formatted.entities, cut, utf16_length(text))
    return FormattedText(text, tuple(kept))


def _moved(entities: tuple[JsonObject, ...], cut: int, end: int) -> Iterator[JsonObject]:
    for entity in entities:
        offset = entity["offset"] - cut
        length = min(entity["length"], end - offset)
        if length > 0:
            yield entity | {"offset": offset, "length": length}


def with_found_entities(formatted: FormattedText) -> FormattedText:
    """The text with commands, links, mentions and e-mail addresses marked too."""
    taken = [(each["offset"], each["offset"] + each["length"]) for each in formatted.entities]
    code = [
        (each["offset"], each["offset"] + each["length"])
        for each in formatted.entities
        if each["type"] in {"code", "pre", "text_link", "text_mention"}
    ]
    found = [
        entity
        for entity in _found_entities(formatted.text)
        if not _crosses(entity, taken) and not _overlaps(entity, code)
    ]
    return FormattedText(formatted.text, in_order([*formatted.entities, *found]))


def _found_entities(text: str) -> Iterator[JsonObject]:
    for match in _FOUND.finditer(text):
        offset = utf16_length(text[: match.start()])
        yield {
            "type": str(match.lastgroup),
            "offset": offset,
            "length": utf16_length(match.group()),
        }


def _overlaps(entity: JsonObject, spans: list[tuple[int, int]]) -> bool:
    start, end = entity["offset"], entity["offset"] + entity["length"]
    return any(start < other_end and other_start < end for other_start, other_end in spans)


def _crosses(entity: JsonObject, spans: list[tuple[int, int]]) -> bool:
    """Whether the entity overlaps a span without lying inside it or around it."""
    start, end = entity["offset"], entity["offset"] + entity["length"]
    return any(
        start < other_end
        and other_start < end
        and not (other_start <= start and end <= other_end)
        and not (start <= other_start and other_end <= end)
        for other_start, other_end in spans
    )


def in_order(entities: list[JsonObject]) -> tuple[JsonObject, ...]:
    """Entities by offset, the longer first where they begin together."""
    return tuple(sorted(entities, key=lambda each: (each["offset"], -each["length"])))
