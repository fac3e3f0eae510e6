"""Telegram's HTML parse mode: markup to plain text and entities, or its very refusal.

The dialect and the wording of its errors follow Telegram's published Bot API server; byte
offsets in errors count UTF-8 bytes of the markup, offsets of entities UTF-16 code units of the
plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.formatted import FormattedText, in_order, utf16_length
from bot.sandbox.model import JsonObject

_TYPES = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
_MERGED = {"bold", "italic", "underline", "strikethrough", "spoiler"}
_LAST_CHARACTER = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,7})|#([0-9]{1,8})|([a-zA-Z]+));?")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_MEMBER_LINK = re.compile(r"tg://user\?id=(\d+)")
_WEB_LINK = re.compile(r"(?:(https?|ton|tg)://)?[^\s/?#@]+\.?[^\s]*", re.IGNORECASE)


@dataclass(slots=True)
class _OpenTag:
    name: str
    argument: str
    offset: int
    position: int


class _HtmlParser:
    """One pass over the markup; `position` is where it stands."""

    def __init__(self, markup: str) -> None:
        self.markup = markup
        self.position = 0
        self.plain: list[str] = []
        self.offset = 0
        self.open: list[_OpenTag] = []
        self.entities: list[JsonObject] = []

    def parse(self) -> FormattedText:
        while self.position < len(self.markup):
            if self.markup[self.position] != "<":
                self._character()
            elif self.markup[self.position + 1 : self.position + 2] == "/":
                self._end_tag()
            else:
                self._start_tag()
        if self.open:
            name = self.open[-1].name
            raise _refusal(f'Can\'t find end tag corresponding to start tag "{name}"')
        return FormattedText("".join(self.plain), _tidy(self.entities))

    def _character(self) -> None:
        character, self.position = _decoded(self.markup, self.position)
        self.plain.append(character)
        self.offset += utf16_length(character)

    def _start_tag(self) -> None:
        begin = self.position
        self.position += 1
        name = self._until(" \n\r\t>").lower()
        if self._ended():
            raise self._unclosed_start(begin)
        if name not in _TYPES:
            raise self._at(begin, f'Unsupported start tag "{name}"')
        argument = self._argument(name, begin)
        if name == "span" and argument != "spoiler":
            raise self._at(begin, 'Tag "span" must have class "tg-spoiler"')
        self.position += 1
        self.open.append(_OpenTag(name, argument, self.offset, len(self.plain)))

    def _argument(self, tag: str, begin: int) -> str:
        """Read the attributes up to the closing bracket; the one that counts is returned."""
        argument = ""
        while True:
            self._skip_space()
            if self._here() == ">":
                return argument
            name = self._until(" \n\r\t=>/\"'")
            if not name:
                raise self._at(begin, f'Empty attribute name in the tag "{tag}"')
            self._skip_space()
            if self._here() == "=":
                value = self._attribute_value(begin)
                argument = _meaning(tag, name, value) or argument
            elif self._ended():
                raise self._unclosed_start(begin)
            elif tag == "blockquote" and name == "expandable":
                argument = "expandable"

    def _attribute_value(self, begin: int) -> str:
        self.position += 1
        self._skip_space()
        if self._ended():
            raise self._unclosed_start(begin)
        if self._here() in "'\"":
            return self._quoted(begin)
        start = self.position
        token = _TOKEN.match(self.markup, start)
        self.position = token.end() if token else start
        if not self._ended() and self._here() not in " \n\r\t>":
            raise self._at(start, "Unexpected end of name token")
        if self._ended():
            raise self._unclosed_start(begin)
        return self.markup[start : self.position].lower()

    def _quoted(self, begin: int) -> str:
        quote = self._here()
        self.position += 1
        value: list[str] = []
        while not self._ended() and self._here() != quote:
            character, self.position = _decoded(self.markup, self.position)
            value.append(character)
        self.position += 1
        if self._ended():
            raise self._unclosed_start(begin)
        return "".join(value)

    def _end_tag(self) -> None:
        begin = self.position
        if not self.open:
            raise self._at(begin, "Unexpected end tag")
        self.position += 2
        name = self._until(" \n\r\t>").lower()
        self._skip_space()
        if self._here() != ">":
            raise self._at(begin, "Unclosed end tag")
        self.position += 1
        tag = self.open.pop()
        if name and name != tag.name:
            raise self._at(begin, f'Unmatched end tag, expected "</{tag.name}>", found "</{name}>"')
        self._close(tag)

    def _close(self, tag: _OpenTag) -> None:
        if self.offset == tag.offset:
            return
        marked = "".join(self.plain[tag.position :])
        entity = _entity(tag, marked)
        if entity:
            self.entities.append(
                {**entity, "offset": tag.offset, "length": self.offset - tag.offset}
            )

    def _here(self) -> str:
        return self.markup[self.position : self.position + 1]

    def _ended(self) -> bool:
        return self.position >= len(self.markup)

    def _skip_space(self) -> None:
        while self._here() and self._here() in " \n\r\t":
            self.position += 1

    def _until(self, stops: str) -> str:
        start = self.position
        while not self._ended() and self.markup[self.position] not in stops:
            self.position += 1
        return self.markup[start : self.position]

    def _unclosed_start(self, begin: int) -> BadRequest:
        return self._at(begin, "Unclosed start tag")

    def _at(self, position: int, reason: str) -> BadRequest:
        place = f" at byte offset {len(self.markup[:position].encode())}"
        head, comma, tail = reason.partition(", expected")
        return _refusal(head + place + comma + tail)


def parse_html(markup: str) -> FormattedText:
    """Plain text and entities of a markup; BadRequest "can't parse entities: ..." if it is bad."""
    return _HtmlParser(markup).parse()


def _refusal(reason: str) -> BadRequest:
    return BadRequest(f"can't parse entities: {reason}")


def _decoded(markup: str, position: int) -> tuple[str, int]:
    """The character at a position, a reference such as `&lt;` decoded, and where to go on."""
    reference = _REFERENCE.match(markup, position)
    if reference:
        hexadecimal, decimal, name = reference.groups()
        character = _NAMED.get(name or "", "")
        if hexadecimal or decimal:
            character = _numbered(int(hexadecimal or decimal, 16 if hexadecimal else 10))
        if character:
            return character, reference.end()
    return markup[position], position + 1


def _numbered(code: int) -> str:
    return chr(code) if 0 < code < _LAST_CHARACTER and code not in _SURROGATES else ""


def _meaning(tag: str, attribute: str, value: str) -> str:
    if tag == "a" and attribute == "href":
        return value
    if tag == "code" and attribute == "class" and value.startswith("language-"):
        return value.removeprefix("language-")
    if tag == "span" and attribute == "class" and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return ""


def _entity(tag: _OpenTag, marked: str) -> JsonObject | None:
    kind = _TYPES[tag.name]
    if kind == "text_link":
        return _link(tag.argument or marked)
    if kind == "blockquote" and tag.argument:
        return {"type": "expandable_blockquote"}
    if kind == "code" and tag.argument:
        return {"type": kind, "language": tag.argument}
    return {"type": kind}


def _link(address: str) -> JsonObject | None:
    """A link's entity; an address that is none is dropped and its text stays, as on Telegram."""
    member = _MEMBER_LINK.fullmatch(address)
    if member:
        return {"type": "text_mention", "user_id": int(member.group(1))}
    if not _WEB_LINK.fullmatch(address) or ("." not in address and "://" not in address):
        return None
    has_scheme = "://" in address
    return {"type": "text_link", "url": address if has_scheme else f"http://{address}/"}


def _tidy(entities: list[JsonObject]) -> tuple[JsonObject, ...]:
    """Telegram's order: `code` in `pre` names its language, nothing else lies inside them."""
    pre = [_with_language(each, entities) for each in entities if each["type"] == "pre"]
    others = [each for each in entities if each["type"] != "pre"]
    code = [each for each in others if each["type"] == "code" and not _inside(each, pre)]
    code = [{key: each[key] for key in ("type", "offset", "length")} for each in code]
    styled = [
        each for each in others if each["type"] != "code" and not _inside(each, [*pre, *code])
    ]
    return in_order([*pre, *code, *_merged(styled)])


def _with_language(pre: JsonObject, entities: list[JsonObject]) -> JsonObject:
    for each in entities:
        same = each["offset"] == pre["offset"] and each["length"] == pre["length"]
        if each["type"] == "code" and same and "language" in each:
            return pre | {"language": each["language"]}
    return pre


def _inside(entity: JsonObject, others: list[JsonObject]) -> bool:
    return any(
        other is not entity
        and other["offset"] <= entity["offset"]
        and entity["offset"] + entity["length"] <= other["offset"] + other["length"]
        for other in others
    )


def _merged(entities: list[JsonObject]) -> list[JsonObject]:
    """Entities with touching or nested ones of the same style made one."""
    result: list[JsonObject] = []
    for entity in in_order(entities):
        last = next((each for each in reversed(result) if each["type"] == entity["type"]), None)
        touches = last and entity["offset"] <= last["offset"] + last["length"]
        if last and touches and entity["type"] in _MERGED:
            end = max(last["offset"] + last["length"], entity["offset"] + entity["length"])
            last["length"] = end - last["offset"]
        else:
            result.append(dict(entity))
    return result
