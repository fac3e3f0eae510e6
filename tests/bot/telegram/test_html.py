"""Telegram's HTML, held against a parser of Telegram's own dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.html_entities import parse_html
from bot.telegram.html import (
    TEXT_LIMIT,
    bold,
    code,
    escape,
    plain,
    pre,
    shown_length,
    shown_name,
    split_html,
)

anything = st.text(st.characters(blacklist_categories=())) | st.sampled_from(
    [
        "<b>",
        "</b><script>",
        "&amp;&lt;",
        "'; DROP TABLE members; --",
        "../../x",
        "=cmd()",
        "\u202edlog\u202c",
        "a\u200bb\u2060c",
        "line\nbreak\r\n",
        "\ud800",
        "👨\u200d👩\u200d👧",
    ]
)


@pytest.mark.fault(56)
@given(anything)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    markup = bold(escape(text))
    shown = parse_html(markup)
    assert shown.text == plain(markup)
    assert all(entity["type"] == "bold" for entity in shown.entities)


@pytest.mark.fault(56)
@given(anything)
def test_names_are_short_visible_and_on_one_line(text: str) -> None:
    shown = plain(shown_name(text))
    assert 1 <= len(shown) <= 40
    assert "\n" not in shown
    assert not set(shown) & set("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2069\x00")


@pytest.mark.fault(56)
def test_characters_that_reverse_or_hide_are_taken_out() -> None:
    assert shown_name("Mum\u202e<b>live</b>\u200b") == "Mum&lt;b&gt;live&lt;/b&gt;"
    assert shown_name("\u200b\u2063\u3164") == "(no name)"
    assert shown_name("x" * 1_000_000) == "x" * 39 + "…"
    assert escape("two\nlines") == "two lines"


def test_tables_keep_their_lines() -> None:
    assert plain(pre(["a  1", "b <2"])) == "a  1\nb <2"
    assert code("a&b") == "<code>a&amp;b</code>"


def test_short_text_is_one_message() -> None:
    assert split_html("<b>hi</b>") == ["<b>hi</b>"]


def test_splits_at_lines_and_reopens_the_table() -> None:
    """
    4 lines of 4 characters in a table, a limit of 10 -> two lines a part, each a whole table
    """
    parts = split_html(pre(["aaaa", "bbbb", "cccc", "dddd"]), limit=10)
    assert parts == ["<pre>aaaa\nbbbb</pre>", "<pre>cccc\ndddd</pre>"]


def test_nested_tags_are_closed_and_opened_in_order() -> None:
    parts = split_html("<b>one\n<i>two\nthree</i> four</b>", limit=8)
    assert parts == ["<b>one\n<i>two</i></b>", "<b><i>three</i> fo</b>", "<b>ur</b>"]


lines = st.lists(st.text(st.characters(codec="utf-8"), max_size=60), min_size=1, max_size=40)


@pytest.mark.fault(55)
@given(lines, st.integers(8, 200))
def test_every_part_is_whole_and_nothing_is_lost(rows: list[str], limit: int) -> None:
    markup = "\n".join(
        bold(escape(row)) if number % 3 else pre([escape(row), "x"])
        for number, row in enumerate(rows)
    )
    parts = split_html(markup, limit)
    whole = "".join(plain(markup).split())
    assert "".join("".join(plain(part).split()) for part in parts) == whole
    for part in parts:
        assert parse_html(part).text.strip()
        assert shown_length(part) <= limit


@pytest.mark.fault(55)
def test_a_report_of_300_positions_is_split_into_whole_messages() -> None:
    rows = [
        f"{number:3}. Bought {number} TICK{number} at $123.45 &amp; more" for number in range(300)
    ]
    parts = split_html("<b>Report</b>\n" + "\n".join(rows))
    assert len(parts) > 1
    assert all(len(parse_html(part).text) <= TEXT_LIMIT for part in parts)
    assert "\n".join(parts).count("Bought") == 300
    assert all(part.endswith("more") for part in parts)


@pytest.mark.parametrize("char", ["😀", "é", "&amp;"])
def test_a_line_longer_than_a_message_is_cut_between_characters(char: str) -> None:
    parts = split_html(char * 25, limit=10)
    assert "".join(plain(part) for part in parts) == plain(char) * 25
    assert all(shown_length(part) <= 10 for part in parts)
