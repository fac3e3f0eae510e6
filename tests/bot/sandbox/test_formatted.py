from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.formatted import (
    FormattedText,
    trimmed,
    utf16_length,
    utf16_slice,
    with_found_entities,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/start CODE", [("bot_command", "/start")]),
        ("/status@evenkeel_demo_bot now", [("bot_command", "/status@evenkeel_demo_bot")]),
        ("📈 /a b", [("bot_command", "/a")]),
        ("and/or 1/2 //x", []),
        ("see https://example.com/a?b=c.", [("url", "https://example.com/a?b=c")]),
        ("t.me/evenkeel_demo_bot?start=X1", [("url", "t.me/evenkeel_demo_bot?start=X1")]),
        ("@anna and a@b.org", [("mention", "@anna"), ("email", "a@b.org")]),
        ("VTI 60 BND 40", []),
    ],
)
def test_finds_what_telegram_marks(text: str, found: list[tuple[str, str]]) -> None:
    marked = with_found_entities(FormattedText(text))
    assert [
        (each["type"], utf16_slice(text, each["offset"], each["length"]))
        for each in marked.entities
    ] == found


def test_finds_nothing_in_code() -> None:
    code = {"type": "code", "offset": 0, "length": 6}
    assert with_found_entities(FormattedText("/start", (code,))).entities == (code,)


def test_trims_white_space_and_keeps_entities_on_their_words() -> None:
    bold = {"type": "bold", "offset": 3, "length": 5}
    result = trimmed(FormattedText(" \n abc \n", (bold,)))
    assert result == FormattedText("abc", ({"type": "bold", "offset": 0, "length": 3},))


@given(st.text(max_size=40))
def test_trimming_leaves_no_white_space_at_the_ends(text: str) -> None:
    result = trimmed(FormattedText(text)).text
    assert result == text.strip(" \n\r\t")
    assert utf16_length(result) >= len(result)
