from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.instrument import nearest_symbols, parse_symbol
from core.domain.refusals import BadSymbol


@pytest.mark.parametrize(
    ("text", "symbol"), [("vti", "VTI"), (" brk.b ", "BRK.B"), ("BF-A", "BF-A"), ("0700", "0700")]
)
def test_reads_symbols_in_any_case(text: str, symbol: str) -> None:
    assert parse_symbol(text) == symbol


@pytest.mark.fault(56)
@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "<b>",
        "'; DROP",
        "../../x",
        "=cmd()",
        "^TNX",
        "A" * 13,
        "VT I",
        "\uff36\uff34\uff29",
        "VTI\u202e",
        "ß",
        ".A",
    ],
)
def test_refuses_what_cannot_be_a_symbol(text: str) -> None:
    with pytest.raises(BadSymbol):
        parse_symbol(text)


@pytest.mark.fault(56)
@given(st.text(max_size=20))
def test_any_text_is_canonical_or_refused(text: str) -> None:
    try:
        symbol = parse_symbol(text)
    except BadSymbol:
        return
    assert re.fullmatch(r"[A-Z0-9][A-Z0-9.\-]{0,11}", symbol, re.ASCII)
    assert parse_symbol(symbol) == symbol


def test_offers_symbols_that_look_alike() -> None:
    assert nearest_symbols("VIT", ["VTI", "BND", "VT"])[0] in {"VTI", "VT"}
    assert nearest_symbols("QQQQ", ["VTI"]) == ()
