"""How typed words are read: commands, portfolios' short names, allocations, amounts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.telegram.answers import explain
from bot.telegram.commands import MENU, all_commands, command_named
from bot.telegram.commands.allocation import (
    allocation_of,
    looks_like_allocation,
    read_allocation,
    scaled,
    with_rest_in_cash,
    write_allocation,
)
from bot.telegram.commands.amounts import read_amount
from bot.telegram.commands.command import Words, read_command
from bot.telegram.commands.policy import read_pairs
from bot.telegram.context import Misunderstood
from bot.telegram.html import plain
from bot.telegram.ready_made import READY_MADE, offered
from core.domain.ids import Symbol
from core.domain.refusals import (
    BadAssetClass,
    BadNumber,
    BadSymbol,
    BadWeight,
    CurrencyMismatch,
    DuplicateTarget,
    Refusal,
    TargetsDoNotSum,
)
from core.domain.targets import TargetLine


@pytest.mark.parametrize(
    ("text", "name", "addressee", "raw"),
    [
        ("/status", "status", None, ""),
        ("/Status@Evenkeel_bot  @family", "status", "Evenkeel_bot", "@family"),
        ("/targets VTI 60\nBND 40", "targets", None, "VTI 60\nBND 40"),
        ("  /new Holiday money ", "new", None, "Holiday money"),
    ],
)
def test_reads_a_command(text: str, name: str, addressee: str | None, raw: str) -> None:
    typed = read_command(text)
    assert typed is not None
    assert (typed.name, typed.addressee, typed.words.raw) == (name, addressee, raw)


@pytest.mark.parametrize("text", ["", "status", "/", "/a-b", "1/2", "/статус"])
def test_other_texts_are_no_commands(text: str) -> None:
    assert read_command(text) is None


def test_the_last_word_may_name_a_portfolio() -> None:
    words = Words("buy Force @Holiday-money")
    assert (words.slug, words.text) == ("holiday-money", "buy Force")
    assert words.flags == {"buy", "force"}
    assert Words("@a buy").slug is None
    assert Words("buy").text == "buy"
    assert Words("a@b.c").slug is None


@pytest.mark.parametrize(
    "text",
    [
        "VTI 60 BND 40",
        "vti 60 bnd 40",
        "VTI=60 BND=40",
        "VTI:60, BND:40",
        "VTI 60%, BND 40 %",
        "VTI 60,BND 40",
        "VTI 60\nBND 40\n",
        "VTI 60; BND 40",
        "60% VTI, 40% BND",
        "60 VTI 40 BND",
        "VTI 60.0 BND 40.00",
    ],
)
def test_reads_an_allocation_however_it_is_written(text: str) -> None:
    assert looks_like_allocation(text)
    assert allocation_of(read_allocation(text)).weights == {"VTI": 60, "BND": 40}


def test_reads_substitutes() -> None:
    first, second = read_allocation("VTI|ITOT|SCHB 60 BND 40")
    assert first == TargetLine(
        Symbol("VTI"), Decimal(60), substitutes=(Symbol("ITOT"), Symbol("SCHB"))
    )
    assert second.substitutes == ()
    assert write_allocation((first, second)) == "VTI|ITOT|SCHB 60 BND 40"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("VTI 60,5 BND 39,5", BadNumber("VTI", "60,5", "a percentage such as 60", "60.5")),
        ("VTI ٦٠ BND 40", BadNumber("VTI", "٦٠", "a percentage such as 60")),
        ("VTI 1e2", BadNumber("VTI", "1e2", "a percentage such as 60")),
        ("VTI BND 40", BadNumber("VTI", "BND", "a percentage such as 60")),
        ("<b> 60", BadSymbol("<b>")),
        ("'; DROP 60", BadSymbol("'")),
        ("../../x 60", BadSymbol("../../x")),
        ("=cmd() 60", BadSymbol("cmd()")),
    ],
)
def test_refuses_what_is_no_allocation(text: str, refusal: Refusal) -> None:
    with pytest.raises(type(refusal)) as caught:
        read_allocation(text)
    assert vars(caught.value) == vars(refusal)


@pytest.mark.fault(57)
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("VTI -5 BND 105", BadWeight),
        ("VTI 60 VTI 40", DuplicateTarget),
        ("VTI 60 BND 39.99", TargetsDoNotSum),
        ("VTI 60 BND 40.01", TargetsDoNotSum),
    ],
)
def test_refuses_weights_that_make_no_allocation(text: str, kind: type[Refusal]) -> None:
    with pytest.raises(kind):
        allocation_of(read_allocation(text))


@pytest.mark.parametrize("text", ["VTI", "VTI 60 BND", "VTI 60 BND 40 CASH"])
def test_a_symbol_needs_a_percentage(text: str) -> None:
    with pytest.raises(Misunderstood, match="no percentage"):
        read_allocation(text)


def test_reads_asset_classes_and_keeps_them() -> None:
    first, second = read_allocation("VTI|ITOT#Stocks_US 60 BND#bonds 30")
    assert (first.asset_class, second.asset_class) == ("stocks_us", "bonds")
    assert first.substitutes == (Symbol("ITOT"),)
    completed = with_rest_in_cash((first, second))
    assert write_allocation(completed) == "VTI|ITOT#stocks_us 60 BND#bonds 30 CASH 10"
    with pytest.raises(BadAssetClass):
        read_allocation("VTI#b0nds 60")


def test_completes_weights_and_keeps_their_substitutes() -> None:
    lines = read_allocation("VTI|ITOT 60 BND 30")
    assert write_allocation(with_rest_in_cash(lines)) == "VTI|ITOT 60 BND 30 CASH 10"
    assert write_allocation(scaled(lines)) == "VTI|ITOT 66.67 BND 33.33"


symbols = st.from_regex(r"[A-Z][A-Z0-9.\-]{0,11}", fullmatch=True)
weights = st.decimals(min_value=0, max_value=100, places=2)


@given(st.lists(st.tuples(symbols, weights), min_size=1, max_size=50))
def test_what_is_written_reads_the_same_again(pairs: list[tuple[str, Decimal]]) -> None:
    lines = tuple(TargetLine(Symbol(symbol), weight) for symbol, weight in pairs)
    assert read_allocation(write_allocation(lines)) == lines


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    wrong: Refusal | Misunderstood | None = None
    try:
        read_allocation(text)
    except (Refusal, Misunderstood) as refusal:
        wrong = refusal
    assert wrong is None or plain(explain(wrong).text)


@pytest.mark.parametrize(
    ("text", "amount"),
    [("500", "500"), ("$500", "500"), ("500 USD", "500"), ("500$", "500"), ("12.50 usd", "12.50")],
)
def test_reads_an_amount(text: str, amount: str) -> None:
    assert read_amount(text.split(), "USD", "/deposit 500") == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", Misunderstood),
        ("500 600 700", Misunderstood),
        ("500 EUR", CurrencyMismatch),
        ("€500", CurrencyMismatch),
        ("1,000", BadNumber),
        ("5e3", BadNumber),
        ("$", BadNumber),
    ],
)
def test_refuses_what_is_no_amount(text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read_amount(text.split(), "USD", "/deposit 500")


def test_reads_pairs_of_a_policy() -> None:
    assert read_pairs("band 5, relative=25") == [("band", "5"), ("relative", "25")]
    with pytest.raises(Misunderstood, match="stands alone"):
        read_pairs("band 5 relative")


def test_a_refused_number_comes_with_the_whole_text_corrected() -> None:
    typed = "/targets VTI 60,5 BND 39,5"
    with pytest.raises(BadNumber) as caught:
        read_allocation("VTI 60,5 BND 39,5")
    screen = explain(caught.value, command_named("targets"), typed)
    assert "Try: /targets VTI 60.5 BND 39.5" in plain(screen.text)


def test_a_refused_word_comes_with_an_example() -> None:
    screen = explain(BadSymbol("<b>"), command_named("targets"), "/targets <b> 60")
    assert "For example: /targets VTI 60 BND 40" in plain(screen.text)
    assert "&lt;b&gt;" in screen.text


def test_every_command_of_the_menu_is_there_and_comes_first() -> None:
    assert tuple(command.name for command in all_commands()[: len(MENU)]) == MENU


def test_the_commands_are_those_that_are_promised() -> None:
    promised = (
        "start status rebalance targets policy deposit withdraw proposals history orders portfolio performance new "
        "accounts holdings members invite alerts rules harvest tax log export leave pause resume help "
        "whoami settings cancel changes approval why"
    )
    assert {command.name for command in all_commands()} == set(promised.split())


def test_every_example_is_of_its_own_command() -> None:
    for command in all_commands():
        typed = read_command(command.example)
        assert typed is not None
        assert typed.name == command.name


def test_ready_made_allocations_sum_to_a_hundred() -> None:
    for ready in READY_MADE:
        lines = allocation_of(read_allocation(ready.weights)).lines
        assert sum(line.weight for line in lines) == 100


def test_offers_what_the_price_source_knows_and_what_drifts_first() -> None:
    assert [ready.weights for _, ready in offered(frozenset({"QUAL", "USMV"}))] == [
        "QUAL 30 USMV 30 CASH 40"
    ]
    open_list = [ready.weights for _, ready in offered(None)]
    assert open_list[0] == "VTI 60 BND 40"
    assert offered(frozenset()) == ()
