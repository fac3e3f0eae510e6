"""Holdings and fills as people type them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.commands.book_lines import read_fill, read_lines, read_price
from bot.telegram.context import Misunderstood
from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.refusals import BadNumber, BadSymbol, Refusal, UnreadableFile

VTI, BND = Symbol("VTI"), Symbol("BND")
TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("text", "lot"),
    [
        ("VTI 112", Lot(VTI, Decimal(112))),
        ("vti 112.5 @ 250.10", Lot(VTI, Decimal("112.5"), Decimal("250.10"))),
        (
            "VTI 112 @ $250.10 2024-03-01",
            Lot(VTI, Decimal(112), Decimal("250.10"), date(2024, 3, 1)),
        ),
        ("VTI 112 @250", Lot(VTI, Decimal(112), Decimal(250))),
        ("VTI 112@250", Lot(VTI, Decimal(112), Decimal(250))),
        ("VTI 112 2024-03-01", Lot(VTI, Decimal(112), None, date(2024, 3, 1))),
    ],
)
def test_one_line_is_one_lot(text: str, lot: Lot) -> None:
    change = read_lines(text, TODAY)
    assert dict(change.lots) == {VTI: (lot,)}
    assert (change.cash, change.replaces_all) == (None, False)


def test_several_lines_go_into_one_message_and_lots_stay_apart() -> None:
    change = read_lines("VTI 4 @ 80\n\nVTI 3; BND 0\ncash $1520.35", TODAY)
    assert change.positions == {VTI: 7, BND: 0}
    assert change.lots[BND] == ()
    assert change.cash == Decimal("1520.35")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (" ; ", Misunderstood),
        ("VTI", Misunderstood),
        ("VTI one hundred shares", Misunderstood),
        ("VTI lots", BadNumber),
        ("VTI -1", BadNumber),
        ("VTI 1e3", BadNumber),
        ("VTI 1 @ free", BadNumber),
        ("VTI 1 @ -2", BadNumber),
        ("VTI 1 @ 2 2024-13-01", BadNumber),
        ("VTI 1 2026-03-11", BadNumber),
        ("VTI 1 1900-01-01", BadNumber),
        ("ЯNDX 1", BadSymbol),
        ("CASH -1", BadNumber),
        ("CASH 1.005", BadNumber),
        ("CASH 5 @ 1", Misunderstood),
    ],
)
def test_a_bad_line_says_what_is_wrong(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_lines(text, TODAY)


def test_bad_lines_among_several_are_named_and_nothing_is_kept() -> None:
    with pytest.raises(UnreadableFile) as caught:
        read_lines("VTI 5\nBND x\n\nCASH", TODAY)
    assert [fault[:7] for fault in caught.value.faults] == ["Line 2:", "Line 3:"]


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for read in (lambda: read_lines(text, TODAY), lambda: read_fill(text)):
        try:
            read()
        except (Refusal, Misunderstood):
            continue


@pytest.mark.parametrize("text", ["10 @ 251.30", "10@251.30", "10 at $251.30", " 10  @251.30 "])
def test_a_fill_is_shares_and_a_price(text: str) -> None:
    assert read_fill(text) == (Decimal(10), Decimal("251.30"))


@pytest.mark.parametrize("text", ["10", "10 251.30", "@ 5", "0 @ 5", "5 @ 0", "a @ 5", "5 @ x", ""])
def test_what_is_no_fill_is_refused(text: str) -> None:
    with pytest.raises((BadNumber, Misunderstood)):
        read_fill(text)


@pytest.mark.parametrize(
    ("items", "read"),
    [
        (["vtsax", "$118.20"], ("VTSAX", Decimal("118.20"), None)),
        (["VTSAX", "118.20", "like", "vti"], ("VTSAX", Decimal("118.20"), "VTI")),
        (["VTSAX", "118.20", "LIKE", "VTI"], ("VTSAX", Decimal("118.20"), "VTI")),
    ],
)
def test_a_price_may_name_what_it_moves_with(
    items: list[str], read: tuple[str, Decimal, str | None]
) -> None:
    assert read_price(items) == read


@pytest.mark.parametrize(
    "words", ["", "FUND", "FUND 12 like", "FUND 12 as VTI", "FUND 12 like VTI BND", "FUND 12 VTI"]
)
def test_other_words_about_a_price_are_answered_with_what_works(words: str) -> None:
    with pytest.raises(Misunderstood):
        read_price(words.split())
