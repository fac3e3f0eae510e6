from __future__ import annotations

import html
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.formatted import FormattedText, utf16_length, utf16_slice
from bot.sandbox.html_entities import parse_html


def shown(formatted: FormattedText) -> list[tuple[str, str]]:
    return [
        (entity["type"], utf16_slice(formatted.text, entity["offset"], entity["length"]))
        for entity in formatted.entities
    ]


@pytest.mark.parametrize(
    ("markup", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>b</b> <strong>s</strong>", "b s", [("bold", "b"), ("bold", "s")]),
        ("<i>i</i> <em>e</em>", "i e", [("italic", "i"), ("italic", "e")]),
        ("<u>u</u> <ins>n</ins>", "u n", [("underline", "u"), ("underline", "n")]),
        ("<s>s</s><B>!</B>", "s!", [("strikethrough", "s"), ("bold", "!")]),
        ("<strike>s</strike> <del>d</del>", "s d", [("strikethrough", c) for c in "sd"]),
        ("<tg-spoiler>x</tg-spoiler>", "x", [("spoiler", "x")]),
        ('<span class="tg-spoiler">x</span>', "x", [("spoiler", "x")]),
        ("<code>a &lt; b</code>", "a < b", [("code", "a < b")]),
        ("<pre>a\n b</pre>", "a\n b", [("pre", "a\n b")]),
        ("<blockquote>q</blockquote>", "q", [("blockquote", "q")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("📈 <b>📉x</b>", "📈 📉x", [("bold", "📉x")]),
        ("<b>a<i>b</i></b>", "ab", [("bold", "ab"), ("italic", "b")]),
        ("<b>a<b>b</b></b><b>c</b>", "abc", [("bold", "abc")]),
        ("<code>a<b>b</b></code>", "ab", [("code", "ab")]),
        ("<b></b>x", "x", []),
        ("&lt;b&gt; &amp;amp; &quot;", '<b> &amp; "', []),
        ("&#65;&#x1F4C8;&lt", "A📈<", []),
        ("&nbsp; & &;", "&nbsp; & &;", []),
        ("<b >x</b >", "x", [("bold", "x")]),
        ("<b>x</>", "x", [("bold", "x")]),
        ("<a>no address</a>", "no address", []),
        ("<a href=''>t.me/x</a>", "t.me/x", [("text_link", "t.me/x")]),
    ],
)
def test_parses_the_dialect(markup: str, text: str, entities: list[tuple[str, str]]) -> None:
    parsed = parse_html(markup)
    assert parsed.text == text
    assert shown(parsed) == entities


def test_a_link_keeps_its_address() -> None:
    (entity,) = parse_html('<a href="https://example.com/?a=1&amp;b=2">x</a>').entities
    assert entity["url"] == "https://example.com/?a=1&b=2"


def test_code_inside_pre_names_the_language() -> None:
    (entity,) = parse_html('<pre><code class="language-python">x = 1</code></pre>').entities
    assert entity == {"type": "pre", "offset": 0, "length": 5, "language": "python"}


@pytest.mark.parametrize(
    ("markup", "reason"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("é<br/>", 'Unsupported start tag "br/" at byte offset 2'),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b ", 'Empty attribute name in the tag "b" at byte offset 0'),
        ("a <b x=", "Unclosed start tag at byte offset 2"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b><i>x</b></i>",
            'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"',
        ),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a =x>y</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
    ],
)
def test_refuses_bad_markup_in_telegrams_words(markup: str, reason: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_html(markup)
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@given(PLAIN)
def test_escaped_text_comes_back_unchanged(text: str) -> None:
    parsed = parse_html(html.escape(text))
    assert parsed == FormattedText(text, ())


@dataclass(frozen=True)
class Piece:
    markup: str
    text: str


def _tagged(children: st.SearchStrategy[Piece]) -> st.SearchStrategy[Piece]:
    tags = st.sampled_from(["b", "i", "u", "s", "tg-spoiler", "code", "pre", "blockquote"])
    wrapped = st.builds(
        lambda tag, inner: Piece(f"<{tag}>{inner.markup}</{tag}>", inner.text), tags, children
    )
    joined = st.builds(
        lambda one, two: Piece(one.markup + two.markup, one.text + two.text), children, children
    )
    return wrapped | joined


PIECES = st.recursive(PLAIN.map(lambda text: Piece(html.escape(text), text)), _tagged)


@given(PIECES)
def test_well_formed_markup_gives_its_text_and_entities_within_it(piece: Piece) -> None:
    parsed = parse_html(piece.markup)
    assert parsed.text == piece.text
    for entity in parsed.entities:
        assert entity["length"] > 0
        assert entity["offset"] >= 0
        assert entity["offset"] + entity["length"] <= utf16_length(parsed.text)
    offsets = [(entity["offset"], -entity["length"]) for entity in parsed.entities]
    assert offsets == sorted(offsets)


@given(st.text(st.sampled_from("<>/ab=\"' &#;x1é📈"), max_size=40))
def test_any_markup_is_parsed_or_refused_never_worse(markup: str) -> None:
    try:
        parsed = parse_html(markup)
    except BadRequest as refused:
        assert refused.description.startswith("Bad Request: can't parse entities: ")  # noqa: PT017
    else:
        assert utf16_length(parsed.text) <= utf16_length(markup)
